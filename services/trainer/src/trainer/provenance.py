"""The provenance of a version: fingerprints of its data, code and settings, and the library versions."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trainer.segments.descriptions import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.repository import Store
    from trainer.segments.descriptions import Description
    from trainer.settings import Settings

LIBRARIES: Final = ("scikit-learn", "numpy", "scipy", "pandas", "joblib", "pymongo")


def run_origin(
    store: Store, settings: Settings, descriptions: Sequence[Description], horizon_days: int
) -> dict[str, Any]:
    """Return the manifest's entries that decide the result; two runs with equal ones make equal models."""
    return {
        "data_fingerprint": store.fingerprint(),
        "code_fingerprint": code_fingerprint(),
        "settings_fingerprint": f"{fingerprint(descriptions)} {settings.threshold!r} {settings.currency}",
        "horizon_days": horizon_days,
    }


def code_fingerprint() -> str:
    """Return a hash of the trainer's and the library's sources: other code may make another model."""
    digest = hashlib.sha256()
    for package in ("retention", "trainer"):
        folder = Path(str(files(package)))
        for source in sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".yaml"}):
            digest.update(source.relative_to(folder).as_posix().encode() + source.read_bytes())
    return digest.hexdigest()


def library_versions() -> dict[str, str]:
    """Return the versions that wrote the joblib files and are needed to load them."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}

"""What a person does with the versions: look at them, promote one, go back. Needs no database and no scikit-learn."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from retention.errors import BundleRefusedError, CannotWriteError, NoChampionError, NoInputError
from retention.registry.bundle import read_bundle, read_signing_key
from retention.registry.versions import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from trainer.settings import Settings

_HEADINGS: Final = ("VERSION", "CREATED", "GRADE", "ROC-AUC", "")


@dataclass(frozen=True)
class Listed:
    """One version as `list` shows it; of an unsound one nothing is believed, so nothing but the reason is known."""

    version: str
    champion: bool
    created_at: str | None = None  # RFC 3339
    grade: str | None = None
    roc_auc: dict[str, float] | None = None  # value, low, high
    refused: str | None = None  # why it is not sound

    def to_json(self) -> dict[str, Any]:
        """Return it as `list --json` prints it."""
        return asdict(self)


def listed(settings: Settings) -> list[Listed]:
    """Return the versions, newest first, the unsound and a champion that is missing among them."""
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    try:
        champion = {registry.champion()}
    except NoChampionError:
        champion = set()
    versions = sorted({*registry.versions(), *champion}, reverse=True)
    return [_listed(registry, version, key, champion=version in champion) for version in versions]


def table(versions: Sequence[Listed]) -> list[str]:
    """Return the versions as aligned lines of text under a heading; the champion has a star."""
    if not versions:
        return ["no versions yet: 'python -m trainer train' makes one"]
    rows = [("", *_HEADINGS), *(("*" if one.champion else "", *_cells(one)) for one in versions)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def promote(settings: Settings, version: str, *, at: datetime, reason: str) -> str:
    """Make `version` the champion, and return what to say; raises when it is unknown or not sound."""
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    before = registry.promote_by_hand(version, key=key, at=at, reason=_by_hand("promoted by hand", reason))
    return f"champion     {version}" + ("" if version != before else " (it is the champion already: nothing to do)")


def rollback(settings: Settings, *, at: datetime, reason: str) -> str:
    """Make the champion before this one the champion again, and return what to say."""
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    return f"champion     {registry.rollback(key=key, at=at, reason=_by_hand('by hand', reason))} (rolled back)"


def report(settings: Settings, version: str | None) -> Path:
    """Return the page of `version`, of the champion when it is None; raises when it is unknown or not sound."""
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    version = version or registry.champion()
    if version not in registry.versions():
        raise NoInputError(f"there is no version {version!r}: see 'python -m trainer list'")
    read_bundle(registry.folder(version), key)
    page = registry.folder(version) / "report.html"
    if not page.exists():
        raise NoInputError(f"version {version} has no report")
    return page


def copy_report(page: Path, target: Path) -> str:
    """Copy the page to `target`, and return what to say."""
    try:
        target.write_bytes(page.read_bytes())
    except OSError as error:
        raise CannotWriteError(f"cannot write {target}: {error.strerror}") from error
    return f"report       {target}"


def _by_hand(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what


def _listed(registry: Registry, version: str, key: bytes, *, champion: bool) -> Listed:
    try:
        manifest = read_bundle(registry.folder(version), key).manifest
    except BundleRefusedError as error:
        return Listed(version, champion, refused=str(error).removeprefix(f"{version}: "))
    return Listed(
        version,
        champion,
        created_at=manifest.get("created_at"),
        grade=(manifest.get("grade") or {}).get("grade"),
        roc_auc=manifest.get("metrics", {}).get("roc_auc"),
    )


def _cells(one: Listed) -> tuple[str, str, str, str, str]:
    auc = "{value:.3f} ({low:.3f} to {high:.3f})".format(**one.roc_auc) if one.roc_auc else "-"
    state = "champion" if one.champion else ""
    if one.refused:
        state = f"{state} UNSOUND: {one.refused}".lstrip()
    return one.version, one.created_at or "-", one.grade or "-", auc, state

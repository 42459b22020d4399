"""Bundles that must never answer: corrupt, forged, foreign. Each is written whole, and then made what it is."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from bundles import KEY, small_bundle

from retention.registry.bundle import MANIFEST, SIGNATURE, _sign, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

OTHER_KEY: Final = b"a key that somebody else made up."
_FORMULA: Final = "churn.json"


def flipped_bit(folder: Path, random: Random) -> None:
    """Change one bit of one file."""
    path = random.choice(sorted(folder.iterdir()))
    content = bytearray(path.read_bytes())
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def truncated(folder: Path, random: Random) -> None:
    """Cut one file."""
    path = random.choice(sorted(folder.iterdir()))
    content = path.read_bytes()
    path.write_bytes(content[: random.randrange(len(content))])


def missing(folder: Path, random: Random) -> None:
    """Leave one file out."""
    random.choice(sorted(folder.iterdir())).unlink()


def extra(folder: Path, random: Random) -> None:
    """Add a file that nobody published."""
    (folder / "churn.joblib").write_bytes(random.randbytes(99))


def rehashed(folder: Path, random: Random) -> None:
    """Change the formula and make every hash right again; only the signature cannot be."""
    _change_formula(folder, random)
    _rewrite(folder, {}, signed_with=None)


def of_another_key(folder: Path, random: Random) -> None:
    """Do the same and sign it, with a key of one's own."""
    _change_formula(folder, random)
    _rewrite(folder, {}, signed_with=OTHER_KEY)


def unsigned(folder: Path, random: Random) -> None:
    """Do the same without a signature."""
    _change_formula(folder, random)
    _rewrite(folder, {}, signed_with=None)
    (folder / SIGNATURE).unlink()


def of_another_schema(folder: Path, _: Random) -> None:
    """Say, and sign, that it is of a build to come."""
    _rewrite(folder, {"schema_version": 3})


def of_other_features(folder: Path, _: Random) -> None:
    """Sign a formula whose features are in another order than the manifest's."""
    _rewrite(folder, {"features": ["Recency", "Frequency", "distinct_products"]})


def of_other_arithmetic(folder: Path, random: Random) -> None:
    """Sign a formula that does not give its golden predictions."""
    _change_formula(folder, random)
    _rewrite(folder, {})


def under_another_name(folder: Path, _: Random) -> None:
    """Put a sound version under the name of this one."""
    other = folder.with_name("20000101T000000Z-0000000")
    small_bundle(other, base_log_odds=-1.5)
    shutil.rmtree(folder)
    other.rename(folder)


KINDS: Final[tuple[Callable[[Path, Random], None], ...]] = (
    flipped_bit, rehashed, of_another_schema, truncated, of_another_key, of_other_features, missing, unsigned,
    under_another_name, extra, of_other_arithmetic,
)  # fmt: skip


def _change_formula(folder: Path, random: Random) -> None:
    content = json.loads((folder / _FORMULA).read_bytes())
    content["by_id"]["several_orders"]["base_log_odds"] += 1 + random.random()
    (folder / _FORMULA).write_bytes(to_bytes(content))


def _rewrite(folder: Path, said: dict[str, Any], *, signed_with: bytes | None = KEY) -> None:
    """Make the manifest's hashes right, and say other things in it; sign it, unless with None."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    manifest["sha256"] = {name: sha256((folder / name).read_bytes()).hexdigest() for name in manifest["sha256"]}
    content = to_bytes(manifest | said)
    (folder / MANIFEST).write_bytes(content)
    if signed_with is not None:
        (folder / SIGNATURE).write_bytes(_sign(content, signed_with))

"""A trainer that only publishes, one version after the other until it is killed: `python -m drills.publishing`."""

from __future__ import annotations

import argparse
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from bundles import KEY, small_bundle

from retention.registry.bundle import MANIFEST, REFERENCE, SIGNATURE, to_bytes, write_bundle
from retention.registry.versions import Registry

AT: Final = datetime(2027, 1, 1, tzinfo=UTC)
CUSTOMERS: Final = (100, 101)  # of even versions and of odd ones: which is which can be told from the numbers
# What analysts and people look at: the API reads none of it, and has to hash all of it.
LARGE_FILES: Final = {"report.html": 1_500_000, "churn.joblib": 300_000, "segments.joblib": 200_000, "MODEL_CARD.md": 9}
_ROLLBACKS: Final = 0.3  # of all publications


class Content(NamedTuple):
    """What goes into a folder, for every version of one parity."""

    manifest: dict[str, Any]
    files: dict[str, bytes]


def version_of(number: int) -> str:
    """Return the name of the n-th version."""
    return f"20270101T{number:06d}Z-0000000"


def number_of(version: str) -> int:
    """Return which version it is."""
    return int(version[9:15])


def prepare(folder: Path) -> None:
    """Write the small part of both contents where `contents` finds it."""
    small_bundle(folder)


def contents(folder: Path) -> tuple[Content, Content]:
    """Return both contents, of 2 MB, as a report with its plots makes them."""
    return _content(folder, 0), _content(folder, 1)


def publish_next(registry: Registry, both: tuple[Content, Content], *, rollback: bool = False) -> None:
    """Publish the next version, promote it, perhaps go back at once, and delete what is superfluous."""
    number = max(map(number_of, registry.versions()), default=-1) + 1
    version, content = version_of(number), both[number % 2]
    registry.publish(version, lambda folder: _write(folder, version, content))
    registry.promote(version, at=AT, reason="the next")
    if rollback:
        registry.rollback(key=KEY, at=AT, reason="a drill")
    registry.prune(key=KEY)


def overwrite(registry: Registry, both: tuple[Content, Content], turn: int) -> None:
    """Write what a trainer would write that knows no temporary folder: over the champion."""
    version = registry.champion()
    _write(registry.folder(version), version, both[turn % 2])


def _content(folder: Path, parity: int) -> Content:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = json.loads(files.pop(MANIFEST))
    del files[SIGNATURE], manifest["sha256"]
    files[REFERENCE] = to_bytes(json.loads(files[REFERENCE]) | {"customers": CUSTOMERS[parity]})
    randomly = random.Random(parity)  # noqa: S311 - any bytes
    return Content(manifest, files | {name: randomly.randbytes(size) for name, size in LARGE_FILES.items()})


def _write(folder: Path, version: str, content: Content) -> None:
    write_bundle(folder, {**content.manifest, "version": version}, content.files, KEY)


def main() -> None:
    """Publish for ever; a line on standard output says that one has begun."""
    parser = argparse.ArgumentParser()
    parser.add_argument("models_dir", type=Path)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("--in-place", action="store_true")
    options = parser.parse_args()
    registry, both, turn = Registry(options.models_dir), contents(options.prepared), 0
    with registry.training_lock():
        while True:
            print(turn, flush=True)  # noqa: T201 - a command line prints
            if options.in_place:
                overwrite(registry, both, turn)
            else:
                publish_next(registry, both, rollback=random.random() < _ROLLBACKS)  # noqa: S311
            turn += 1


if __name__ == "__main__":
    main()

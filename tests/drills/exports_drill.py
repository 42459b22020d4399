"""Shops with known orders, exported by every system, loaded in every way: every figure the truth, every row counted."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pymongo
from exports.loaded import run

from embedded_mongod import embedded_mongod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DATABASE: Final = "exports_drill"
_EVERY: Final = 50  # runs between two lines of progress


@dataclass
class Tally:
    """What came of the runs so far."""

    runs: int = 0
    loads: int = 0
    kinds: Counter[str] = field(default_factory=Counter)  # runs by format and story
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return one line for a person."""
        return (
            f"{self.runs:,} shops of {len(self.kinds)} kinds of format and story, {self.loads:,} loads: "
            f"{len(self.faults)} faults"
        )


def drill(folder: Path, *, runs: int, seed: int, say: Callable[[str], object]) -> Tally:
    """Load so many shops, one after the other, and check each after every load."""
    tally = Tally()
    with embedded_mongod(folder / "mongo") as mongod, _environment(mongod.uri), _client(mongod.uri) as client:
        for each in range(seed, seed + runs):
            _one(client[_DATABASE], each, tally)
            if tally.runs % _EVERY == 0:
                say(str(tally))
    return tally


def _one(database: Any, seed: int, tally: Tally) -> None:
    tally.runs += 1
    with tempfile.TemporaryDirectory() as folder:
        try:
            ran = run(database, Path(folder), seed)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is a fault of this shop
            tally.faults.append("\n".join([f"{type(error).__name__}: {error}", *error.__notes__]))
            return
    tally.kinds[ran.kind] += 1
    tally.loads += ran.loads


@contextmanager
def _environment(uri: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ |= {
        "MONGO_URI": uri,
        "DB_NAME": _DATABASE,
        "IDENTITY_KEY": "a key that this drill alone has, it is long",
    }
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _client(uri: str) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    with pymongo.MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        yield client

"""`kill -9` of a trainer while it publishes and promotes, beside a reader: every read is one version, whole.

The trainer publishes without a pause, so every kill falls into some step: what it left tells into which. A bundle has
2 MB; a few of the moves are rollbacks, and superfluous versions are deleted.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from drills.publishing import contents, prepare, publish_next
from drills.reading import Reads
from drills.seeding import running

from retention.registry.champion_log import VERSION, moves
from retention.registry.versions import KEPT, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TESTS: Final = Path(__file__).resolve().parent.parent


@dataclass
class Tally:
    """What came of the kills so far."""

    kills: int = 0
    found: Counter[str] = field(default_factory=Counter)  # what they left behind
    after_kills: Reads = field(default_factory=Reads)
    reader: Reads = field(default_factory=Reads)
    faults: list[str] = field(default_factory=list)

    @property
    def torn(self) -> int:
        """How often a reader, or whoever came after a kill, found the champion in pieces."""
        return self.reader.torn + self.after_kills.torn

    @property
    def unreadable(self) -> int:
        """How often a reader, or whoever came after a kill, found no champion."""
        return self.reader.unreadable + self.after_kills.unreadable

    def __str__(self) -> str:
        """Return one line for a person."""
        left = ", ".join(f"{words} {count}" for words, count in self.found.most_common())
        return (
            f"{self.kills} kills ({left}); {self.reader.good:,} good reads of {self.reader.versions} versions beside "
            f"them, {self.reader.overtaken} overtaken; {self.torn} torn, {self.unreadable} unreadable, "
            f"{len(self.faults)} faults"
        )


def drill(
    folder: Path, *, kills: int, seed: int, in_place: bool = False, say: Callable[[str], object] = lambda _: None
) -> Tally:
    """Kill so many times; `in_place` has no temporary folder and no rename, and must be seen to tear."""
    randomly, tally = random.Random(seed), Tally()  # noqa: S311 - where to kill
    registry, prepared = Registry(folder / "models"), folder / "prepared"
    prepare(prepared)
    both = contents(prepared)
    publish_next(registry, both)
    with _reader(registry, tally):
        while tally.kills < kills:
            _kill(registry, prepared, randomly.random(), tally, in_place=in_place)
            if tally.kills % 50 == 0:
                say(f"{tally.kills} kills, {tally.after_kills.good} of the champions found whole after one")
    if not in_place:
        publish_next(registry, both)
        tally.faults += untidy(registry)
    return tally


def _kill(registry: Registry, prepared: Path, after: float, tally: Tally, *, in_place: bool) -> None:
    """Let the trainer publish once, to see how long it takes now, and kill it `after` that share of the next time."""
    more = ["--in-place"] if in_place else []
    victim = _start("drills.publishing", str(registry.versions_dir.parent), str(prepared), *more)
    with running(victim):
        _wait_for_line(victim)
        started = time.monotonic()
        _wait_for_line(victim)
        time.sleep(after * (time.monotonic() - started))
        if victim.poll() is not None:
            tally.faults.append(f"the trainer ended by itself, with {victim.returncode}")
    tally.kills += 1
    tally.found[_left_behind(registry)] += 1
    tally.after_kills.read(registry)


def _left_behind(registry: Registry) -> str:
    """Say what the kill interrupted, by what it left."""
    logged, champion = moves(registry.live_dir / "champion.log"), registry.champion()
    temporary = [path.name.removeprefix(".tmp-") for path in registry.versions_dir.glob(".tmp-*")]
    if temporary:
        return "deleting" if VERSION.fullmatch(temporary[0]) else "writing"
    if logged[-1].version != champion or (registry.live_dir / ".champion.new").exists():
        return "moving"
    return "published" if logged[-1].version < registry.versions()[-1] else "promoted"


def untidy(registry: Registry) -> list[str]:
    """Return what is wrong when all is over: rests, too many versions, a log with a gap or another end."""
    logged, versions = moves(registry.live_dir / "champion.log"), registry.versions()
    gaps = [after.line() for before, after in pairwise(logged) if after.before != before.version]
    wrong = {
        "a temporary folder is left": any(registry.versions_dir.glob(".tmp-*")),
        f"{len(versions)} versions are kept": len(versions) > KEPT + 2,
        f"the log has gaps: {gaps}": bool(gaps),
        "the log does not end at the champion": logged[-1].version != registry.champion(),
    }
    return [words for words, is_so in wrong.items() if is_so]


@contextmanager
def _reader(registry: Registry, tally: Tally) -> Iterator[None]:
    process = _start("drills.reading", str(registry.versions_dir.parent))
    with running(process):
        _wait_for_line(process)
        yield
        process.terminate()
        out, _ = process.communicate(timeout=60)
        tally.reader = Reads(**json.loads(out))
        tally.faults += [f"a reader: {tally.reader.first_fault}"] * bool(tally.reader.first_fault)
        tally.faults += [f"after a kill: {tally.after_kills.first_fault}"] * bool(tally.after_kills.first_fault)


def _start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=_TESTS, stdout=subprocess.PIPE)


def _wait_for_line(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout
    if not process.stdout.readline():
        raise RuntimeError(f"{process.args!r} ended with {process.wait()} before it began")

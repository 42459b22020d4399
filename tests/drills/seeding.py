"""The seeder as a process of its own, and what it has done so far."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from drills.two_exports import write_exports

from seeder.sources.synthetic import write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHANGED = str(Path(__file__).with_name("seeder_with.py"))
_WAIT_S = "60"
_IDENTITY_KEY = "k" * 64  # the same for every run: a person keeps the number


class Input(NamedTuple):
    """The file to load, how many rows go into one chunk, and the file whose orders it replaces, if there is one."""

    file: Path
    rows: int
    chunk_rows: int
    before: Path | None = None

    @property
    def arguments(self) -> list[str]:
        """Return the words of the command line."""
        return self._load(self.file)

    @property
    def arguments_before(self) -> list[str] | None:
        """Return the words of the command line that comes first, undisturbed."""
        return None if self.before is None else self._load(self.before)

    def _load(self, file: Path) -> list[str]:
        return ["load", str(file), "--chunk-rows", str(self.chunk_rows), *(["--yes"] if self.before else [])]

    @property
    def its_lines(self) -> dict[str, Any]:
        """The filter for the lines that this load brings: the one before has the number 1."""
        return {"Load": {"$gt": 1}} if self.before else {}


def invented_input(folder: Path, rows: int, chunk_rows: int) -> Input:
    """Write an invented shop, some of whose rows cannot be understood."""
    file = folder / f"invented_{rows}.csv"
    write_csv(file, rows, seed=1)
    return Input(file, rows, chunk_rows)


def replacing_input(folder: Path, rows: int, chunk_rows: int) -> Input:
    """Write two exports of whole orders; most orders of the first come again in the second, many of them changed."""
    before, file, count = write_exports(folder, rows, seed=1)
    return Input(file, count, chunk_rows, before)


def start_seeder(
    uri: str,
    db_name: str,
    arguments: Sequence[str],
    *,
    constants: Sequence[str] = (),
    environ: dict[str, str] | None = None,
    stdout: IO[bytes] | int = subprocess.DEVNULL,
    stderr: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """Start it; with `constants`, those of seeder_with.py."""
    program = [_CHANGED, *constants, "--"] if constants else ["-m", "seeder"]
    ours = {"MONGO_URI": uri, "DB_NAME": db_name, "MONGO_WAIT_S": _WAIT_S, "IDENTITY_KEY": _IDENTITY_KEY}
    command = [sys.executable, *program, *arguments]
    return subprocess.Popen(command, env=os.environ | ours | (environ or {}), stdout=stdout, stderr=stderr)


@contextmanager
def running(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Have it gone at the end, whatever happens."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()

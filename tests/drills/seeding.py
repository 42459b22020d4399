"""The seeder as a process of its own, and what it has done so far."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from seeder.sources.synthetic import write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHANGED = str(Path(__file__).with_name("seeder_with.py"))
_WAIT_S = "60"


class Input(NamedTuple):
    """The file to load, and how many rows go into one chunk."""

    file: Path
    rows: int
    chunk_rows: int

    @property
    def arguments(self) -> list[str]:
        """Return the words of the command line."""
        return ["load", str(self.file), "--chunk-rows", str(self.chunk_rows)]


def invented_input(folder: Path, rows: int, chunk_rows: int) -> Input:
    """Write an invented shop, some of whose rows cannot be understood."""
    file = folder / f"invented_{rows}.csv"
    write_csv(file, rows, seed=1)
    return Input(file, rows, chunk_rows)


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
    ours = {"MONGO_URI": uri, "DB_NAME": db_name, "MONGO_WAIT_S": _WAIT_S}
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

"""The standard input, copied to a temporary file: an input is read twice, first to scan it, then to load it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from retention.errors import NoInputError, RetentionError
from seeder.sources.temporary_files import temporary_file, write_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_INPUT: Final = Path("-")  # as it is named on the command line
_BLOCK: Final = 1 << 20


class TerminalError(RetentionError):
    """The standard input is a terminal: the command line is incomplete."""

    exit_code = 2


@contextmanager
def copied(stream: IO[bytes] | None) -> Iterator[Path]:
    """Copy the stream to a temporary file and give its path. An empty stream gives an empty file.

    Raises TerminalError when the stream is a terminal, NoInputError when it is closed (None) or cannot be read, and
    CannotWriteError when there is no room.
    """
    if stream is None:
        raise NoInputError("standard input is closed: pipe a file into 'load -', or name a file")
    if stream.isatty():
        raise TerminalError("standard input is a terminal: pipe a file into 'load -', or name a file")
    with temporary_file() as path:
        write_blocks(iter(partial(_read, stream), b""), path)
        yield path


def _read(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(_BLOCK)
    except OSError as error:
        raise NoInputError(f"standard input cannot be read: {error.strerror}") from None

"""Temporary files without a name: gone with the process, also after `kill -9`."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from retention.errors import CannotWriteError, NoInputError, RetentionError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK: Final = 1 << 20
STANDARD_INPUT: Final = Path("-")


class TerminalError(RetentionError):
    """The standard input is a person, and no file."""

    exit_code = 2


@contextmanager
def temporary_file() -> Iterator[Path]:
    """Give the path of an empty file that can be opened as often as needed, until the end of the context.

    Raises CannotWriteError when there is no directory for it.
    """
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - only its making may raise what is caught here
    except OSError as error:
        raise _cannot_write(error) from None
    with file:
        # Linux opens the file anew by this name, at its beginning, although it has no other name any more.
        yield Path(f"/proc/self/fd/{file.fileno()}")


@contextmanager
def spooled(stream: IO[bytes] | None) -> Iterator[Path]:
    """Copy a stream to a temporary file, for what is read twice: looked through, then loaded.

    Raises TerminalError when the stream is a terminal, NoInputError when it is closed or cannot be read, and
    CannotWriteError when there is no room. An empty stream is an empty file.
    """
    if stream is None:
        raise NoInputError("the standard input is closed: say 'load -' behind a pipe, or name a file")
    if stream.isatty():
        raise TerminalError("the standard input is a terminal: say 'load -' behind a pipe, or name a file")
    with temporary_file() as path:
        _copy(stream, path)
        yield path


def _copy(stream: IO[bytes], path: Path) -> None:
    try:
        with path.open("wb", buffering=0) as file:
            while block := _read(stream):
                file.write(block)
    except OSError as error:
        raise _cannot_write(error) from None


def _read(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(_BLOCK)
    except OSError as error:
        raise NoInputError(f"the standard input cannot be read: {error.strerror}") from None


def _cannot_write(error: OSError) -> CannotWriteError:
    directory = tempfile.tempdir or "the temporary directory"
    return CannotWriteError(f"{directory}: {error.strerror}: set TMPDIR to a directory with room")

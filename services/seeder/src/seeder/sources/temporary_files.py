"""Temporary files without a name: they disappear with the process, even after `kill -9`."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from retention.errors import CannotWriteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@contextmanager
def temporary_file() -> Iterator[Path]:
    """Give the path of an empty file, which can be opened any number of times until the context ends.

    Raises CannotWriteError when it cannot be created.
    """
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - only its creation may raise what is caught here
    except OSError as error:
        raise no_room(error) from None
    with file:
        # Linux opens the unlinked file again by this path, from its beginning.
        yield Path(f"/proc/self/fd/{file.fileno()}")


def write_blocks(blocks: Iterable[bytes], to: Path) -> None:
    """Write the blocks to a temporary file. Raises CannotWriteError when there is no room for them."""
    source = iter(blocks)
    try:
        file = to.open("wb", buffering=0)
    except OSError as error:
        raise no_room(error) from None
    with file:
        for block in source:  # errors of the source are its own
            try:
                file.write(block)
            except OSError as error:
                raise no_room(error) from None


def no_room(error: OSError) -> CannotWriteError:
    """Return the error for a temporary file that cannot be created or written."""
    directory = tempfile.tempdir or "the temporary directory"
    return CannotWriteError(f"{directory}: {error.strerror}: set TMPDIR to a directory with more space")

"""How a CSV file is written: compression, encoding, delimiter, columns; and its physical lines."""

from __future__ import annotations

import gzip
import io
import zlib
from collections import deque
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from retention.errors import BadDataError
from seeder.sources.damage import unreadable_refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LINE: Final = 1 << 20  # characters
UTF_8: Final = "utf-8-sig"  # with or without a byte order mark
DELIMITERS: Final = {",": "", ";": " with ;", "\t": " with tabs", "|": " with |"}

_MANY: Final = 3  # delimiters
GZIP: Final = b"\x1f\x8b"


class Layout(NamedTuple):
    """How one file is written. `columns` is 0 until the header is found."""

    path: Path
    name: str  # in messages
    gzipped: bool = False
    encoding: str = UTF_8
    delimiter: str = ","
    columns: int = 0
    above: int = 0  # physical lines before the first record: the header, and what stands above it

    def description(self) -> str:
        """Return the layout in words."""
        encoding = "UTF-8" if self.encoding == UTF_8 else self.encoding
        delimiter = DELIMITERS.get(self.delimiter, f" with {self.delimiter}")
        return f"CSV{delimiter}, {encoding}{', gzipped' if self.gzipped else ''}"

    def is_row(self, line: str) -> bool:
        """Return whether a line is likely to be a row of its own, not a part of a cell: a note has a comma or two."""
        return line.count(self.delimiter) == self.columns - 1 >= _MANY

    @contextmanager
    def open(self) -> Iterator[IO[str]]:
        """Open the file as text, behind its header.

        Reading raises BadDataError for a file that is damaged, or not in its encoding any more.
        """
        try:
            with self.open_bytes() as file, io.TextIOWrapper(file, self.encoding, newline="") as text:
                deque(islice(physical_lines(text), self.above), maxlen=0)
                yield text
        except UnicodeError as error:
            raise changed(self.name, error) from None

    @contextmanager
    def open_bytes(self) -> Iterator[IO[bytes]]:
        """Open the file as bytes, decompressed."""
        file: IO[bytes]
        with (
            unreadable_refused(self.name),
            _damaged_gzip_refused(self.name),
            gzip.open(self.path) if self.gzipped else self.path.open("rb") as file,  # type: ignore[assignment]
        ):
            yield file


@contextmanager
def _damaged_gzip_refused(name: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadDataError(f"{name}: damaged gzip file: get a new copy of it: {error}") from None


def physical_lines(file: IO[str]) -> Iterator[str]:
    """Yield physical lines, those of more than MAX_LINE characters in pieces, so that memory stays bounded."""
    return iter(partial(file.readline, MAX_LINE), "")


def changed(name: str, error: Exception) -> BadDataError:
    """Return the error for a file that could be read when it was opened."""
    return BadDataError(f"{name}: changed while it was loaded: load it again: {error}")

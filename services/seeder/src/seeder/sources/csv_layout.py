"""How a CSV file is written: compression, encoding, delimiter, columns."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from contextlib import contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from retention.errors import BadDataError
from seeder.sources.columns import column_positions, recognised

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LINE: Final = 1 << 20  # characters
UTF_8: Final = "utf-8-sig"  # with or without a byte order mark
CP1252: Final = "cp1252"  # how old exports write pound signs

_GZIP: Final = b"\x1f\x8b"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS: Final = {",": "", ";": " with ;", "\t": " with tabs", "|": " with |"}


class Layout(NamedTuple):
    """How one file is written. `columns` is 0 until the header is read."""

    path: Path
    name: str  # in messages
    gzipped: bool
    encoding: str = UTF_8
    delimiter: str = ","
    columns: int = 0
    positions: tuple[int, ...] = ()  # of the fields of RULES
    plain: bool = True  # every record is one physical line and has the header's number of columns

    def description(self) -> str:
        """Return the layout in words."""
        encoding = "UTF-8" if self.encoding == UTF_8 else self.encoding
        return f"CSV{_DELIMITERS[self.delimiter]}, {encoding}{', gzipped' if self.gzipped else ''}"

    @contextmanager
    def open(self) -> Iterator[IO[str]]:
        """Open the file as text.

        Reading raises BadDataError for a damaged file, and UnicodeDecodeError when it was taken for UTF-8 and is not.
        """
        try:
            with self.open_bytes() as file, io.TextIOWrapper(file, self.encoding, newline="") as text:
                yield text
        except UnicodeError as error:
            if self.encoding == UTF_8:
                raise
            reason = error.reason if isinstance(error, UnicodeDecodeError) else error
            raise BadDataError(f"{self.name}: neither UTF-8 nor {self.encoding}: save it as UTF-8: {reason}") from None

    @contextmanager
    def open_bytes(self) -> Iterator[IO[bytes]]:
        """Open the file as bytes, decompressed."""
        try:
            file: IO[bytes]
            with gzip.open(self.path) if self.gzipped else self.path.open("rb") as file:  # type: ignore[assignment]
                yield file
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadDataError(f"{self.name}: damaged gzip file: get a new copy of it: {error}") from None


def layout_of(path: Path, name: str) -> Layout:
    """Return what the first bytes tell: the compression, and the encoding where a byte order mark names it."""
    with path.open("rb") as file:
        layout = Layout(path, name, gzipped=file.read(2) == _GZIP)
    with layout.open_bytes() as decompressed:
        start = decompressed.read(2)
    if start == _GZIP:
        raise BadDataError(f"{name}: gzip inside gzip: decompress it once")
    return layout._replace(encoding="utf-16") if start in _UTF_16 else layout


def with_header(layout: Layout) -> Layout:
    """Return the layout with the columns of the header, split by the delimiter that gives most of our fields."""
    with layout.open() as file:
        header = file.readline(MAX_LINE)
    if not header:
        raise BadDataError(f"{layout.name}: the file is empty")
    try:
        rows = {delimiter: next(csv.reader([header], delimiter=delimiter), []) for delimiter in _DELIMITERS}
    except csv.Error as error:
        raise BadDataError(f"{layout.name}: no column names in the first line: add a header: {error}") from None
    delimiter = max(rows, key=lambda each: len(set(recognised(rows[each])) - {None}))
    names = rows[delimiter]
    positions = tuple(column_positions(names, layout.name))
    return layout._replace(delimiter=delimiter, columns=len(names), positions=positions)


def refuse_mixed_encodings(layout: Layout) -> None:
    """Raise BadDataError when some lines are UTF-8 and others are not: one of the two groups would be garbled."""
    first: dict[bool, int] = {}
    with layout.open_bytes() as file:
        for number, line in enumerate(iter(partial(file.readline, MAX_LINE), b""), 1):
            if not line.isascii():
                first.setdefault(_is_utf_8(line), number)
    if True in first and False in first:
        raise BadDataError(
            f"{layout.name}: mixed encodings: line {first[True]} is UTF-8, line {first[False]} is not: save it as UTF-8"
        )


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True

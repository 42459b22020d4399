"""Where rows come from. A file is looked through once before its first row is loaded."""

from __future__ import annotations

import hashlib
import sys
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from retention.errors import BadDataError, NoInputError, NotPermittedError
from retention.lines import dates
from retention.lines.documents import NEXT_PART
from seeder.sources import csv_file as csv_source
from seeder.sources import xlsx_file as xlsx_source
from seeder.sources.temporary_files import STANDARD_INPUT, spooled, temporary_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from retention.lines.dates import DateFormat
    from seeder.sources.file_summary import Look

_PARQUET_MAGIC: Final = b"PAR1"


class Source(NamedTuple):
    """One input: rows in the order of `lines.RULES`, the same ones each time it is read."""

    load_id: str  # the same content has the same id
    name: str
    size: int  # bytes; 0 for an invented shop
    description: str
    dates: DateFormat
    row_count: int
    invented: bool  # can be made again at any time, so real data takes its place
    rows: Callable[[], Iterator[Sequence[object]]]


def synthetic_source(row_count: int, seed: int) -> Source:
    """Return `row_count` rows of invented trade, shaped like Online Retail."""
    from seeder.sources import synthetic  # noqa: PLC0415 - 25 MB that a file does not need

    name = f"synthetic:rows={row_count}:seed={seed}"
    rows = lambda: synthetic.synthetic_rows(row_count, seed)  # noqa: E731 - read once, when asked
    return Source(name, name, 0, name, dates.ISO, row_count, invented=True, rows=rows)


@contextmanager
def open_source(path: Path, date_order: str | None) -> Iterator[Source]:
    """Give the rows of a CSV (also gzipped), Parquet or XLSX file, or of the standard input for `-`.

    Raises NoInputError for what is not a file, NotPermittedError for what cannot be read, BadDataError for an empty
    file, a missing column, or dates whose order nothing decides (`date_order` decides it), CannotWriteError when there
    is no room for a temporary file.
    """
    with ExitStack() as temporary:
        if path != STANDARD_INPUT:
            yield _file_source(path, path.name, date_order, temporary)
            return
        stream = sys.stdin.buffer if sys.stdin else None
        yield _file_source(temporary.enter_context(spooled(stream)), "standard input", date_order, temporary)


def _file_source(path: Path, name: str, date_order: str | None, temporary: ExitStack) -> Source:
    if not path.is_file():
        raise NoInputError(f"{path}: {'not a file: say - behind a pipe' if path.exists() else 'no such file'}")
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        look = _look_through(path, name, temporary)
    except PermissionError:
        raise NotPermittedError(f"{path}: not readable for this user") from None
    if not look.row_count:
        raise BadDataError(f"{name}: no rows")
    found = dates.DateFormat(date_order) if date_order else look.dates.format()
    description = f"{name}: {look.description}, dates {found.order}, {look.row_count:,} rows"
    size = path.stat().st_size
    return Source(f"sha256:{sha256}", name, size, description, found, look.row_count, invented=False, rows=look.rows)


def _look_through(path: Path, name: str, temporary: ExitStack) -> Look:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == _PARQUET_MAGIC:
        from seeder.sources import parquet_file as parquet_source  # noqa: PLC0415 - 45 MB that a CSV file does not need

        return parquet_source.look_through(path, name)
    if xlsx_source.is_workbook(magic):
        csv_file = temporary.enter_context(temporary_file())
        description, sizes = xlsx_source.convert(path, csv_file, name)
        look = csv_source.look_through(csv_file, name)
        return look._replace(description=description, rows=lambda: _in_parts(look.rows(), sizes))
    return csv_source.look_through(path, name)


def _in_parts(rows: Iterator[Sequence[object]], sizes: Sequence[int]) -> Iterator[Sequence[object]]:
    for size in sizes:
        yield from islice(rows, size)
        yield NEXT_PART
    yield from rows

"""Opens an input: a file of any type, the standard input, or synthetic data. A file is scanned before it is loaded."""

from __future__ import annotations

import hashlib
import sys
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Final

from retention.errors import BadDataError, NoInputError, NotPermittedError
from retention.lines import dates
from retention.lines.documents import NEXT_PART
from seeder.sources import csv_file, xlsx_archive, xlsx_file
from seeder.sources.source import Source
from seeder.sources.standard_input import STANDARD_INPUT, copied
from seeder.sources.temporary_files import temporary_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from seeder.sources.file_summary import FileSummary

_PARQUET_MAGIC: Final = b"PAR1"


def synthetic_source(row_count: int, seed: int) -> Source:
    """Return `row_count` rows of synthetic transactions, shaped like Online Retail."""
    from seeder.sources import synthetic  # noqa: PLC0415 - numpy: 25 MB that a file does not need

    name = f"synthetic:rows={row_count}:seed={seed}"
    rows = lambda: synthetic.synthetic_rows(row_count, seed)  # noqa: E731 - generated only when read
    return Source(name, name, 0, name, dates.ISO, row_count, invented=True, rows=rows)


@contextmanager
def open_source(path: Path, date_order: str | None) -> Iterator[Source]:
    """Give the rows of a CSV (plain or gzipped), Parquet or XLSX file, or of the standard input for `-`.

    `date_order` (ymd, dmy or mdy) settles dates that could be read in two ways. Raises NoInputError when there is no
    such file or it cannot be read, NotPermittedError without permission, BadDataError for a file that is empty,
    damaged, lacks a column or has ambiguous dates, and CannotWriteError when there is no room for a temporary file.
    """
    with ExitStack() as stack:
        if path != STANDARD_INPUT:
            yield _file_source(path, path.name, date_order, stack)
            return
        stream = sys.stdin.buffer if sys.stdin else None
        yield _file_source(stack.enter_context(copied(stream)), "standard input", date_order, stack)


def _file_source(path: Path, name: str, date_order: str | None, stack: ExitStack) -> Source:
    try:
        if not path.exists():
            raise NoInputError(f"{path}: no such file")
        if not path.is_file():
            raise NoInputError(f"{path}: not a file: to load from a pipe, use 'load -'")
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        summary = _scan(path, name, stack)
    except PermissionError:
        raise NotPermittedError(f"{path}: not readable by this user: change its permissions") from None
    except OSError as error:
        raise NoInputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not summary.row_count:
        raise BadDataError(f"{name}: no rows: nothing to load")
    found = dates.DateFormat(date_order) if date_order else summary.dates.format()
    description = f"{name}: {summary.description}, dates {found.order}, {summary.row_count:,} rows"
    size = path.stat().st_size
    return Source(
        f"sha256:{sha256}", name, size, description, found, summary.row_count, invented=False, rows=summary.rows
    )


def _scan(path: Path, name: str, stack: ExitStack) -> FileSummary:
    """Scan the file as what its first bytes say it is; CSV has no mark of its own."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == _PARQUET_MAGIC:
        from seeder.sources import parquet_file  # noqa: PLC0415 - pyarrow: 45 MB that a CSV file does not need

        return parquet_file.scan(path, name)
    if xlsx_archive.is_workbook(start):
        return _scan_workbook(path, stack.enter_context(temporary_file()), name)
    return csv_file.scan(path, name)


def _scan_workbook(path: Path, converted: Path, name: str) -> FileSummary:
    description, sheet_sizes = xlsx_file.convert_to_csv(path, converted, name)
    summary = csv_file.scan(converted, name)
    return summary._replace(description=description, rows=lambda: _in_parts(summary.rows(), sheet_sizes))


def _in_parts(rows: Iterator[Sequence[object]], sizes: Sequence[int]) -> Iterator[Sequence[object]]:
    for size in sizes:
        yield from islice(rows, size)
        yield NEXT_PART
    yield from rows

"""The rows to load: the real Online Retail file if it lies beside the checkout, otherwise an invented shop."""

from __future__ import annotations

import csv
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from benchmarks.server import BenchError
from retention.errors import RetentionError
from retention.store.schema import LINE_FIELDS
from seeder.formats import recognise
from seeder.sources import synthetic
from seeder.sources.opening import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seeder.sources.table import Table

REAL: Final = Path(__file__).resolve().parents[3] / "shared" / "data" / "online_retail.parquet"
INVENTED_ROWS: Final = 420_000  # as `seeder synthetic` does by default
BYTES_PER_ROW: Final = 500  # 90 in CSV, 20 in Parquet, 250 in mongod, and the journal
SPARE_BYTES: Final = 3 << 30  # the seeder needs 1 GiB free at the start, mongod writes 0.3 GiB of journal


class Rows(NamedTuple):
    """A table of rows, and its name in the report."""

    name: str
    file: Path
    table: Table
    positions: tuple[int, ...]  # of the eight fields among its columns
    row_count: int


@contextmanager
def chosen(file: Path | None, folder: Path) -> Iterator[Rows]:
    """Yield the rows of `file`, or else the real ones, or else invented ones written to `folder`."""
    name = file.name if file else "Online Retail" if REAL.exists() else "an invented shop (the real file is missing)"
    file = file or (REAL if REAL.exists() else folder / "invented.csv")
    if file.parent == folder:
        synthetic.write_csv(file, INVENTED_ROWS, 1)
    try:
        with opened(file, sheet=None, score=recognise.score) as found:
            (table,) = found.tables
            positions = recognise.recognise(table.columns).positions
            yield Rows(name, file, table, positions, table.scan(positions, lambda: len))
    except RetentionError as error:
        raise BenchError(str(error)) from None


def check_disk(folder: Path, rows: int) -> None:
    """Raise BenchError if the copies would fill the disk."""
    needed, free = rows * BYTES_PER_ROW + SPARE_BYTES, shutil.disk_usage(folder).free
    if free < needed:
        raise BenchError(
            f"{folder}: {free >> 20:,} MiB free, {needed >> 20:,} MiB needed: set TMPDIR, or use smaller --factors"
        )


def write_csv(rows: Rows, factor: int, file: Path) -> Path:
    """Write `factor` copies of the rows, each with its own invoice numbers."""
    with file.open("w", encoding="utf-8", newline="") as output:
        writer = csv.writer(output, lineterminator="\n")
        writer.writerow(LINE_FIELDS)
        for copy in range(factor):
            writer.writerows(_renumbered(rows, copy))
    return file


def write_parquet(rows: Rows, factor: int, file: Path) -> Path:
    """Write the same copies as Parquet, one row group each: typed if the rows are typed, otherwise as text."""
    table = _table(rows)
    invoice = table.column_names.index("InvoiceNo")
    with parquet.ParquetWriter(file, table.schema) as writer:
        for copy in range(factor):
            numbers = pc.binary_join_element_wise(table.column(invoice), _suffix(copy), "")
            writer.write_table(table.set_column(invoice, table.schema.field(invoice), numbers))
    return file


def _table(rows: Rows) -> pa.Table:
    if rows.file.suffix == ".parquet":
        return parquet.read_table(rows.file, columns=list(LINE_FIELDS))
    columns = zip(*_renumbered(rows, 0), strict=True)
    return pa.table({name: pa.array(map(_text, column)) for name, column in zip(LINE_FIELDS, columns, strict=True)})


def _renumbered(rows: Rows, copy: int) -> Iterator[Sequence[Any]]:
    """Yield the rows, without those that the source could not read."""
    suffix = _suffix(copy)
    for row in rows.table.rows(rows.positions):
        if len(row) == len(LINE_FIELDS):
            yield (f"{row[0]}{suffix}", *row[1:]) if suffix else row


def _suffix(copy: int) -> str:
    """Return a copy's suffix to the invoice number (a leading `C` marks a cancelled invoice and must stay first)."""
    return f"-{copy}" if copy else ""


def _text(value: object) -> str | None:
    return None if value is None else str(value)

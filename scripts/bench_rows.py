"""The rows that are measured: the real Online Retail where it stands beside the checkout, else an invented shop."""

from __future__ import annotations

import csv
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from bench_server import BenchError
from retention.errors import RetentionError
from retention.store.schema import LINE_FIELDS
from seeder.sources import synthetic
from seeder.sources.opening import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seeder.sources.source import Source

REAL: Final = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "online_retail.parquet"
INVENTED_ROWS: Final = 420_000  # as `seeder synthetic` does by default
BYTES_PER_ROW: Final = 500  # 90 of CSV, 20 of Parquet, 250 in mongod, and its journal
SPARE_BYTES: Final = 3 << 30  # the seeder wants 1 GiB free when it starts, mongod makes 0.3 GiB of journal


class Rows(NamedTuple):
    """What is measured: a name for the report, and what the copies are made from."""

    name: str
    file: Path
    source: Source

    @property
    def row_count(self) -> int:
        """How many there are."""
        return self.source.row_count


@contextmanager
def chosen(file: Path | None, folder: Path) -> Iterator[Rows]:
    """Give the rows of `file`, else the real ones, else invented ones, which are written to `folder`."""
    name = file.name if file else "Online Retail" if REAL.exists() else "an invented shop (no real file is there)"
    file = file or (REAL if REAL.exists() else folder / "invented.csv")
    if file.parent == folder:
        synthetic.write_csv(file, INVENTED_ROWS, 1)
    try:
        with open_source(file, None) as source:
            yield Rows(name, file, source)
    except RetentionError as error:
        raise BenchError(str(error)) from None


def check_disk(folder: Path, rows: int) -> None:
    """Refuse what would fill the disk."""
    needed, free = rows * BYTES_PER_ROW + SPARE_BYTES, shutil.disk_usage(folder).free
    if free < needed:
        raise BenchError(
            f"{folder}: {free >> 20:,} MiB free, {needed >> 20:,} needed: set TMPDIR, or take smaller --factors"
        )


def write_csv(rows: Rows, factor: int, file: Path) -> Path:
    """Write so many copies of the rows, each under invoice numbers of its own."""
    with file.open("w", encoding="utf-8", newline="") as output:
        writer = csv.writer(output, lineterminator="\n")
        writer.writerow(LINE_FIELDS)
        for copy in range(factor):
            writer.writerows(_renumbered(rows, copy))
    return file


def write_parquet(rows: Rows, factor: int, file: Path) -> Path:
    """Write the same as Parquet, a row group a copy; typed where the rows are, else all of it text."""
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
    """Yield the rows; what the source itself could not read is none."""
    suffix = _suffix(copy)
    all_rows: Iterator[Sequence[Any]] = rows.source.rows()
    for row in all_rows:
        if len(row) == len(LINE_FIELDS):
            yield (f"{row[0]}{suffix}", *row[1:]) if suffix else row


def _suffix(copy: int) -> str:
    """Return what follows the number: a `C` before it says that an invoice was cancelled, and must stay first."""
    return f"-{copy}" if copy else ""


def _text(value: object) -> str | None:
    return None if value is None else str(value)

"""Parquet: read in batches, so that memory stays flat."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyarrow import parquet

from retention import schema
from retention.errors import BadDataError
from seeder.look import Look, column_positions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BATCH_ROWS: Final = 10_000


def look_through(path: Path) -> Look:
    """Read the file's hash, columns, number of rows, and how its dates are written where they are text."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        with parquet.ParquetFile(path) as file:
            positions = column_positions(file.schema_arrow.names, path)
            names = [file.schema_arrow.names[position] for position in positions]
            row_count = file.metadata.num_rows
            date_texts = _date_texts(file, names[schema.LINE_FIELDS.index("InvoiceDate")])
    except pa.ArrowException as error:
        raise BadDataError(f"{path}: not a readable Parquet file: {error}") from None
    return Look(sha256, "Parquet", row_count, date_texts, lambda: _rows(path, names))


def _date_texts(file: parquet.ParquetFile, name: str) -> frozenset[str]:
    if pa.types.is_temporal(file.schema_arrow.field(name).type):
        return frozenset()
    batches = file.iter_batches(_BATCH_ROWS, columns=[name])
    return frozenset(str(text) for batch in batches for text in batch.column(0).unique().to_pylist() if text)


def _rows(path: Path, names: list[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows in the order of `schema.LINE_FIELDS`."""
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=names):
            yield from zip(*(_values(batch.column(name)) for name in names), strict=True)


def _values(column: pa.Array) -> list[Any]:
    # Python's datetime ends at microseconds; a file written by pandas has nanoseconds.
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    # Values repeat, and each is made into a Python object once: six times as fast as one by one.
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    values = [*encoded.dictionary.to_pylist(), None]
    positions = encoded.indices.fill_null(len(values) - 1).to_numpy().tolist()
    return [values[position] for position in positions]

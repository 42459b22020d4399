"""Parquet: read in batches, so that memory stays flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyarrow import parquet

from retention.errors import BadDataError
from retention.lines import RULES
from seeder.look import Look, column_positions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BATCH_ROWS: Final = 10_000


def look_through(path: Path, name: str) -> Look:
    """Read the file's columns, number of rows, and how its dates are written where they are text."""
    try:
        with parquet.ParquetFile(path) as file:
            columns = file.schema_arrow
            names = [columns.names[position] for position in column_positions(columns.names, name)]
            for column in names:
                kind = columns.field(column).type
                if pa.types.is_nested(kind) or pa.types.is_boolean(kind):
                    raise BadDataError(f"{name}: column {column} holds {kind}: no values of a line")
            row_count = file.metadata.num_rows
            date = [rule.name for rule in RULES].index("InvoiceDate")
            date_texts = _date_texts(file, names[date])
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise BadDataError(f"{name}: not a readable Parquet file: {_one_line(error)}") from None
    return Look("Parquet", row_count, date_texts, lambda: _rows(path, name, names))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _date_texts(file: parquet.ParquetFile, name: str) -> frozenset[str]:
    if not _is_text(file.schema_arrow.field(name).type):
        return frozenset()
    batches = file.iter_batches(_BATCH_ROWS, columns=[name])
    return frozenset(str(text) for batch in batches for text in batch.column(0).unique().to_pylist() if text)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _rows(path: Path, name: str, names: list[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows in the order of RULES."""
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH_ROWS, columns=names, use_threads=False):
                yield from zip(*(_values(batch.column(column)) for column in names), strict=True)
    except (pa.ArrowException, OSError) as error:
        raise BadDataError(f"{name}: not a readable Parquet file: {_one_line(error)}") from None


def _values(column: pa.Array) -> list[Any]:
    # Python's datetime ends at microseconds; a file written by pandas has nanoseconds.
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    # 2.55 in 32 bits is 2.549999952: its shortest text is what was meant.
    if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
        column = column.cast(pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    # Values repeat, and each is made into a Python object once: six times as fast as one by one. Their positions are
    # read from the buffer (32-bit integers), since fill_null and to_numpy import pandas: 34 MB.
    encoded = column.dictionary_encode(null_encoding="encode")
    values = encoded.dictionary.to_pylist()
    first, positions = encoded.indices.offset, memoryview(encoded.indices.buffers()[1]).cast("i")
    return [values[position] for position in positions[first : first + len(column)].tolist()]

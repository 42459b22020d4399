"""Parquet: read in batches, so that memory stays flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyarrow import parquet

from retention.errors import BadDataError
from retention.lines.dates import DateEvidence
from retention.lines.rules import RULES
from seeder.sources.file_summary import Look, column_positions

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
            dates = _dates(file, names[date])
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise BadDataError(f"{name}: not a readable Parquet file: {_one_line(error)}") from None
    return Look("Parquet", row_count, dates, lambda: _rows(path, name, names))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _dates(file: parquet.ParquetFile, name: str) -> DateEvidence:
    evidence = DateEvidence()
    if _is_text(file.schema_arrow.field(name).type):
        for batch in file.iter_batches(_BATCH_ROWS, columns=[name]):
            evidence.add(str(text) for text in _objects(batch.column(0).unique()) if text)
    return evidence


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
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    # 2.55 in 32 bits is 2.549999952: its shortest text is what was meant.
    if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
        column = column.cast(pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    # Values repeat, and each is made into a Python object once: six times as fast as one by one. Their positions are
    # read from the buffer (32-bit integers), since fill_null and to_numpy import pandas: 34 MB.
    encoded = column.dictionary_encode(null_encoding="encode")
    values = _objects(encoded.dictionary)
    first, positions = encoded.indices.offset, memoryview(encoded.indices.buffers()[1]).cast("i")
    return [values[position] for position in positions[first : first + len(column)].tolist()]


def _objects(values: pa.Array) -> list[Any]:
    """Return Python's objects; for what Python has none (a year 33,000, bytes that are no text) what is put aside."""
    try:
        objects: list[Any] = values.to_pylist()
    except (ValueError, OverflowError, LookupError):
        return [_object(value) for value in values]
    return objects


def _object(value: pa.Scalar) -> Any:  # noqa: ANN401 - whatever it holds
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return value.as_buffer().to_pybytes()
    except (ValueError, OverflowError, LookupError):
        return str(value.value)

"""Parquet files, read in batches so that memory stays flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyarrow import parquet

from retention.errors import BadDataError
from retention.lines.dates import DateEvidence
from seeder.sources.columns import DATE, column_positions
from seeder.sources.damage import damage_refused
from seeder.sources.file_summary import FileSummary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BATCH_ROWS: Final = 10_000
_KIND: Final = "Parquet file"


def scan(path: Path, name: str) -> FileSummary:
    """Read the file's columns, number of rows, and how its dates are written where they are text."""
    with damage_refused(name, _KIND), parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        columns = [schema.names[position] for position in column_positions(schema.names, name)]
        for column in columns:
            kind = schema.field(column).type
            if pa.types.is_nested(kind) or pa.types.is_boolean(kind):
                raise BadDataError(f"{name}: column {column} holds {kind}: export it as text or numbers")
        dates, row_count = _dates(file, columns[DATE]), file.metadata.num_rows
    return FileSummary("Parquet", row_count, dates, lambda: _rows(path, name, columns, row_count))


def _dates(file: parquet.ParquetFile, column: str) -> DateEvidence:
    evidence = DateEvidence()
    if _is_text(file.schema_arrow.field(column).type):
        for batch in file.iter_batches(_BATCH_ROWS, columns=[column]):
            evidence.add(str(text) for text in _objects(batch.column(0).unique()) if text)
    return evidence


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _rows(path: Path, name: str, columns: list[str], row_count: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows in the order of RULES."""
    found = 0
    with damage_refused(name, _KIND), parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False):
            found += batch.num_rows
            yield from zip(*(_values(batch.column(column)) for column in columns), strict=True)
        if found != row_count:  # a damaged page can end a file early without an error
            raise BadDataError(f"{name}: damaged {_KIND}: it declares {row_count:,} rows and has {found:,}")


def _values(column: pa.Array) -> list[Any]:
    # Python's datetime ends at microseconds; a file written by pandas has nanoseconds.
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    # 2.55 in 32 bits is 2.549999952: its shortest text is what was meant.
    if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
        column = column.cast(pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    # Values repeat, and each distinct one becomes a Python object once: six times as fast as one by one. Their
    # positions are read from the buffer (32-bit integers), because fill_null and to_numpy import pandas: 34 MB.
    encoded = column.dictionary_encode(null_encoding="encode")
    values = _objects(encoded.dictionary)
    first, positions = encoded.indices.offset, memoryview(encoded.indices.buffers()[1]).cast("i")
    return [values[position] for position in positions[first : first + len(column)].tolist()]


def _objects(values: pa.Array) -> list[Any]:
    """Return Python objects. A value that Python cannot hold (year 33,000, invalid UTF-8) becomes one to quarantine."""
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

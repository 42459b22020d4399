"""Parquet files, read in batches so that memory stays flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyarrow import parquet

from retention.errors import BadDataError
from seeder.sources.damage import damage_refused
from seeder.sources.header import trimmed
from seeder.sources.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from seeder.sources.table import Batch

_BATCH_ROWS: Final = 10_000
_KIND: Final = "Parquet file"


def table(path: Path, name: str) -> Table:
    """Return the table in a Parquet file. Its values are typed; yes and no are text."""
    with damage_refused(name, _KIND), parquet.ParquetFile(path) as file:
        columns = tuple(file.schema_arrow.names)

    def scan(positions: Sequence[int], start: Callable[[], Callable[[Batch], Any]]) -> int:
        take, count = start(), 0
        for batch in _batches(path, name, [columns[position] for position in positions]):
            count += len(batch)
            take(batch)
        return count

    def rows(positions: Sequence[int]) -> Iterator[Sequence[Any]]:
        for batch in _batches(path, name, [columns[position] for position in positions]):
            yield from batch

    return Table(name, "Parquet", trimmed(columns), scan, rows)


def _batches(path: Path, name: str, columns: list[str]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the values of these columns, row by row. Raises BadDataError for nested columns and a damaged file."""
    found = 0
    with damage_refused(name, _KIND), parquet.ParquetFile(path) as file:
        _refuse_nested(file.schema_arrow, columns, name)
        for batch in file.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False):
            found += batch.num_rows
            yield list(zip(*(_values(batch.column(column)) for column in columns), strict=True))
        if found != file.metadata.num_rows:  # a damaged page can end a file early without an error
            declared = f"it declares {file.metadata.num_rows:,} rows and has {found:,}"
            raise BadDataError(f"{name}: damaged {_KIND}: {declared}")


def _refuse_nested(schema: pa.Schema, columns: list[str], name: str) -> None:
    for column in columns:
        kind = schema.field(column).type
        if pa.types.is_nested(kind):
            raise BadDataError(f"{name}: column {column} holds {kind}: export it as text or numbers")


def _values(column: pa.Array) -> list[Any]:
    # Python's datetime ends at microseconds; a file written by pandas has nanoseconds.
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    # 2.55 in 32 bits is 2.549999952: its shortest text is what was meant. A bool would pass for the number it equals.
    if pa.types.is_float32(column.type) or pa.types.is_float16(column.type) or pa.types.is_boolean(column.type):
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

"""Parquet files: any columns, and typed values that Python can hold."""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from tables import content, contents, score

from retention.errors import BadDataError
from seeder.sources.opening import opened

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2010, 12, 13, 8, 26)  # noqa: DTZ001 - as the file has it


def write(tmp_path: Path, **columns: pa.Array | list[Any]) -> Path:
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer)
    (tmp_path / "lines.parquet").write_bytes(buffer.getvalue())
    return tmp_path / "lines.parquet"


def values(tmp_path: Path, column: pa.Array | list[Any]) -> list[Any]:
    (table,) = contents(write(tmp_path, a=column))
    assert table.scanned == table.rows
    return [value for (value,) in table.rows]


def test_columns_are_picked_by_position_in_any_order(tmp_path: Path) -> None:
    with opened(write(tmp_path, a=[1, 2], b=["x", None], c=[[0], [1]]), sheet=None, score=score) as found:
        table = content(found.tables[0], (1, 0))
    assert table.columns == ("a", "b", "c")
    assert (table.total, table.scanned, table.rows) == (2, [["x", 1], [None, 2]], [["x", 1], [None, 2]])


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["x", None], ["x", None]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ["x", "y", "x"]),
        ([AT, None], [AT, None]),
        (pa.array([AT], pa.timestamp("ns")), [AT]),
        (pa.array([2.55], pa.float32()), ["2.55"]),  # in 64 bits it would be 2.549999952
        ([True, False, None], ["true", "false", None]),  # a bool would pass for the number it equals
    ],
)
def test_values_are_typed(tmp_path: Path, column: pa.Array | list[Any], expected: list[Any]) -> None:
    found = values(tmp_path, column)
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([10**12], pa.timestamp("s")),
        pa.array([10**18], pa.timestamp("us")),
        pa.array([10**8], pa.date32()),
        pa.array([0], pa.timestamp("us", tz="Nowhere/City")),
        pa.array([b"\xff\xfe"], pa.binary()).view(pa.string()),
    ],
    ids=str,
)
def test_values_that_python_cannot_hold_are_something_to_quarantine(tmp_path: Path, column: pa.Array) -> None:
    (value,) = values(tmp_path, column)
    assert not isinstance(value, datetime)


def test_a_nested_column_is_refused_when_it_is_picked(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"column a holds list.*: export it as text"):
        values(tmp_path, [["x"]])


def test_a_file_without_rows_is_a_table_without_rows(tmp_path: Path) -> None:
    assert values(tmp_path, pa.array([], pa.string())) == []

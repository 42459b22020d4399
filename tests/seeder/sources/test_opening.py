"""Opening an input: what a file holds is found before its first row is loaded; an unusable file is refused then."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from typing import TYPE_CHECKING, Any

import bson
import pyarrow as pa
import pytest
from pyarrow import parquet

from retention.errors import BadDataError, NoInputError, RetentionError
from retention.lines.documents import LineEncoder
from retention.lines.rules import Rejection, latest_instant
from retention.store import schema
from seeder.sources.opening import open_source

if TYPE_CHECKING:
    from pathlib import Path

    from seeder.sources.source import Source

HEADER = ",".join(schema.LINE_FIELDS)
ROW = "536365,85123A,WHITE T-LIGHT HOLDER,6,{date},2.55,17850.0,United Kingdom"
SECOND_EDITION = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
OTHER_ORDER = "Country,CustomerID,UnitPrice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo,extra"
DAY_FIRST = ROW.format(date="13-12-2010 08:26")
NOW = datetime.fromisoformat("2012-01-01T00:00:00Z")


def file_source(path: Path, date_order: str | None) -> Source:
    with open_source(path, date_order) as source:  # CSV and Parquet need no temporary file, which would be gone
        return source


def write(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "lines.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(source: Source) -> list[Any]:
    """Return the document of each row, without its id, or its Rejection."""
    encoded = LineEncoder(source.dates, latest_instant(NOW)).encode(source.rows())
    return [found if isinstance(found, Rejection) else {**bson.decode(found), "_id": None} for found in encoded]


def line(tmp_path: Path, content: str | bytes) -> dict[str, Any]:
    (found,) = lines(file_source(write(tmp_path, content), None))
    assert isinstance(found, dict), found
    return found


PUBLISHED = {
    "_id": None,
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE T-LIGHT HOLDER",
    "Quantity": 6,
    "InvoiceDate": datetime(2010, 12, 13, 8, 26),  # noqa: DTZ001 - as bson gives it
    "UnitPrice": 2.55,
    "CustomerID": 17850,
    "Country": "United Kingdom",
}


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{DAY_FIRST}\n",
        f"\ufeff{HEADER}\r\n{DAY_FIRST}\r\n",
        f"{HEADER}\n\n{DAY_FIRST}",
        f"{HEADER}\n{ROW.format(date='12/13/2010 8:26')}\n",
        f"{HEADER}\n{ROW.format(date='2010-12-13 08:26:00')}\n",
        f"{SECOND_EDITION}\n{DAY_FIRST}\n",
        f"{HEADER}\n{DAY_FIRST}\n".replace(",", ";"),
        f"{HEADER}\n{DAY_FIRST}\n".replace(",", "\t"),
        f"{HEADER}\n{DAY_FIRST}\n".encode("utf-16"),
        gzip.compress(f"{HEADER}\n{DAY_FIRST}\n".encode()),
        f"{OTHER_ORDER}\nUnited Kingdom,17850,2.55,13-12-2010 08:26,6,WHITE T-LIGHT HOLDER,85123A,536365,x\n",
    ],
    ids=[
        *("as published", "byte order mark", "empty line", "month first", "ISO", "the second edition's names"),
        *("semicolons", "tabs", "UTF-16", "gzip", "other columns in another order"),
    ],
)
def test_a_line_is_the_same_in_every_layout(tmp_path: Path, content: str | bytes) -> None:
    assert line(tmp_path, content) == PUBLISHED


def test_a_latin_1_pound_sign_is_a_pound_sign(tmp_path: Path) -> None:
    content = f"{HEADER}\n{DAY_FIRST}\n".replace("WHITE", "£1").encode("latin-1")
    source = file_source(write(tmp_path, content), None)
    assert "cp1252" in source.description
    assert lines(source)[0]["Description"] == "£1 T-LIGHT HOLDER"


def test_a_latin_1_letter_at_the_very_end_is_read(tmp_path: Path) -> None:
    content = f"{HEADER}\n{DAY_FIRST}".replace("United Kingdom", "Curaç").encode("latin-1")
    assert line(tmp_path, content)["Country"] == "Curaç"


def test_a_quoted_field_may_hold_commas_and_line_breaks(tmp_path: Path) -> None:
    content = f"{HEADER}\n{DAY_FIRST}\n".replace("WHITE T-LIGHT HOLDER", '"WHITE,\nHOLDER"')
    assert line(tmp_path, content)["Description"] == "WHITE,\nHOLDER"


def test_a_row_with_too_few_columns_is_counted_and_quarantined(tmp_path: Path) -> None:
    source = file_source(write(tmp_path, f"{HEADER}\n{DAY_FIRST}\n536365,85123A\n"), None)
    assert source.row_count == 2
    whole, short = lines(source)
    assert whole == PUBLISHED
    assert short == Rejection("columns", "row", ["999999", "99999x"])


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("", BadDataError, "empty"),
        (f"{HEADER}\n", BadDataError, "no rows"),
        (f"{HEADER.replace('Quantity', 'Amount')}\n{DAY_FIRST}\n", BadDataError, "no column Quantity"),
        (f"{HEADER},Quantity\n{DAY_FIRST},6\n", BadDataError, "more than one column Quantity"),
        (f"{DAY_FIRST}\n{DAY_FIRST}\n", BadDataError, "no column"),
        (f"{HEADER}\n{ROW.format(date='01-12-2010 08:26')}\n", BadDataError, "day first or month first"),
        (b"PAR1 but nothing else", BadDataError, "Parquet"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, content: str | bytes, error: type[RetentionError], message: str
) -> None:
    with pytest.raises(error, match=message):
        file_source(write(tmp_path, content), None)


def test_a_directory_or_an_absent_file_is_no_input(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(NoInputError):
            file_source(path, None)


def test_the_order_of_ambiguous_dates_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER}\n{ROW.format(date='01-12-2010 08:26')}\n")
    assert lines(file_source(path, "dmy"))[0]["InvoiceDate"].month == 12
    assert lines(file_source(path, "mdy"))[0]["InvoiceDate"].month == 1


def test_parquet_and_csv_give_the_same_lines(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["536365", "85123A", "HOLDER", 6, datetime(2010, 12, 13, 8, 26), 2.55, 17850.0, "United Kingdom"],  # noqa: DTZ001
        ["C536366", "85123A", None, -1, datetime(2010, 12, 14, 8, 26), 0.0, None, "France"],  # noqa: DTZ001
    ]
    columns = {name: list(values) for name, values in zip(schema.LINE_FIELDS, zip(*rows, strict=True), strict=True)}
    parquet.write_table(pa.table(columns), tmp_path / "lines.parquet")
    with (tmp_path / "lines.csv").open("w", newline="") as file:
        csv.writer(file).writerows([schema.LINE_FIELDS, *rows])
    assert lines(file_source(tmp_path / "lines.parquet", None)) == lines(file_source(tmp_path / "lines.csv", None))


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_the_order_of_text_dates_in_parquet_is_found(tmp_path: Path, text: pa.DataType) -> None:
    row = ["536365", "85123A", "WHITE T-LIGHT HOLDER", 6, "13-12-2010 08:26", 2.55, 17850.0, "United Kingdom"]
    table = pa.table({name: [value] for name, value in zip(schema.LINE_FIELDS, row, strict=True)})
    position = schema.LINE_FIELDS.index("InvoiceDate")
    table = table.set_column(position, "InvoiceDate", table.column(position).cast(pa.string()).cast(text))
    parquet.write_table(table, tmp_path / "lines.parquet")
    assert lines(file_source(tmp_path / "lines.parquet", None)) == [PUBLISHED]


def test_a_file_without_a_readable_date_is_refused_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="'soon'"):
        file_source(write(tmp_path, f"{HEADER}\n{ROW.format(date='soon')}\n"), None)


def test_the_same_content_has_the_same_load_id_under_any_name(tmp_path: Path) -> None:
    first = file_source(write(tmp_path, f"{HEADER}\n{DAY_FIRST}\n"), None)
    copy = tmp_path / "copy.csv"
    copy.write_bytes((tmp_path / "lines.csv").read_bytes())
    assert file_source(copy, None).load_id == first.load_id


GOOD = [f"{500_000 + number},A,B,6,13-12-2010 08:26,2.55,17850,France" for number in range(20)]


@pytest.mark.parametrize(
    ("bad", "reason", "rows"),
    [
        ('536365,"A,B,6', "row_unreadable", 21),  # a quote that is never closed
        ('536365,A,"B" C,6,13-12-2010 08:26,2.55,1,F', "row_unreadable", 21),
        ('536365,"A\n536366,A",B,6', "row_unreadable", 22),  # two stray quotes, over two lines
        (f"536365,{'A' * 140_000},B,6,13-12-2010 08:26,2.55,1,F", "row_unreadable", 21),  # the csv module's own limit
        (f"536365,{'A' * 3_000_000},B,6,13-12-2010 08:26,2.55,1,F", "row_unreadable", 21),
        (",".join("x" * 10_000), "columns", 21),
    ],
)
def test_an_unreadable_record_costs_one_row_not_the_rest(tmp_path: Path, bad: str, reason: str, rows: int) -> None:
    content = "\n".join([HEADER, *GOOD[:10], bad, *GOOD[10:]])
    source = file_source(write(tmp_path, content), None)
    found = lines(source)
    refused = [one for one in found if isinstance(one, Rejection)]
    assert (len(found), source.row_count, len(refused)) == (rows, rows, rows - 20)
    assert refused[0].reason == reason
    assert [one["InvoiceNo"] for one in found if isinstance(one, dict)] == [good[:6] for good in GOOD]


@pytest.mark.parametrize("content", [gzip.compress(f"{HEADER}\n{DAY_FIRST}".encode())[:-9], b"\x1f\x8bno gzip at all"])
def test_a_damaged_gzip_file_is_refused_before_anything_is_loaded(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadDataError, match="damaged"):
        file_source(write(tmp_path, content), None)


def test_nested_columns_are_refused(tmp_path: Path) -> None:
    table = pa.table({name: pa.array([["a"]]) for name in schema.LINE_FIELDS})
    parquet.write_table(table, tmp_path / "lines.parquet")
    with pytest.raises(BadDataError, match="column InvoiceNo holds list"):
        file_source(tmp_path / "lines.parquet", None)


def test_a_32_bit_price_is_its_shortest_text(tmp_path: Path) -> None:
    row = list(PUBLISHED.values())[1:]
    table = pa.table({name: [value] for name, value in zip(schema.LINE_FIELDS, row, strict=True)})
    position = schema.LINE_FIELDS.index("UnitPrice")
    table = table.set_column(position, "UnitPrice", table.column(position).cast(pa.float32()))
    parquet.write_table(table, tmp_path / "lines.parquet")
    assert lines(file_source(tmp_path / "lines.parquet", None)) == [PUBLISHED]


@pytest.mark.parametrize(
    "dates",
    [
        pa.array([10**12], pa.timestamp("s")),
        pa.array([10**18], pa.timestamp("us")),
        pa.array([2**64 // 10**6 + 1_300_000_000], pa.timestamp("s")),  # 2011, if it wrapped around in microseconds
        pa.array([10**8], pa.date32()),
        pa.array([0], pa.timestamp("us", tz="Nowhere/City")),
        pa.array([b"\xff\xfe"], pa.binary()).view(pa.string()),
    ],
    ids=str,
)
def test_dates_that_python_cannot_hold_are_quarantined(tmp_path: Path, dates: pa.Array) -> None:
    table = pa.table(
        {name: [value] for name, value in zip(schema.LINE_FIELDS, list(PUBLISHED.values())[1:], strict=True)}
    )
    table = table.set_column(schema.LINE_FIELDS.index("InvoiceDate"), "InvoiceDate", dates)
    parquet.write_table(table, tmp_path / "lines.parquet")
    (refused,) = lines(file_source(tmp_path / "lines.parquet", "ymd"))
    assert isinstance(refused, Rejection)
    assert refused.field == "InvoiceDate"

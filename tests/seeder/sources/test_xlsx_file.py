"""Workbooks: converted to the CSV file that would have held the same lines."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from malformed import NAMES, workbook
from tables import Content, contents, score

from retention.errors import BadDataError, CannotWriteError
from retention.lines.documents import NEXT_PART
from seeder.sources import xlsx_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

AT = datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001 - cells have no zone
ROW: list[Any] = [536365, 85048, "HOLDER", 6, AT, 2.55, 17850, "United Kingdom"]
WRITTEN = ["536365", "85048", "HOLDER", "6", "2010-12-01 08:26:00", "2.55", "17850", "United Kingdom"]
BOMB = "\0" * 100_000_000


def read(tmp_path: Path, content: bytes, title: str | None = None) -> list[Content]:
    (tmp_path / "book.xlsx").write_bytes(content)
    return contents(tmp_path / "book.xlsx", sheet=title)


def cell(tmp_path: Path, value: object) -> str:
    """Return how one value of a row is written."""
    (table,) = read(tmp_path, workbook({"S": [NAMES, [value, "x"]]}))
    assert table.rows[0][1] == "x"
    text: str = table.rows[0][0]
    return text


def repacked(content: bytes, **changes: str | None) -> bytes:
    """Return the workbook with the text of some parts replaced; None removes the part."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in dict.fromkeys([*old.namelist(), *changes]):
            text = changes.get(name, "") if name in changes else old.read(name)
            if text is not None:
                new.writestr(name, text)
    return buffer.getvalue()


def sheet(rows: str) -> dict[str, str | None]:
    return {
        "xl/worksheets/sheet1.xml": '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    }


def test_a_line_is_written_as_in_csv(tmp_path: Path) -> None:
    (table,) = read(tmp_path, workbook({"Online Retail": [NAMES, ROW]}))
    assert (table.columns, table.scanned, table.rows) == (tuple(NAMES), [WRITTEN], [WRITTEN])
    assert (table.name, table.description) == ("book.xlsx", "XLSX, sheet Online Retail")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "TRUE"),
        (6.0, "6"),
        (-1, "-1"),
        (2.5499999999999998, "2.55"),
        (1e20, "100000000000000000000"),
        (0.001, "0.001"),
        ("#N/A", "#N/A"),
        ("007", "007"),
        ("a  b", "a  b"),
        ('a\nb, "c"', 'a\nb, "c"'),
        ("\ufeffa", "\ufeffa"),
        ("12/1/2010 8:26", "12/1/2010 8:26"),
        (AT + timedelta(minutes=1, microseconds=-3), "2010-12-01 08:27:00"),
        (AT + timedelta(seconds=1, milliseconds=499), "2010-12-01 08:26:01"),
        (datetime(9999, 12, 31, 23, 59, 59), "9999-12-31 23:59:59"),  # noqa: DTZ001
        (timedelta(hours=1), "1:00:00"),
    ],
)
def test_a_cell_is_written_as_in_csv(tmp_path: Path, value: object, text: str) -> None:
    assert cell(tmp_path, value) == text


def test_the_last_half_second_of_the_year_9999_is_not_rounded_up(tmp_path: Path) -> None:
    row = '<row r="{0}"><c r="A{0}"><v>1</v></c><c r="E{0}" s="1"><v>2958465.999995</v></c></row>'
    names = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in NAMES)
    content = workbook({"S": [NAMES, ROW]})  # its style 1 is a date's
    (table,) = read(tmp_path, repacked(content, **sheet(f'<row r="1">{names}</row>{row.format(2)}')))
    assert table.rows == [["1", "", "", "", "9999-12-31 23:59:59", "", "", ""]]


def test_a_formula_is_its_last_result(tmp_path: Path) -> None:
    names = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in NAMES)
    rows = f'<row r="1">{names}</row><row r="2"><c r="D2"><f>2*3</f><v>6</v></c></row>'
    (table,) = read(tmp_path, repacked(workbook({"S": [NAMES]}), **sheet(rows)))
    assert table.rows == [["", "", "", "6", "", "", "", ""]]


def test_sheets_with_the_same_names_in_any_order_are_parts_of_one_table(tmp_path: Path) -> None:
    other = ["Country", "CUSTOMERID", "UnitPrice", "InvoiceDate", "Quantity", "Description", "StockCode", "invoiceno"]
    (table,) = read(
        tmp_path,
        workbook({
            "Notes": [["from"]], "Year 1": [NAMES, ROW], "Year 2": [other, ROW[::-1], ROW[::-1]], "Empty": [],
            "Countries": [["Country"], ["France"]],
        }),
    )  # fmt: skip
    assert table.description == "XLSX, sheets Year 1, Year 2"
    assert table.notes == ("sheet Notes", "sheet Empty", "sheet Countries")
    assert table.rows == [WRITTEN, NEXT_PART, WRITTEN, WRITTEN]
    assert (table.total, table.scanned) == (3, [WRITTEN] * 3)


def test_parts_may_have_unknown_columns_of_their_own(tmp_path: Path) -> None:
    book: dict[str, Iterable[Sequence[Any]]] = {
        "1": [["Note", *NAMES], ["a", *ROW]],
        "2": [[*NAMES, "Shelf"], [*ROW, "b"]],
    }
    (table,) = read(tmp_path, workbook(book))
    assert table.columns == ("Note", *NAMES, "Shelf")
    assert table.rows == [["a", *WRITTEN, ""], NEXT_PART, ["", *WRITTEN, "b"]]


def test_sheets_whose_known_names_differ_are_tables_of_their_own(tmp_path: Path) -> None:
    renamed = [name.replace("UnitPrice", "Price") for name in NAMES]
    tables = read(tmp_path, workbook({"1": [NAMES, ROW], "2": [renamed, ROW]}))
    assert [(table.name, table.columns) for table in tables] == [
        ("book.xlsx, sheet 1", tuple(NAMES)),
        ("book.xlsx, sheet 2", tuple(renamed)),
    ]


def test_parts_are_scanned_from_the_first_again_when_one_is_not_plain(tmp_path: Path) -> None:
    lines = [*ROW[:2], "two\nlines", *ROW[3:]]
    (table,) = read(tmp_path, workbook({"1": [NAMES, ROW], "2": [NAMES, lines], "3": [NAMES, ROW]}))
    assert [row[2] for row in table.scanned] == ["HOLDER", "two\nlines", "HOLDER"]
    assert table.total == 3


def test_a_sheet_can_be_named(tmp_path: Path) -> None:
    book = workbook({"1": [NAMES, ROW], "Deals": [["a", "b"], ["x", "y"]]})
    assert read(tmp_path, book, "deals ")[0].columns == ("a", "b")
    (table,) = read(tmp_path, book, "Deals")
    assert (table.columns, table.rows, table.notes) == (("a", "b"), [["x", "y"]], ("sheet 1",))


def test_an_unknown_sheet_is_refused_with_the_sheets_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="no sheet Deal: name another one with --sheet: 1, Deals"):
        read(tmp_path, workbook({"1": [NAMES, ROW], "Deals": []}), "Deal")


def test_an_empty_sheet_that_is_named_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="the sheet is empty"):
        read(tmp_path, workbook({"1": [NAMES, ROW], "Deals": []}), "Deals")


def test_rows_above_the_header_are_passed_over_and_named(tmp_path: Path) -> None:
    (table,) = read(tmp_path, workbook({"S": [["Orders — Fernhill"], [], [None, "June"], NAMES, ROW]}))
    assert (table.columns, table.rows) == (tuple(NAMES), [WRITTEN])
    assert table.notes == ("2 rows above the header: Orders — Fernhill",)


def test_without_known_names_the_first_sheet_with_text_is_taken(tmp_path: Path) -> None:
    (table,) = read(tmp_path, workbook({"0": [], "1": [[None, "a"], [1, 2]], "2": [["b"]]}))
    assert (table.description, table.columns, table.rows) == ("XLSX, sheet 1", ("", "a"), [["1", "2"]])


def test_empty_rows_and_cells_beyond_the_header_are_skipped(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [[], [None] * 8, NAMES, [], ROW, [None], [""], [*ROW, "note"], ["536366"]]
    (table,) = read(tmp_path, workbook({"S": rows}))
    assert table.rows == [WRITTEN, WRITTEN, ["536366", *[""] * 7]]
    assert table.total == 3


def test_a_declared_size_that_is_too_small_cuts_nothing_off(tmp_path: Path) -> None:
    content = workbook({"S": [NAMES, ROW]})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    smaller = text.replace("<sheetViews>", '<dimension ref="A1"/><sheetViews>')
    assert smaller != text
    (table,) = read(tmp_path, repacked(content, **{"xl/worksheets/sheet1.xml": smaller}))
    assert (table.columns, table.rows) == (tuple(NAMES), [WRITTEN])


def test_dates_are_counted_from_the_epoch_of_the_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(NAMES)
    book.active.append(ROW)
    buffer = io.BytesIO()
    book.save(buffer)
    assert read(tmp_path, buffer.getvalue())[0].rows == [WRITTEN]


GOOD = workbook({"S": [NAMES, ROW]})
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHTER = f'<!DOCTYPE x [<!ENTITY l0 "{"x" * 100}">{LAUGHS}]><worksheet>&l9;</worksheet>'
REFUSED = {
    "cut off": (GOOD[:-50], "damaged workbook"),
    "a zip archive": (repacked(GOOD, **{"[Content_Types].xml": None}), "not a workbook"),
    "no list of sheets": (repacked(GOOD, **{"xl/workbook.xml": None}), "damaged workbook"),
    "no XML": (repacked(GOOD, **{"xl/worksheets/sheet1.xml": "<worksheet"}), "damaged workbook"),
    "entities in entities": (repacked(GOOD, **{"xl/worksheets/sheet1.xml": LAUGHTER}), "damaged workbook"),
    "a row number beyond the limit": (
        repacked(GOOD, **sheet('<row r="999999999999"><c><v>1</v></c></row>')),
        "more rows",
    ),
    "a bomb": (repacked(GOOD, **{"xl/media/image.bin": BOMB}), "too much for a workbook"),
    "many strings": (repacked(GOOD, **{"xl/sharedStrings.xml": BOMB[: 65 << 20]}), "too much for a workbook"),
    "old or with a password": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "password"),
    "no rows": (workbook({"S": []}), "empty"),
}


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED)
def test_an_unusable_workbook_is_refused_with_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(BadDataError, match=words) as refused:
        read(tmp_path, content)
    assert len(str(refused.value).splitlines()) == 1


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(GOOD)
    with pytest.raises(CannotWriteError, match="TMPDIR"):
        xlsx_file.tables(tmp_path / "book.xlsx", "book.xlsx", None, score, lambda: Path("/dev/full"))


def test_openpyxl_and_httpx_are_not_imported_at_start() -> None:
    imported = "import sys, seeder.__main__; print(*{'openpyxl', 'httpx'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", imported], capture_output=True, check=True).stdout == b"\n"

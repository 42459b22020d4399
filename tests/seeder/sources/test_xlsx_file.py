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

from retention.errors import BadDataError, CannotWriteError
from seeder.sources.xlsx_archive import is_workbook
from seeder.sources.xlsx_file import convert_to_csv

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001 - cells have no zone
ROW: list[Any] = [536365, 85048, "HOLDER", 6, AT, 2.55, 17850, "United Kingdom"]
HEADER = ",".join(NAMES)
WRITTEN = "536365,85048,HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom"
BOMB = "\0" * 100_000_000


def converted(tmp_path: Path, content: bytes) -> tuple[list[str], str]:
    (tmp_path / "book.xlsx").write_bytes(content)
    description, _ = convert_to_csv(tmp_path / "book.xlsx", tmp_path / "lines.csv", "book.xlsx")
    return (tmp_path / "lines.csv").read_text(encoding="utf-8").splitlines(), description


def cell(tmp_path: Path, position: int, value: object) -> str:
    """Return how one value of a row is written."""
    row = [value if number == position else None for number in range(len(NAMES))]
    row[0 if position else 1] = "x"
    (_, line), _ = converted(tmp_path, workbook({"S": [NAMES, row]}))
    return line.strip(",").removeprefix("x").strip(",") if position else line.partition(",")[0]


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
    lines, description = converted(tmp_path, workbook({"Online Retail": [NAMES, ROW]}))
    assert lines == [HEADER, WRITTEN]
    assert description == "XLSX, sheet Online Retail"


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
        ("12/1/2010 8:26", "12/1/2010 8:26"),
        (AT + timedelta(minutes=1, microseconds=-3), "2010-12-01 08:27:00"),
        (AT + timedelta(seconds=1, milliseconds=499), "2010-12-01 08:26:01"),
        (datetime(9999, 12, 31, 23, 59, 59), "9999-12-31 23:59:59"),  # noqa: DTZ001
        (timedelta(hours=1), "1:00:00"),
    ],
)
def test_a_cell_is_written_as_in_csv(tmp_path: Path, value: object, text: str) -> None:
    assert cell(tmp_path, 0, value) == text


def test_the_last_half_second_of_the_year_9999_is_not_rounded_up(tmp_path: Path) -> None:
    row = '<row r="{0}"><c r="A{0}"><v>1</v></c><c r="E{0}" s="1"><v>2958465.999995</v></c></row>'
    names = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in NAMES)
    content = workbook({"S": [NAMES, ROW]})  # its style 1 is a date's
    lines, _ = converted(tmp_path, repacked(content, **sheet(f'<row r="1">{names}</row>{row.format(2)}')))
    assert lines[1] == "1,,,,9999-12-31 23:59:59,,,"


def test_a_formula_is_its_last_result(tmp_path: Path) -> None:
    names = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in NAMES)
    rows = f'<row r="1">{names}</row><row r="2"><c r="D2"><f>2*3</f><v>6</v></c></row>'
    lines, _ = converted(tmp_path, repacked(workbook({"S": [NAMES]}), **sheet(rows)))
    assert lines[1] == ",,,6,,,,"


def test_sheets_are_read_in_turn_each_by_its_own_column_names(tmp_path: Path) -> None:
    other = ["Country", "Customer ID", "Price", "InvoiceDate", "Quantity", "Description", "StockCode", "Invoice"]
    lines, description = converted(
        tmp_path,
        workbook({"Notes": [["from"]], "Year 1": [NAMES, ROW], "Year 2": [other, ROW[::-1]], "Empty": []}),
    )
    assert lines == [HEADER, WRITTEN, WRITTEN]
    assert description == "XLSX, sheets Year 1, Year 2 (skipped: Notes, Empty)"


def test_empty_rows_and_cells_beyond_the_header_are_skipped(tmp_path: Path) -> None:
    rows: list[Sequence[Any]] = [[], [None] * 8, NAMES, [], ROW, [None], [*ROW, "note"], ["536366"]]
    lines, _ = converted(tmp_path, workbook({"S": rows}))
    assert lines == [HEADER, WRITTEN, WRITTEN, "536366,,,,,,,"]


def test_a_declared_size_that_is_too_small_cuts_nothing_off(tmp_path: Path) -> None:
    content = workbook({"S": [NAMES, ROW]})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    smaller = text.replace("<sheetViews>", '<dimension ref="A1"/><sheetViews>')
    assert smaller != text
    lines, _ = converted(tmp_path, repacked(content, **{"xl/worksheets/sheet1.xml": smaller}))
    assert lines == [HEADER, WRITTEN]


def test_dates_are_counted_from_the_epoch_of_the_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(NAMES)
    book.active.append(ROW)
    buffer = io.BytesIO()
    book.save(buffer)
    lines, _ = converted(tmp_path, buffer.getvalue())
    assert lines == [HEADER, WRITTEN]


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
    "no sheet with the columns": (workbook({"S": [["a"]], "T": [["b"]]}), "no column InvoiceNo"),
    "a column twice": (workbook({"S": [[*NAMES, "Invoice"]]}), "more than one column InvoiceNo"),
    "no rows": (workbook({"S": []}), "empty"),
}


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED)
def test_an_unusable_workbook_is_refused_with_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(BadDataError, match=words) as refused:
        converted(tmp_path, content)
    assert len(str(refused.value).splitlines()) == 1


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(GOOD)
    with pytest.raises(CannotWriteError, match="TMPDIR"):
        convert_to_csv(tmp_path / "book.xlsx", Path("/dev/full"), "book.xlsx")


def test_openpyxl_and_httpx_are_not_imported_at_start() -> None:
    imported = "import sys, seeder.__main__; print(*{'openpyxl', 'httpx'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", imported], capture_output=True, check=True).stdout == b"\n"


def test_a_workbook_is_recognised_by_its_first_bytes() -> None:
    assert [is_workbook(start) for start in (GOOD[:4], b"\xd0\xcf\x11\xe0", b"PAR1", b"Invo", b"")] == [
        True, True, False, False, False,
    ]  # fmt: skip

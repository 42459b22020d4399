"""Damaged files: whatever byte is wrong, a file is read or refused in one line, never with a traceback."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import TYPE_CHECKING, Final

import pytest
from malformed import FIRST, LAST, NAMES, ROWS, between, lines, parquet_bytes, put, row, workbook
from tables import contents, score

from retention.errors import BadDataError, NoInputError
from seeder.sources.damage import damage_refused
from seeder.sources.opening import opened

if TYPE_CHECKING:
    from pathlib import Path

CSV: Final = between(row(Description="£1 BAG"))


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


FILES: Final = {
    "CSV": CSV,
    "UTF-16": CSV.decode().encode("utf-16"),
    "gzip": gzip.compress(lines(FIRST, LAST), mtime=0),
    "Parquet": parquet_bytes(),
    "Parquet with dates as text": parquet_bytes(put("InvoiceDate", "2010-12-13", "2010-12-14")),
    "XLSX": workbook({"S": [NAMES, *ROWS]}),
    "zip": zipped({"lines.csv": lines(FIRST, LAST)}),
}
POSITIONS: Final = 100  # of each file, evenly spread: 4 s in all; every byte of each file took 4 minutes


def message(path: Path) -> str:
    """Return why the file is refused; nothing when it can be read."""
    try:
        contents(path)
    except BadDataError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_file_with_a_wrong_byte_is_read_or_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    for position in range(0, len(content), max(1, len(content) // POSITIONS)):
        before, byte, after = content[:position], content[position], content[position + 1 :]
        for damaged in (before + bytes([byte ^ 0x55]) + after, before + b"\xff" * 4 + after[3:], before):
            path.write_bytes(damaged)
            refused = message(path)
            assert refused.isprintable(), position
            assert len(refused) < 500, position


def test_the_same_workbook_is_the_same_bytes() -> None:
    assert workbook({"S": [NAMES, *ROWS]}) == FILES["XLSX"]


def test_a_parquet_file_with_fewer_rows_than_it_declares_is_refused(tmp_path: Path) -> None:
    content = bytearray(parquet_bytes())
    content[31] ^= 0x55  # in the header of the first page: its number of values
    (tmp_path / "lines").write_bytes(content)
    with pytest.raises(BadDataError, match="declares 2 rows and has 0"):
        contents(tmp_path / "lines")


def test_a_csv_file_that_changes_while_it_is_loaded_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(lines(FIRST, LAST))
    with opened(path, sheet=None, score=score) as found:
        (table,) = found.tables
        table.scan(range(8), lambda: list)
        for content in (lines('1,"A"B'), lines("é").decode().encode("latin-1")):
            path.write_bytes(content)
            with pytest.raises(BadDataError, match="changed while it was loaded"):
                list(table.rows(range(8)))


def test_a_name_that_is_too_long_is_no_input(tmp_path: Path) -> None:
    with pytest.raises(NoInputError, match="File name too long"):
        contents(tmp_path / ("x" * 300))


def test_any_exception_of_a_parser_becomes_one_printable_line() -> None:
    with pytest.raises(BadDataError) as refused, damage_refused("a.xlsx", "workbook"):
        raise KeyError("no\n\x1b[2J part")
    assert str(refused.value).startswith("a.xlsx: truncated or damaged workbook: get a new copy of it: KeyError: ")
    assert str(refused.value).isprintable()


def test_a_refusal_of_our_own_is_passed_on() -> None:
    with pytest.raises(BadDataError, match=r"^too large$"), damage_refused("a.xlsx", "workbook"):
        raise BadDataError("too large")

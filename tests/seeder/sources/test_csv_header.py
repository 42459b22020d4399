"""The header: found below titles, by the names in it; the delimiter with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from malformed import FIRST, HEADER, LAST, NAMES, lines, row
from tables import Content, contents

if TYPE_CHECKING:
    from pathlib import Path


def read(tmp_path: Path, text: str) -> Content:
    path = tmp_path / "lines.csv"
    path.write_text(text, newline="")
    return contents(path)[0]


@pytest.mark.parametrize(
    ("above", "notes"),
    [
        ("", ()),
        ("Orders export\n\n", ("2 rows above the header: Orders export",)),
        ("\n\n", ("2 rows above the header",)),
        ("\n\x1b[2JTitle\n", (r"2 rows above the header: \x1b[2JTitle",)),
        ("Orders of Customer, Quantity\n", ("1 row above the header: Orders of Customer, Quantity",)),
        ('The 5" shop, "open\n', ('1 row above the header: The 5" shop, "open',)),  # a stray quote
        ('"Orders\nof May"\n', ('2 rows above the header: "Orders',)),
        ("sep=,\r\n", ("sep=,",)),
        ('"sep=,"\n', ('"sep=,"',)),
        ("sep=,\nTitle\n", ("sep=,", "1 row above the header: Title")),
        ("x\n" * 19, ("19 rows above the header: x",)),
    ],
)
def test_what_stands_above_the_header_is_passed_over_and_named(
    tmp_path: Path, above: str, notes: tuple[str, ...]
) -> None:
    for rows in ((FIRST, LAST), (FIRST, row(Description='"A\nB"'), LAST)):
        table = read(tmp_path, above + lines(*rows).decode())
        assert (table.columns, table.notes, table.rejected) == (tuple(NAMES), notes, [])
        assert table.total == len(rows)


def test_a_header_beyond_the_first_twenty_rows_is_not_found(tmp_path: Path) -> None:
    assert read(tmp_path, "x\n" * 20 + lines(FIRST).decode()).columns == ("x",)


def test_a_name_may_hold_line_breaks_blanks_and_quotes(tmp_path: Path) -> None:
    header = HEADER.replace("InvoiceDate", '" Invoice\nDate "').replace("Country", ' "Country"')
    table = read(tmp_path, f"Title\n{header}\n{FIRST}\n")
    assert table.columns == tuple(name.replace("InvoiceDate", "Invoice Date") for name in NAMES)
    assert table.rows == [FIRST.split(",")]


def test_columns_without_a_name_keep_their_place(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEADER},,Note\n{FIRST},1,2\n").columns == (*NAMES, "", "Note")


def test_an_unknown_header_is_the_first_row_split_into_most_columns(tmp_path: Path) -> None:
    assert read(tmp_path, "\nwhen;who,else;what\n1;2;3\n").columns == ("when", "who,else", "what")


def test_the_delimiter_that_the_file_declares_may_be_another_one(tmp_path: Path) -> None:
    table = read(tmp_path, "sep=^\n" + lines(FIRST).decode().replace(",", "^"))
    assert (table.columns, table.rows) == (tuple(NAMES), [FIRST.split(",")])
    assert table.description == "CSV with ^, UTF-8"


def test_a_header_with_an_open_quote_is_an_unknown_one(tmp_path: Path) -> None:
    assert read(tmp_path, '"' + lines(FIRST).decode()).columns[0].startswith("InvoiceNo,")


@pytest.mark.parametrize("text", ["x" * 1_000_000 + "\n1\n", "x" * 3_000_000 + "\n1\n", ",".join("x" * 10_000)])
def test_a_header_of_any_length_is_read_in_bounds(tmp_path: Path, text: str) -> None:
    assert max(map(len, read(tmp_path, text).columns)) <= 1 << 20


def test_of_equal_headers_the_first_is_taken(tmp_path: Path) -> None:
    table = read(tmp_path, lines(FIRST, HEADER, LAST).decode())
    assert (table.total, table.notes) == (3, ())

"""Records that are not plain: quotes may span lines, and a stray one costs one row, never the rest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from malformed import HEADER, row
from tables import Content, contents

from seeder.sources.csv_records import MAX_RECORD

if TYPE_CHECKING:
    from pathlib import Path

GOOD = [row(InvoiceNo=str(500_000 + number)) for number in range(20)]
NOTE = 'Please leave it\nwith the neighbour\nat no. 4,\nring twice,\nmind the ""dog""\n\nthank you\nand sorry'


def read(tmp_path: Path, *rows: str) -> Content:
    path = tmp_path / "lines.csv"
    path.write_text("\n".join([HEADER, *rows, ""]), newline="")
    (table,) = contents(path)
    assert table.total == len(table.rows)
    assert len(table.scanned) == table.total - len(table.rejected)
    return table


def around(tmp_path: Path, *bad: str) -> Content:
    """Read the rows between good ones, all of which must be there."""
    table = read(tmp_path, *GOOD[:10], *bad, *GOOD[10:])
    found = [cells[0] for cells in table.rows if isinstance(cells, list)]
    assert [number for number in found if number in {good[:6] for good in GOOD}] == [good[:6] for good in GOOD]
    return table


@pytest.mark.parametrize("count", [2, 8, 500])
def test_a_record_may_have_any_number_of_lines(tmp_path: Path, count: int) -> None:
    note = "\n".join(f"line {number}, more" for number in range(count))
    table = around(tmp_path, row(Description=f'"{note}"'))
    assert (table.total, table.rejected) == (21, [])
    assert table.rows[10][2] == note


def test_a_note_with_quotes_and_a_blank_line_is_one_cell(tmp_path: Path) -> None:
    table = around(tmp_path, row(Description=f'"{NOTE}"'), row(Description=f'"{NOTE}"'))
    assert (table.total, table.rejected) == (22, [])
    assert table.rows[10][2] == NOTE.replace('""', '"')


def test_a_cell_of_nearly_1_mib_is_read_and_a_longer_one_is_not(tmp_path: Path) -> None:
    assert around(tmp_path, row(Description='"' + f"{'x' * 99}\n" * 10_000 + '"')).rejected == []
    table = around(tmp_path, row(Description='"' + f"{'x' * 99}\n" * (MAX_RECORD // 100 + 1) + '"'))
    assert table.rejected[0].reason == "row_unreadable"


@pytest.mark.parametrize(
    ("bad", "reason", "rows"),
    [
        ('536365,"A,B,6', "row_unreadable", 21),  # a quote that is never closed
        ('536365,A,"B" C,6,13-12-2010 08:26,2.55,1,F', "row_unreadable", 21),
        ('536365,"A\n536366,A",B,6', "row_unreadable", 22),  # two stray quotes, over two lines
        (f"536365,{'A' * 3_000_000},B,6,13-12-2010 08:26,2.55,1,F", "row_unreadable", 21),
        (",".join("x" * 10_000), "columns", 21),
        ("536365,85123A", "columns", 21),
        (f"{row()},x", "columns", 21),
    ],
)
def test_an_unreadable_record_costs_one_row_not_the_rest(tmp_path: Path, bad: str, reason: str, rows: int) -> None:
    table = around(tmp_path, bad)
    assert (table.total, len(table.rejected)) == (rows, rows - 20)
    assert table.rejected[0].reason == reason


def test_one_stray_quote_in_ten_thousand_rows_costs_one(tmp_path: Path) -> None:
    rows = [row(InvoiceNo=str(number)) for number in range(10_000)]
    rows[1_000] = row(Description='"THING')
    table = read(tmp_path, *rows)
    assert (table.total, len(table.rejected)) == (10_000, 1)


def test_two_stray_quotes_that_close_each_other_do_not_swallow_the_rows_between(tmp_path: Path) -> None:
    """The one would open, the other close a cell, and the record would have the header's width."""
    rows = [row(InvoiceNo=str(number)) for number in range(1_000)]
    rows[100], rows[900] = row(Description='"THING'), row(Description='THING"')
    table = read(tmp_path, *rows)
    assert (table.total, len(table.rejected)) == (1_000, 1)


def test_a_long_note_behind_a_stray_quote_is_read(tmp_path: Path) -> None:
    table = around(tmp_path, row(Description='"A'), row(), row(Description=f'"{NOTE}"'))
    assert len(table.rejected) == 1
    assert table.rows[12][2] == NOTE.replace('""', '"')


@pytest.mark.parametrize(
    "line",
    [row(Description='"THING'), row(Description='THING"', Country='"'), '5,B,a","b'],
    ids=["opened", "closed and opened", "closed and opened, one column more with every line"],
)
def test_stray_quotes_in_every_line_take_linear_time(tmp_path: Path, line: str) -> None:
    def seconds(count: int) -> float:
        before = time.process_time()
        assert read(tmp_path, *[line] * count, *GOOD).total == count + 20
        return time.process_time() - before

    assert seconds(20_000) < 20  # measured 1 to 3 s; read ahead without a bound, it takes minutes


def test_rows_without_text_are_none(tmp_path: Path) -> None:
    for bad in ((), ('1,"A"B',)):  # read in both ways
        table = around(tmp_path, "", ",,,,,,,", ",,", *bad)
        assert table.total == 20 + len(bad)


def test_a_note_that_looks_like_rows_in_part_is_read_like_any_other(tmp_path: Path) -> None:
    note = f"Please\n{row()}\nthank you\nand sorry"
    table = around(tmp_path, row(Description=f'"{note}"'))
    assert (table.total, table.rejected, table.rows[10][2]) == (21, [], note)


def test_a_record_of_several_lines_ends_where_the_next_begins(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(1_000)]
    table = read(tmp_path, *(row(InvoiceNo=number, Description=f'"{NOTE}"') for number in numbers), ",,,,,,,")
    assert [cells[0] for cells in table.rows] == [cells[0] for cells in table.scanned] == numbers

"""A rejected row is kept to be mended, but nobody can be recognised in it."""

from __future__ import annotations

import pytest

from retention.lines.people import WholeNumbers
from retention.lines.rejections import Rejection, rejection

ROW = ("3101", "A", "For maya@fernhill.example", "six", "2025-03-01", "2.5", "17850.0", "GB")
NUMBER = WholeNumbers().number


def test_a_field_is_kept_as_it_is_written_and_the_person_as_a_number() -> None:
    kept = rejection("Quantity_unreadable", "Quantity", ROW, NUMBER)
    assert kept.values == ["3101", "A", "For [e-mail]", "six", "2025-03-01", "2.5", "17850", "GB"]


@pytest.mark.parametrize(
    ("person", "kept"),
    [("cus_Ab12Cd", "xxx_xx99xx"), ("maya@fernhill.example", "[e-mail]"), ("Orr, Maya", "xxx, xxxx"), ("Guest", ""),
     ("Maya <maya@fernhill.example>", "xxxx <[e-mail]>"), (None, ""), ("1" * 30, "9" * 30)],
)  # fmt: skip
def test_a_person_whose_number_cannot_be_read_is_masked(person: object, kept: str) -> None:
    assert rejection("CustomerID_unreadable", "CustomerID", (*ROW[:6], person, "GB"), NUMBER).values[6] == kept


def test_without_anyone_who_reads_numbers_the_person_is_masked() -> None:
    assert rejection("Quantity_unreadable", "Quantity", ROW).values[6] == "99999.9"


@pytest.mark.parametrize("reason", ["columns", "row_unreadable"])
def test_a_whole_row_is_masked(reason: str) -> None:
    row = ['3101,"Maya Orr', "maya@fernhill.example", None, 6]
    assert rejection(reason, "row", row) == Rejection(reason, "row", ['9999,"xxxx xxx', "[e-mail]", "", "9"])


def test_values_are_shortened_and_can_be_stored() -> None:
    kept = rejection("columns", "row", ["x" * 1_000, None, 6, "\ud800\0", *range(100)])
    assert kept == Rejection("columns", "row", ["x" * 200, "", "9", "??", *["9"] * 10, *["99"] * 6])


def test_an_address_across_the_end_of_what_is_kept_is_masked() -> None:
    (text,) = rejection("columns", "row", ["-" * 195 + " maya@fernhill.example"]).values
    assert "maya" not in text

"""The sums of a file."""

from __future__ import annotations

import json
from datetime import date

from seeder.look.people import NOBODY, person
from seeder.look.profile import MAX_WORDS, OTHERS, Day, Profile, by_month, letter_of

MARCH = date(2025, 3, 1)


def test_a_line_counts_on_its_day_and_an_order_once() -> None:
    profile = Profile()
    for first, value in ((True, 28.0), (False, 14.0)):
        profile.line(MARCH, value, person("17"), "3101", is_return=False, price=14.0, first=first)
    profile.line(MARCH, -14.0, person("17"), "C3102", is_return=True, price=14.0, first=True)
    assert profile.days == {MARCH: Day(lines=3, orders=1, gross=42.0, returned=14.0)}
    assert (profile.rows, profile.lines, profile.orders) == (3, 3, 1)


def test_months_without_a_sale_are_months() -> None:
    days = {date(2024, 11, 30): Day(1, 1, 5.0), date(2025, 2, 1): Day(1, 1, 7.0)}
    months = [(f"{month:%Y-%m}", sums.gross) for month, sums in by_month(days)]
    assert months == [("2024-11", 5.0), ("2024-12", 0.0), ("2025-01", 0.0), ("2025-02", 7.0)]


def test_an_invoice_that_is_noted_again_keeps_its_person() -> None:
    profile = Profile()
    profile.invoice("3101", person("17"))
    profile.invoice("3101", NOBODY, negative=True)
    assert profile.invoices.kept["3101"] == (person("17"), True)


def test_a_column_of_free_text_fills_no_memory_with_states() -> None:
    profile = Profile()
    for number in range(1_000):
        profile.state(f"state {number}")
    assert len(profile.states) == MAX_WORDS + 1
    assert profile.states[OTHERS] == 1_000 - MAX_WORDS


def test_what_is_stored_names_nobody() -> None:
    profile = Profile()
    profile.line(MARCH, 28.0, person("maya@fernhill.example"), "3101", is_return=False, price=14.0, first=True)
    profile.rejected("CustomerID_unreadable", 2, "maya@")
    profile.came_again("3101: 2 lines, now 3")
    stored = json.dumps(profile.to_document())
    assert "maya" not in stored
    assert "3101" not in stored
    assert profile.to_document()["months"] == {"2025-03": [28.0, 0.0]}


def test_an_empty_file_has_a_document_too() -> None:
    assert Profile().to_document()["first_day"] is None


def test_only_a_single_letter_before_digits_is_a_letter_of_an_invoice() -> None:
    letters = {number: letter_of(number) for number in ("C536379", "c3102", "3102", "CA-2016-1", "CN-17", "#2001", "")}
    assert letters == {"C536379": "C", "c3102": "C", "3102": "", "CA-2016-1": "", "CN-17": "", "#2001": "", "": ""}

"""The fast way for line feeds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.lines.rules import UnreadableError
from seeder.look import line_feed
from seeder.look.line_feed import LineFeed
from seeder.look.profile import Day, Profile

Row = tuple[Any, Any, Any, Any, Any]  # invoice, date, quantity, price, customer
FIRST, SECOND = date(2025, 3, 1), date(2025, 3, 2)


def number(cell: str) -> float | None:
    return float(cell) if cell else None


def day_of(cell: str) -> date | None:
    if not cell:
        return None
    try:
        return datetime.strptime(cell[:10], "%d-%m-%Y").date()  # noqa: DTZ007 - the shop's own day
    except ValueError:
        raise UnreadableError("unreadable") from None


def feed(profile: Profile, *, day: Any = None) -> LineFeed:
    return LineFeed(profile, quantity=number, price=number, is_nobody=lambda cell: not cell, day=day)


def profile_of(rows: list[Row], *, batch: int = 2, letter: str = "") -> Profile:
    profile = Profile()
    lines = feed(profile)
    for start in range(0, len(rows), batch):
        columns = list(zip(*rows[start : start + batch], strict=True))
        lines.batch(start + 1, *columns)
    profile.cancelled_letter = letter
    lines.settle(day_of)
    return profile


ROWS: list[Row] = [
    ("3101", "01-03-2025 10:00", "2", "14.00", "17"),
    ("3101", "01-03-2025 10:00", "1", "6.50", "17"),
    ("3102", "02-03-2025 09:00", "1", "40.00", ""),
    ("C3103", "02-03-2025 09:30", "-1", "14.00", "17"),
    ("3104", "02-03-2025 09:40", "1", "-3.00", "23"),
    ("3104", "02-03-2025 09:40", "5", "0", "23"),
]


def test_lines_are_summed_by_day() -> None:
    profile = profile_of(ROWS)
    assert profile.days == {FIRST: Day(2, 1, 34.5, 0.0), SECOND: Day(4, 1, 40.0, 17.0)}
    assert (profile.rows, profile.invoices.count, profile.people.count) == (6, 4, 2)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("3105", "02-03-2025", "one", "14.00", "17"), "Quantity_unreadable"),
        (("3105", "02-03-2025", "", "14.00", "17"), "Quantity_missing"),
        (("3105", "02-03-2025", "1", "£14", "17"), "UnitPrice_unreadable"),
        (("3105", "31-31-2025", "1", "14.00", "17"), "InvoiceDate_unreadable"),
        (("3105", "", "1", "14.00", "17"), "InvoiceDate_missing"),
        ((" ", "02-03-2025", "1", "14.00", "17"), "InvoiceNo_missing"),
        ((None, "02-03-2025", "1", "14.00", "17"), "InvoiceNo_missing"),
    ],
)
def test_a_row_that_cannot_be_understood_is_counted_with_its_reason_and_number(row: Row, reason: str) -> None:
    profile = profile_of([*ROWS, row, row])
    assert profile.put_aside == {reason: 2}
    assert (profile.examples[0].reason, profile.examples[0].row) == (reason, 7)
    assert (profile.rows, profile.lines) == (8, 6)


def test_a_positive_line_under_the_letter_of_cancellations_is_a_return() -> None:
    rows: list[Row] = [*ROWS, ("C3106", "02-03-2025", "1", "10.00", "17")]
    assert profile_of(rows, letter="C").days[SECOND] == Day(5, 1, 40.0, 27.0)
    assert profile_of(rows).days[SECOND] == Day(5, 2, 50.0, 17.0)


def test_the_lines_of_one_invoice_may_have_two_dates() -> None:
    rows: list[Row] = [("3101", "01-03-2025", "1", "2", "17"), ("3101", "02-03-2025", "1", "3", "17")]
    days = profile_of(rows).days
    assert (days[FIRST].gross, days[SECOND].gross) == (2.0, 3.0)


def test_two_negative_factors_are_no_sale() -> None:
    assert profile_of([("3101", "01-03-2025", "-2", "-3", "17")]).days[FIRST] == Day(1, 0, 0.0, 6.0)


def test_nothing_in_a_batch_is_no_error() -> None:
    feed(Profile()).batch(1, [], [], [], [], [])


def test_with_more_instants_than_can_wait_a_feed_says_that_it_is_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_feed, "MAX_INSTANTS", 1)
    lines = feed(Profile())
    lines.batch(1, *zip(*ROWS, strict=True))
    assert not lines.complete


def test_a_feed_that_reads_dates_has_room_for_any_number_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = profile_of(ROWS).days
    monkeypatch.setattr(line_feed, "MAX_INSTANTS", 1)
    profile = Profile()
    lines = feed(profile, day=day_of)
    lines.batch(1, *zip(*ROWS, strict=True))
    lines.settle(day_of)
    assert lines.complete
    assert profile.days == expected


CELLS = st.tuples(
    st.sampled_from(["3101", "3102", "C3103", " "]),
    st.sampled_from(["01-03-2025", "02-03-2025", "?"]),
    st.sampled_from(["1", "-2", "0", "x"]),
    st.sampled_from(["2.5", "-1", "0", ""]),
    st.sampled_from(["17", "a@b", ""]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(CELLS, max_size=30), st.integers(1, 7))
def test_every_row_is_counted_once_and_every_amount_whatever_the_order(rows: list[Row], batch: int) -> None:
    profile = profile_of(rows, batch=batch)
    readable = [row for row in rows if row[0] != " " and row[1] != "?" and row[2] != "x" and row[3]]
    values = [(float(row[2]), float(row[3])) for row in readable]
    gross = sum(quantity * price for quantity, price in values if quantity > 0 and price > 0)
    returned = sum(abs(quantity * price) for quantity, price in values if quantity < 0 or price < 0)
    assert (profile.rows, profile.lines) == (len(rows), len(readable))
    assert profile.put_aside.total() == len(rows) - len(readable)
    assert sum(day.gross for day in profile.days.values()) == pytest.approx(gross)
    assert sum(day.returned for day in profile.days.values()) == pytest.approx(returned)

"""Months out of line."""

from __future__ import annotations

from datetime import date

from look_samples import trading

from seeder.look.months import jumps

JANUARY, MARCH, APRIL = date(2025, 1, 1), date(2025, 3, 1), date(2025, 4, 1)


def test_five_times_the_months_before_is_out_of_line() -> None:
    found = jumps(trading((JANUARY, 59, 1), (MARCH, 31, 5), (APRIL, 30, 1)).days)
    assert [(jump.month, jump.revenue, jump.usual) for jump in found] == [(MARCH, 3_100.0, 590.0)]


def test_so_is_a_fifth() -> None:
    assert [jump.month for jump in jumps(trading((JANUARY, 59, 10), (MARCH, 31, 1)).days)] == [MARCH]


def test_a_month_without_a_sale_is_out_of_line() -> None:
    assert [jump.month for jump in jumps(trading((JANUARY, 59, 5), (APRIL, 30, 5)).days)] == [MARCH]


def test_months_in_and_beside_a_long_gap_are_left_to_the_judgement_on_gaps() -> None:
    assert jumps(trading((JANUARY, 62, 5), (date(2025, 6, 20), 41, 5)).days) == []


def test_christmas_with_four_times_the_usual_is_not() -> None:
    assert jumps(trading((JANUARY, 334, 2), (date(2025, 12, 1), 31, 8)).days) == []


def test_months_that_the_file_holds_in_part_are_not_compared() -> None:
    assert jumps(trading((date(2025, 1, 30), 2, 1), (date(2025, 2, 1), 59, 3), (APRIL, 3, 1)).days) == []


def test_a_file_without_days_has_none() -> None:
    assert jumps({}) == []

"""Dates long after all the others."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from look_samples import trading

from seeder.look.gaps import judge

START = date(2024, 1, 1)


def after(first: date, days: int) -> date:
    return first + timedelta(days=days)


def test_one_order_years_after_the_others_is_mistyped_in_a_file_of_any_size() -> None:
    for days in (4, 400):
        gap = judge(trading((START, days, 1), (date(2040, 1, 1), 1, 1)).days).mistyped
        assert gap is not None
        assert (gap.before, gap.after, gap.lines) == (after(START, days - 1), date(2040, 1, 1), 2)


def test_sixty_days_are_no_gap() -> None:
    assert judge(trading((START, 10, 1), (after(START, 9 + 60), 1, 1)).days) == (None, None, None)
    assert judge(trading((START, 10, 1), (after(START, 9 + 61), 1, 1)).days).mistyped


def test_a_shop_that_opens_again_and_sells_on_has_had_a_pause() -> None:
    verdict = judge(trading((START, 100, 50), (after(START, 170), 100, 50)).days)
    assert verdict.mistyped is None
    assert verdict.doubtful is None
    assert verdict.pause is not None
    assert verdict.pause.days == 71


def test_a_few_dozen_orders_after_a_gap_are_asked_about() -> None:
    verdict = judge(trading((START, 100, 10), (after(START, 200), 5, 6)).days)
    assert verdict.mistyped is None
    assert verdict.doubtful is not None
    assert verdict.doubtful.orders == 30


def test_a_shop_that_closes_every_winter_may_open_again_with_one_order() -> None:
    spans = [(START, 100, 5), (after(START, 170), 100, 5), (after(START, 340), 1, 1)]
    assert judge(trading(*spans).days).mistyped is None


def test_a_mistyped_first_date_does_not_excuse_a_mistyped_last_one() -> None:
    spans = [(date(1995, 1, 1), 1, 1), (START, 100, 5), (date(2040, 1, 1), 1, 1)]
    gap = judge(trading(*spans).days).mistyped
    assert gap is not None
    assert gap.after == date(2040, 1, 1)


def test_a_pause_does_not_excuse_a_date_years_later() -> None:
    spans = [(START, 100, 5), (after(START, 170), 100, 5), (date(2040, 1, 1), 1, 1)]
    verdict = judge(trading(*spans).days)
    assert verdict.mistyped is not None
    assert verdict.mistyped.after == date(2040, 1, 1)


def test_two_mistyped_dates_are_cut_at_the_first_of_them() -> None:
    spans = [(START, 100, 5), (date(2031, 1, 1), 1, 1), (date(2040, 1, 1), 1, 1)]
    gap = judge(trading(*spans).days).mistyped
    assert gap is not None
    assert (gap.after, gap.orders) == (date(2031, 1, 1), 2)


@pytest.mark.parametrize("orders", [1, 2])
def test_where_half_the_orders_come_later_nobody_can_call_them_mistyped(orders: int) -> None:
    assert judge(trading((START, 1, orders), (after(START, 100), 1, orders)).days).mistyped is None


def test_no_days_have_no_gap() -> None:
    assert judge({}) == (None, None, None)

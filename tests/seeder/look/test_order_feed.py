"""Whole orders, summed."""

from __future__ import annotations

from datetime import date

import pytest
from look_samples import feed_of, line, shop

from retention.lines.rules import UnreadableError
from seeder.formats.plan import Order, Stated
from seeder.look.order_feed import OrderFeed
from seeder.look.people import person
from seeder.look.profile import Day, Profile
from seeder.look.reconciliation import Reconciliation

MARCH = date(2025, 3, 1)
ORDER = Order(
    "#2001", [line("#2001", 2, 14.0, who="Maya@Fernhill.example"), line("#2001", 1, 14.0)], stated=Stated(47.0)
)


def summed(*orders: Order) -> tuple[Profile, Reconciliation]:
    profile, reconciliation = Profile(), Reconciliation()
    feed = feed_of(profile, reconciliation)
    for order in orders:
        feed.add(order, 1)
    return profile, reconciliation


def test_an_order_is_summed_on_its_day() -> None:
    profile, _ = summed(ORDER)
    assert profile.days == {MARCH: Day(2, 1, 42.0, 0.0, 47.0)}
    assert profile.invoices.kept == {"#2001": (person("maya@fernhill.example"), False)}


def test_a_refund_is_a_return_on_its_own_day_and_no_order() -> None:
    profile, _ = summed(ORDER._replace(lines=[*ORDER.lines, line("#2001", -1, 14.0, day="2025-03-05")]))
    assert profile.days[date(2025, 3, 5)] == Day(1, 0, 0.0, 14.0)
    assert profile.orders == 1


def test_an_order_that_does_not_stand_is_counted_by_its_state_alone() -> None:
    profile, reconciliation = summed(ORDER._replace(state="cancelled"))
    difference = reconciliation.difference()
    assert (profile.days, profile.states, profile.rows) == ({}, {"cancelled": 1}, 2)
    assert difference is not None
    assert difference.causes == {"cancelled": 4_700}


def test_an_order_in_another_currency_goes_to_quarantine_and_into_no_sum() -> None:
    profile, reconciliation = summed(ORDER._replace(currency="JPY"))
    difference = reconciliation.difference()
    assert (profile.days, profile.other_currencies, profile.put_aside) == ({}, {"JPY": 1}, {"other_currency": 2})
    assert difference is not None
    assert (difference.cents, difference.foreign) == (0, {"JPY": 4_700})


def test_an_order_with_a_date_that_cannot_be_read_goes_to_quarantine() -> None:
    def day(_: object) -> date:
        raise UnreadableError("unreadable")

    profile, reconciliation = Profile(), Reconciliation()
    assert not OrderFeed(profile, reconciliation, day=day, is_nobody=lambda cell: not cell).add(ORDER, 7)
    difference = reconciliation.difference()
    assert profile.put_aside == {"InvoiceDate_unreadable": 2}
    assert profile.examples[0].row == 7
    assert difference is not None
    assert difference.causes == {"quarantined": 4_700}


def test_an_order_without_lines_is_no_order() -> None:
    assert summed(ORDER._replace(lines=[]))[0].days == {}


def test_the_totals_of_a_whole_shop_are_explained_to_the_cent() -> None:
    profile, reconciliation = summed(*shop())
    difference = reconciliation.difference()
    assert difference is not None
    assert set(difference.causes) == {"shipping", "tax", "refund", "cancelled"}
    assert sum(difference.causes.values()) == difference.cents
    counted = sum(day.gross - day.returned for day in profile.days.values())
    assert difference.counted / 100 == pytest.approx(counted)

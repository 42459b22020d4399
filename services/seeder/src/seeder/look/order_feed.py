"""Whole orders, summed for the profile and held against their own totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from retention.lines.rules import UnreadableError
from seeder.look.people import NOBODY, Person, person
from seeder.look.profile import Day, Profile
from seeder.look.reconciliation import Reconciliation, worth

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from seeder.formats.plan import Order

MAX_CACHED: Final = 32_768  # date and person cells
_DATE, _PRICE, _QUANTITY, _PERSON = 4, 5, 3, 6  # positions in a line, as in lines.rules.RULES


class OrderFeed:
    """Collects the sums of the orders of one file.

    `day` gives the shop's day of a date cell, UnreadableError otherwise. Quantities, prices and totals of the lines are
    numbers. An order in another currency than `currency` is counted, and summed nowhere.
    """

    def __init__(
        self,
        profile: Profile,
        reconciliation: Reconciliation,
        *,
        day: Callable[[Any], date],
        is_nobody: Callable[[Any], bool],
        currency: str | None = None,
    ) -> None:
        self._profile = profile
        self._reconciliation = reconciliation
        self._day = day
        self._is_nobody = is_nobody
        self._currency = currency
        self._days: dict[Any, date] = {}
        self._people: dict[Any, Person] = {}

    def add(self, order: Order, row: int = 0) -> bool:
        """Add an order that began at `row`; return whether it counts: it stands, in the shop's currency, readable."""
        profile, number = self._profile, str(order.invoice)
        foreign = bool(self._currency and order.currency and order.currency != self._currency)
        try:
            days = [self._day_of(line[_DATE]) for line in order.lines]
        except UnreadableError as error:
            profile.rejected(f"InvoiceDate_{error.reason}", row, number, len(order.lines))
            self._reconciliation.add(order, put_aside=True)
            return False
        self._reconciliation.add(order, foreign=foreign)
        if order.state is not None:
            profile.rows += len(order.lines)
            profile.state(order.state)
            return False
        if foreign:
            profile.other_currency(order.currency or "")
            profile.rejected("other_currency", row, f"{number} in {order.currency}", len(order.lines))
            return False
        self._sum(order, days)
        return True

    def _sum(self, order: Order, days: list[date]) -> None:
        profile = self._profile
        who = self._who(order.lines[0][_PERSON]) if order.lines else NOBODY
        prices, bought = [], False
        for line, day in zip(order.lines, days, strict=True):
            value = worth(line)
            profile.sold(day, Day(1, 0, max(value, 0.0), max(-value, 0.0)))
            if value > 0:
                bought = True
                prices.append(line[_PRICE])
        if days:
            stated = order.stated.total if order.stated else None
            profile.sold(days[0], Day(orders=int(bought), stated=stated or 0.0))
        profile.rows += len(order.lines)
        profile.prices.add(profile.prices.due(prices))
        profile.invoice(str(order.invoice), who, negative=not bought)
        profile.person(who)

    def _day_of(self, cell: object) -> date:
        day = self._days.get(cell)
        if day is None:
            if len(self._days) >= MAX_CACHED:
                self._days.clear()
            day = self._days[cell] = self._day(cell)
        return day

    def _who(self, cell: object) -> Person:
        who = self._people.get(cell)
        if who is None:
            if len(self._people) >= MAX_CACHED:
                self._people.clear()
            who = self._people[cell] = NOBODY if cell is None or self._is_nobody(cell) else person(cell)
        return who

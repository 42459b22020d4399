"""Whole orders, summed for the profile and held against their own totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from retention.lines.rules import UnreadableError
from seeder.look.people import NOBODY, Person, person
from seeder.look.reconciliation import worth

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from seeder.formats.plan import Order
    from seeder.look.profile import Profile
    from seeder.look.reconciliation import Reconciliation

MAX_CACHED: Final = 32_768  # date and person cells
_DATE, _PRICE, _PERSON = 4, 5, 6  # positions in a line, as in lines.rules.RULES


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
        profile, lines = self._profile, order.lines
        foreign = bool(self._currency and order.currency and order.currency != self._currency)
        values = [worth(line) for line in lines]
        try:
            days = [self._day_of(line[_DATE]) for line in lines]
        except UnreadableError as error:
            profile.rejected(f"InvoiceDate_{error.reason}", row, str(order.invoice), len(lines))
            self._reconciliation.add(order, values, put_aside=True)
            return False
        self._reconciliation.add(order, values, foreign=foreign)
        if order.state is not None:
            profile.rows += len(lines)
            profile.state(order.state)
        elif foreign:
            profile.other_currency(order.currency or "")
            profile.rejected("other_currency", row, f"{order.invoice} in {order.currency}", len(lines))
        elif lines:
            self._sum(order, days, values)
            return True
        return False

    def _sum(self, order: Order, days: list[date], values: list[float]) -> None:
        """Add the lines of an order that counts; a refund may have a day of its own."""
        profile, stated = self._profile, order.stated
        profile.rows += len(values)
        sums = profile.day(days[0])
        if stated and stated.total:
            sums.stated += stated.total
        bought = False
        for day, value in zip(days, values, strict=True):
            if day is not days[0]:
                sums = profile.day(day)
            sums.lines += 1
            if value > 0:
                sums.gross += value
                bought = True
            else:
                sums.returned -= value
        who = self._who(order.lines[0][_PERSON])
        if bought:
            profile.day(days[0]).orders += 1
            profile.prices.add([line[_PRICE] for line in profile.prices.due(order.lines) if line[_PRICE] > 0])
        profile.invoice(str(order.invoice), who, negative=not bought)

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
            self._profile.person(who)
        return who

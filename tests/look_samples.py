"""Orders of an invented shop, and what the look makes of them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from seeder.formats.plan import Order, Stated
from seeder.look.order_feed import OrderFeed
from seeder.look.people import person
from seeder.look.profile import Day, Profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seeder.formats.plan import Line
    from seeder.look.reconciliation import Reconciliation


def line(
    invoice: str, quantity: float, price: float, *, day: str = "2025-03-01", who: str = "", total: float | None = None
) -> Line:
    return (invoice, "A", "Towel", quantity, day, price, who, "GB", total)


def feed_of(profile: Profile, reconciliation: Reconciliation, currency: str | None = "USD") -> OrderFeed:
    return OrderFeed(
        profile, reconciliation, day=date.fromisoformat, is_nobody=lambda cell: not cell, currency=currency
    )


def shop(orders: int = 400, days: int = 200) -> Iterable[Order]:
    """Shipping and tax on top of each order; one in twenty refunded, cancelled or in euros."""
    rng = random.Random(3)  # noqa: S311 - invents a shop
    for number in range(orders):
        day = (date(2025, 3, 1) + timedelta(days=number * days // orders)).isoformat()
        invoice, kind = f"#{2000 + number}", number % 20
        who = "" if kind == 7 else f"c{rng.randrange(orders // 3)}@fernhill.example"
        lines = [
            line(invoice, rng.randrange(1, 4), rng.choice([14.0, 6.5, 42.0]), day=day, who=who)
            for _ in range(rng.randrange(1, 4))
        ]
        bought = sum(one[3] * one[5] for one in lines)
        if kind == 3:
            lines.append(line(invoice, -1, 5.0, day=day, who=who))
        stated = Stated(round(bought + 5 + bought * 0.08, 2), bought, 5.0, round(bought * 0.08, 2))
        yield Order(invoice, lines, {11: "cancelled"}.get(kind), {13: "EUR"}.get(kind, "USD"), stated)


def trading(*spans: tuple[date, int, int]) -> Profile:
    """A profile of so many days from a date on, with so many orders of two lines a day."""
    profile = Profile()
    for first, days, orders in spans:
        for at in range(days):
            profile.sold(first + timedelta(days=at), Day(2 * orders, orders, 20.0 * orders))
            profile.rows += 2 * orders
    return profile


def with_people(profile: Profile, people: int) -> Profile:
    for number in range(people):
        who = person(f"c{number}@fernhill.example")
        profile.person(who)
        profile.invoice(f"{number}", who)
    return profile

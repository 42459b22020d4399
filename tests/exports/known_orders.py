"""Orders that are known to the cent, from which the exports of shop systems are written."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

PRODUCTS = (
    ("LIN-BLU", "Linen Towel - Blue"),
    ("SOAP-1", "Soap Bar"),
    ("OAK", 'Oak Table, "wide"'),
    ("CUP", "Cup | hand-thrown: grey"),
    ("", "Gift Card"),
    ("PRINT-A5", "Print A5, framed"),
    ("MUG-É", "Café mug"),
)
BEGIN = datetime(2025, 1, 1, 8)  # noqa: DTZ001 - the shop's wall clock


@dataclass(frozen=True)
class KnownLine:
    product: tuple[str, str]  # code and name
    quantity: Decimal
    total: int  # cents, before the order's discount

    @property
    def price(self) -> int:
        """Cents of one unit; exact for whole quantities."""
        return int(Decimal(self.total) / self.quantity)


@dataclass(frozen=True)
class KnownRefund:
    amount: int  # cents of goods
    instant: datetime


@dataclass(frozen=True)
class KnownOrder:
    invoice: str
    person: str | None  # an e-mail, or a text id
    instant: datetime  # the shop's wall clock
    lines: tuple[KnownLine, ...]
    currency: str = "GBP"
    state: str | None = None  # "cancelled", "pending"; None: it stands
    refunds: tuple[KnownRefund, ...] = ()
    shipping: int = 0
    tax: int = 0
    discount: int = 0

    @property
    def goods(self) -> int:
        """Cents of the goods, after the discount."""
        return sum(line.total for line in self.lines) - self.discount

    @property
    def paid(self) -> int:
        """Cents that the customer paid."""
        return self.goods + self.shipping + self.tax

    def totals(self) -> list[int]:
        """Each line's cents after the discount, by the largest remainder, so that they add up to the goods."""
        gross = sum(line.total for line in self.lines)
        exact = [Decimal(line.total * self.goods) / (gross or 1) for line in self.lines]
        cents = [int(share) for share in exact]
        by_remainder = sorted(range(len(cents)), key=lambda index: cents[index] - exact[index])
        for index in by_remainder[: self.goods - sum(cents)]:
            cents[index] += 1
        return cents


def seeded(seed: int) -> random.Random:
    """A source of invented orders that says the same every time."""
    return random.Random(seed)  # noqa: S311 - no secret


def known_orders(rng: random.Random, count: int = 30, people: int = 6, start: int = 3101) -> list[KnownOrder]:
    """Orders by a few people, some of them nobody; with discounts, shipping, tax, refunds and states."""
    return [_order(rng, str(start + number), people) for number in range(count)]


def _order(rng: random.Random, invoice: str, people: int) -> KnownOrder:
    lines = tuple(_line(rng) for _ in range(rng.choice((1, 1, 2, 2, 3, 5))))
    gross = sum(line.total for line in lines)
    instant = BEGIN + timedelta(minutes=rng.randrange(60 * 24 * 400), seconds=rng.randrange(60))
    discount = rng.choice((0, 0, 0, gross // 10, rng.randrange(gross)))
    refund = rng.choice((0, 0, 0, gross - discount, rng.randint(1, gross - discount)))
    person = rng.randrange(people + 1)
    return KnownOrder(
        invoice,
        f"buyer{person}@fernhill.example" if person else None,
        instant,
        lines,
        state=rng.choice((None, None, None, None, "cancelled", "pending")),
        refunds=(KnownRefund(refund, instant + timedelta(days=2)),) if refund else (),
        shipping=rng.choice((0, 400, 495)),
        tax=rng.choice((0, (gross - discount) // 5)),
        discount=discount,
    )


def _line(rng: random.Random) -> KnownLine:
    quantity = rng.choice((1, 1, 1, 2, 3, 10))
    return KnownLine(
        rng.choice(PRODUCTS), Decimal(quantity), quantity * rng.choice((1, 99, 1400, rng.randint(1, 200_000)))
    )


def regulars(people: int = 600, days: int = 700, seed: int = 5) -> list[KnownOrder]:
    """Two years of people who each order in a rhythm of their own until they leave, enough to train a model."""
    rng = seeded(seed)
    begin = BEGIN - timedelta(days=days - 60)
    visits = sorted((begin + timedelta(days=day), person) for person in range(people) for day in _visits(rng, days))
    return [
        KnownOrder(str(3101 + number), f"buyer{person}@fernhill.example", at, (_line(rng), _line(rng)), "EUR")
        for number, (at, person) in enumerate(visits)
    ]


def _visits(rng: random.Random, days: int) -> list[float]:
    """Days of one person's orders."""
    at = rng.uniform(0, 0.9 * days)
    gap, end = rng.lognormvariate(3.5, 1.1), at + 20 + rng.expovariate(1 / 420)
    found = []
    while at < min(days, end):
        found.append(at)
        at += 0.5 + rng.expovariate(1 / gap)
    return found

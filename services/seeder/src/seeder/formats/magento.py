"""Magento 2's orders grid: one row per order without its items, loaded as one line of no known product.

Amounts are those in the shop's own (base) currency, which the file does not name; those in the buyer's are passed over.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from seeder.formats import states
from seeder.formats.grouped import Numbers, by_order
from seeder.formats.header import Header, plain, present
from seeder.formats.order_lines import Buyer, person, text
from seeder.formats.plan import Order, Plan, Stated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seeder.formats.plan import Picked

_CORE: Final = ("ID", "Purchase Date", "Grand Total (Base)", "Status", "Customer Email")
_CLOSED: Final = frozenset({"closed", "refunded"})  # Magento closes an order once all of it is refunded
_DO_NOT_STAND: Final = {
    "canceled": "cancelled", "cancelled": "cancelled", "paypalcanceledreversal": "cancelled",
    "paypalreversed": "cancelled", "pending": "pending", "pendingpayment": "pending", "pendingpaypal": "pending",
    "paymentreview": "pending", "holded": "on hold", "onhold": "on hold", "fraud": "fraud",
    "suspectedfraud": "fraud",
}  # fmt: skip


class _At(NamedTuple):
    number: int
    date: int
    total: int
    status: int
    email: int
    subtotal: int | None
    shipping: int | None
    refunded: int | None


def plan(columns: Sequence[str]) -> Plan | None:
    """Return how Magento's orders grid is read; None for another header."""
    header = Header(columns)
    if not header.has(*_CORE):
        return None
    optional = ("Subtotal", "Shipping and Handling", "Total Refunded")
    at = _At(*(header.need(name) for name in _CORE), *map(header.take, optional))
    return Plan(
        key="magento",
        title="Magento 2 orders export",
        positions=header.positions,
        invoice=at.number,
        dates=(at.date,),
        numbers=present(at.total, at.subtotal, at.shipping, at.refunded),
        person=at.email,
        passed_over=header.passed_over,
        orders=by_order(at.number, at.date, partial(_order, at)),
    )


def _order(at: _At, numbers: Numbers, rows: list[Picked]) -> Order:
    row = rows[-1]  # the last one, when files joined by hand hold the order twice
    buyer = Buyer(row[at.number], row[at.date], person(text(row, at.email)))
    total = numbers[row[at.total]] or 0.0
    lines = [buyer.line("", "", 1, total)]
    refunded = numbers.of(row, at.refunded)
    word = plain(text(row, at.status))
    returned = total if not refunded and word in _CLOSED else refunded
    stated = Stated(
        total, numbers.of(row, at.subtotal), numbers.of(row, at.shipping), None, None, refunded
    )  # the line holds the shipping too: the grid has no value of the goods in the base currency for sure
    state = _DO_NOT_STAND.get(word) or states.state(word)
    return Order(row[at.number], lines + buyer.refunds([(returned, None)], lines), state, None, stated)

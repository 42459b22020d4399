"""Etsy's Sold Order Items: a row per item; postage and tax stand on the first one of an order.

The second file, Sold Orders, has no items and is no plan of this format.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from seeder.formats.grouped import Numbers, by_order
from seeder.formats.header import Header, present
from seeder.formats.order_lines import Buyer, first_cell, first_text, person, sold, text
from seeder.formats.plan import Order, Plan, Stated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seeder.formats.plan import Line, Picked

_CORE: Final = ("Order ID", "Sale Date", "Item Name", "Quantity", "Price")


class _At(NamedTuple):
    number: int
    date: int
    item: int
    quantity: int
    price: int
    discount: int | None
    item_total: int | None
    shipping: int | None
    tax: int | None
    currency: int | None
    transaction: int | None
    listing: int | None
    sku: int | None
    buyer: int | None
    country: int | None


def plan(columns: Sequence[str]) -> Plan | None:
    """Return how Etsy's Sold Order Items are read; None for another header."""
    header = Header(columns)
    if not header.has(*_CORE) or not header.has_one("Transaction ID", "Listing ID"):
        return None
    at = _At(
        *(header.need(name) for name in _CORE),
        *map(
            header.take,
            (
                "Discount Amount", "Item Total", "Order Shipping", "Order Sales Tax", "Currency", "Transaction ID",
                "Listing ID", "SKU", "Buyer", "Ship Country",
            ),
        ),
    )  # fmt: skip
    return Plan(
        key="etsy",
        title="Etsy, Sold Order Items",
        positions=header.positions,
        invoice=at.number,
        dates=(at.date,),
        numbers=present(at.quantity, at.price, at.discount, at.item_total, at.shipping, at.tax),
        person=at.buyer,
        currency=at.currency,
        passed_over=header.passed_over,
        orders=by_order(at.number, at.date, partial(_order, at)),
    )


def _order(at: _At, numbers: Numbers, rows: list[Picked]) -> Order:
    rows = _once(at, rows)
    number, date = rows[0][at.number], first_cell(rows, at.date)
    buyer = Buyer(number, date, person(first_text(rows, at.buyer)), first_text(rows, at.country))
    lines = [_line(at, numbers, buyer, row) for row in rows]
    subtotal, shipping, tax, discount = (
        numbers.sum(rows, index) for index in (at.item_total, at.shipping, at.tax, at.discount)
    )
    discount = None if discount is None else abs(discount)
    if subtotal is not None and discount and sold(lines) < subtotal:  # Etsy's item total is before the discount
        subtotal = round(subtotal - discount, 6)
    currency = first_text(rows, at.currency).upper() or None
    return Order(number, lines, None, currency, Stated(None, subtotal, shipping, tax, discount), open_ended=True)


def _line(at: _At, numbers: Numbers, buyer: Buyer, row: Picked) -> Line:
    """Return a row's line: price × quantity less the discount, which is the whole row's; never below zero."""
    quantity, discount = numbers[row[at.quantity]], abs(numbers.of(row, at.discount) or 0.0)
    gross = (numbers[row[at.price]] or 0.0) * (1.0 if quantity is None else quantity)
    code = text(row, at.sku) or text(row, at.listing)
    return buyer.line(code, text(row, at.item), quantity, max(gross - discount, 0.0))


def _once(at: _At, rows: list[Picked]) -> list[Picked]:
    """Return each of Etsy's transactions once, the last one of its rows: files joined by hand repeat them."""
    if at.transaction is None:
        return rows
    known = {text(row, at.transaction) or str(index): row for index, row in enumerate(rows)}
    return list(known.values())

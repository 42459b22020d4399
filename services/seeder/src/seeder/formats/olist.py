"""Olist's orders and items, joined in one table: a row per unit, so that the quantity is always 1."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from seeder.formats import states
from seeder.formats.grouped import Numbers, by_order
from seeder.formats.header import Header, present
from seeder.formats.order_lines import Buyer, first_cell, first_text, person, text
from seeder.formats.plan import Order, Plan, Stated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seeder.formats.plan import Picked

_CORE: Final = ("order_id", "order_purchase_timestamp", "customer_unique_id", "product_id", "price")
_DO_NOT_STAND: Final = {
    "canceled": "cancelled", "cancelled": "cancelled", "unavailable": "unavailable", "created": "pending",
}  # fmt: skip


class _At(NamedTuple):
    number: int
    date: int
    customer: int
    product: int
    price: int
    freight: int | None
    status: int | None
    item: int | None


def plan(columns: Sequence[str]) -> Plan | None:
    """Return how Olist's tables are read once they are joined (olist_tables); None for another header."""
    header = Header(columns)
    if not header.has(*_CORE):
        return None
    optional = ("freight_value", "order_status", "order_item_id")
    at = _At(*(header.need(name) for name in _CORE), *map(header.take, optional))
    return Plan(
        key="olist",
        title="Olist orders",
        positions=header.positions,
        invoice=at.number,
        dates=(at.date,),
        numbers=present(at.price, at.freight),
        person=at.customer,
        zone="America/Sao_Paulo",
        shop_zone="America/Sao_Paulo",
        shop_currency="BRL",
        passed_over=header.passed_over,
        orders=by_order(at.number, at.date, partial(_order, at)),
    )


def _order(at: _At, numbers: Numbers, rows: list[Picked]) -> Order:
    rows = _once(at, rows)
    buyer = Buyer(rows[0][at.number], first_cell(rows, at.date), person(first_text(rows, at.customer)))
    lines = [buyer.line(text(row, at.product), "", 1, numbers[row[at.price]] or 0.0) for row in rows]
    word = first_text(rows, at.status).casefold()
    state = _DO_NOT_STAND.get(word) or states.state(word)
    stated = Stated(None, numbers.sum(rows, at.price), numbers.sum(rows, at.freight))
    numbered = {text(row, at.item) for row in rows}
    cut = "" not in numbered and "1" not in numbered  # items are counted from 1
    return Order(buyer.invoice, lines, state, None, stated, cut, open_ended=True)


def _once(at: _At, rows: list[Picked]) -> list[Picked]:
    """Return each item of an order once: joined with the payments, it stands there once for each of them."""
    if at.item is None:
        return rows
    return list({text(row, at.item) or f"row {index}": row for index, row in enumerate(rows)}.values())

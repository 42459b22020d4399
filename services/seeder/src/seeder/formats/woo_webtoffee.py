"""WooCommerce by WebToffee's order export: one row per order, its items in cells or columns of their own."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from seeder.formats.grouped import Numbers, by_order
from seeder.formats.header import Header, present
from seeder.formats.item_cells import Item, item, refunds
from seeder.formats.order_lines import Buyer, person, sold, text
from seeder.formats.plan import Order, Plan, Stated
from seeder.formats.woo_states import REFUNDED, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seeder.formats.plan import Line, Picked

_CORE: Final = ("order_date", "status")
_NUMBER: Final = ("order_id", "order_number")
_CELL: Final = re.compile("lineitem[0-9]+")
_COLUMN: Final = re.compile("(?:lineitem|productitem)([0-9]+)(name|sku|id|productid|quantity|total)")
_WORDS: Final = ("billing_email", "customer_email", "customer_user", "customer_id")
_MONEY: Final = (
    "order_total", "order_subtotal", "shipping_total", "fee_total", "tax_total", "discount_total", "cart_discount",
)  # fmt: skip


class _At(NamedTuple):
    number: int
    date: int
    status: int
    people: tuple[int, ...]
    country: int | None
    billing_country: int | None
    currency: int | None
    refunds: int | None
    money: dict[str, int | None]
    cells: tuple[int, ...]  # an item each: `name:…|sku:…|quantity:…|total:…`
    columns: tuple[dict[str, int], ...]  # an item each: its name, sku, quantity and total in columns


def plan(columns: Sequence[str]) -> Plan | None:
    """Return how WebToffee's order export is read; None for another header."""
    header = Header(columns)
    if not header.has(*_CORE) or not header.has_one(*_NUMBER):
        return None
    number = header.need(*_NUMBER)
    cells, items = tuple(header.named(_CELL).values()), _items(header)
    if not cells and not items:
        return None
    at = _At._make((
        number, *(header.need(name) for name in _CORE), present(*map(header.take, _WORDS)),
        header.take("shipping_country"), header.take("billing_country"), header.take("order_currency"),
        header.take("refund_items"), {name: header.take(name) for name in _MONEY}, cells, items,
    ))  # fmt: skip
    counted = (columns[part] for columns in items for part in ("quantity", "total") if part in columns)
    return Plan(
        key="woo-webtoffee",
        title="WooCommerce, WebToffee order export",
        positions=header.positions,
        invoice=at.number,
        dates=(at.date,),
        numbers=(*present(*at.money.values()), *counted),
        person=at.people[0] if at.people else None,
        currency=at.currency,
        passed_over=header.passed_over,
        orders=by_order(at.number, at.date, partial(_order, at)),
    )


def _items(header: Header) -> tuple[dict[str, int], ...]:
    """Return the columns of each item: `Product Item 1 Name`, `line_item_1_name`, …; only those with a total."""
    items: dict[str, dict[str, int]] = {}
    for name, index in header.named(_COLUMN).items():
        found = _COLUMN.fullmatch(name)
        if found:
            items.setdefault(found[1], {})[found[2]] = index
    return tuple(columns for columns in items.values() if "total" in columns)


def _order(at: _At, numbers: Numbers, rows: list[Picked]) -> Order:
    row = rows[-1]  # the last one, when files joined by hand hold the order twice
    customer = person(*(text(row, index) for index in at.people))
    country = text(row, at.country) or text(row, at.billing_country)
    buyer = Buyer(row[at.number], row[at.date], customer, country)
    items = [found for index in at.cells if (found := item(text(row, index))) is not None]
    written = partial(_number, numbers)
    lines = [_line(buyer, found, written) for found in items]
    lines = lines or [_line(buyer, found, numbers.__getitem__) for found in _from_columns(at, row)]
    given = [(written(refund.amount), refund.date) for refund in refunds(text(row, at.refunds))]
    if not given:
        given = [(written(found.refunded), None) for found in items if found.refunded]
    state = state_of(text(row, at.status))
    stated = _stated(at, numbers, row, lines)
    stated = stated._replace(refunded=round(sum(abs(amount or 0.0) for amount, _ in given), 6) if given else None)
    if state == REFUNDED:
        given, state = given or [(sold(lines), None)], None
    currency = text(row, at.currency).upper() or None
    return Order(row[at.number], lines + buyer.refunds(given, lines), state, currency, stated)


def _from_columns(at: _At, row: Picked) -> list[Item]:
    items = []
    for columns in at.columns:
        name, sku, quantity, total = (text(row, columns.get(part)) for part in ("name", "sku", "quantity", "total"))
        if name or sku or total:
            items.append(Item(name, sku, quantity, total, ""))
    return items


def _line(buyer: Buyer, found: Item, read: Callable[[str], float | None]) -> Line:
    return buyer.line(found.sku, found.name, read(found.quantity), read(found.total) or 0.0)


def _number(numbers: Numbers, written: str) -> float | None:
    """Return a number from inside a cell: the plugin writes a point, whatever a spreadsheet did to the columns."""
    try:
        return float(written) if written.strip() else None
    except ValueError:
        return numbers.of([written], 0)


def _stated(at: _At, numbers: Numbers, row: Picked, lines: list[Line]) -> Stated:
    """Return the order's own figures; its fees, which no other figure holds, count with the shipping."""
    said = {name: numbers.of(row, index) for name, index in at.money.items()}
    discount = said["discount_total"] if said["discount_total"] is not None else said["cart_discount"]
    subtotal = said["order_subtotal"]
    if subtotal is not None and discount and sold(lines) < subtotal:  # the plugin's subtotal is before the discount
        subtotal = round(subtotal - discount, 6)
    extra = [value for value in (said["shipping_total"], said["fee_total"]) if value is not None]
    return Stated(said["order_total"], subtotal, sum(extra) if extra else None, said["tax_total"], discount, None)

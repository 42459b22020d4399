"""Shopify's orders export: a row per item, the order's own fields on its first row or on all of them."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seeder.formats import states
from seeder.formats.discounts import Prices
from seeder.formats.grouped import Known, Numbers, grouped, one_order
from seeder.formats.header import Header, present
from seeder.formats.order_lines import MAX_TEXT, Buyer, first_cell, person, product, sold
from seeder.formats.plan import Order, Plan, Stated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from seeder.formats.plan import Cells, Line, Picked

_CORE: Final = ("Name", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price")
_OPTIONAL: Final = (
    "Lineitem sku", "Lineitem discount", "Email", "Phone", "Shipping Country", "Billing Country", "Financial Status",
    "Cancelled at", "Currency", "Total", "Subtotal", "Shipping", "Taxes", "Discount Amount", "Refunded Amount",
)  # fmt: skip
_MONEY: Final = ("Lineitem discount", "Total", "Subtotal", "Shipping", "Taxes", "Discount Amount", "Refunded Amount")
_DO_NOT_STAND: Final = {"voided": "voided", "pending": "pending", "authorized": "authorized", "expired": "expired"}
_EXACT: Final = 1e-9


# Where the cells stand in a row, in the order of _CORE and _OPTIONAL.
_DATE, _QUANTITY, _ITEM, _PRICE, _SKU, _OFF, _EMAIL, _PHONE, _COUNTRY, _BILLING_COUNTRY, _STATE = range(1, 12)
_CANCELLED, _CURRENCY, _TOTAL, _SUBTOTAL, _SHIPPING, _TAX, _DISCOUNT, _REFUNDED = range(12, 20)


class _Item(NamedTuple):
    """A row's product, and its price as written."""

    code: str | None
    name: str | None
    units: float
    price: float  # of a unit
    total: float

    def at(self, total: float) -> _Item:
        """Return the item at another total."""
        return (
            self if total == self.total else _Item(self.code, self.name, self.units, total / (self.units or 1), total)
        )


def plan(columns: Sequence[str]) -> Plan | None:
    """Return how a Shopify orders export is read; None for another header."""
    header = Header(columns)
    if not header.has(*_CORE):
        return None
    core = [header.need(name) for name in _CORE]
    at = dict(zip(_OPTIONAL, map(header.take, _OPTIONAL), strict=True))
    return Plan(
        key="shopify",
        title="Shopify orders export",
        positions=header.positions,
        invoice=0,
        dates=(1,),
        numbers=(2, 4, *present(*map(at.get, _MONEY))),
        person=at["Phone"] if at["Email"] is None else at["Email"],
        currency=at["Currency"],
        passed_over=header.passed_over,
        orders=partial(_orders, (*core, *at.values())),
        order=partial(_order, (*core, *at.values())),
    )


def _orders(at: Sequence[int | None], rows: Iterator[Picked], cells: Cells) -> Iterator[Order]:
    return map(_order(at, cells), grouped(rows, 0))


def _order(at: Sequence[int | None], cells: Cells) -> Callable[[list[Picked]], Order]:
    """Return what makes an order of its rows; older files end after `Cancelled at`, and what they lack is blank."""
    make = partial(one_order, invoice=0, date=_DATE, order=_Orders(at, Numbers(cells.number)).order)
    if None not in at:
        return make
    cells_of = itemgetter(*(-1 if index is None else index for index in at))
    return lambda rows: make([cells_of((*row, "")) for row in rows])


class _Orders:
    """Makes orders of rows, and remembers what repeats in them: 4 µs a row instead of 8."""

    def __init__(self, at: Sequence[int | None], numbers: Numbers) -> None:
        self._numbers = numbers
        self._has_heads = any(at[index] is not None for index in (_TOTAL, _SUBTOTAL, _STATE))
        self._texts = Known(lambda cell: "" if cell is None else str(cell).strip())
        self._people = Known(_person)
        self._items = Known(lambda cells: self._item(*cells))

    def order(self, rows: list[Picked]) -> Order:
        """Return one order; its last version when the file holds it twice, as exports joined by hand do."""
        head = rows[0] if rows[0][_TOTAL] else _head(rows)
        items = self._items_of(rows)
        subtotal = self._numbers[head[_SUBTOTAL]]
        gross = sum([item[4] for item in items])
        if subtotal is not None and -_EXACT < gross - subtotal < _EXACT:  # nothing is discounted
            return self._made(head, rows, items)
        prices = self._prices(head, rows, items)
        last = rows if prices.met else _last_version(rows)
        if len(last) < len(rows) and self._prices(last[0], last, self._items_of(last)).met:
            return self.order(last)
        items = [item.at(total) for item, total in zip(items, prices.after_discounts(), strict=True)]
        return self._made(head, rows, items)._replace(open_ended=not prices.explained)

    def _items_of(self, rows: list[Picked]) -> list[_Item]:
        known = self._items
        return [known[row[_QUANTITY], row[_ITEM], row[_PRICE], row[_SKU]] for row in rows]

    def _prices(self, head: Picked, rows: list[Picked], items: list[_Item]) -> Prices:
        off = [abs(self._numbers[row[_OFF]] or 0.0) for row in rows]
        gross = [item.total for item in items]
        return Prices(gross, off, abs(self._numbers[head[_DISCOUNT]] or 0.0), self._numbers[head[_SUBTOTAL]])

    def _item(self, quantity: Any, item: Any, price: Any, sku: Any) -> _Item:  # noqa: ANN401 - raw cells
        units, each = self._numbers[quantity], self._numbers[price] or 0.0
        units = 1.0 if units is None else units
        name, code = self._texts[item], self._texts[sku]
        return _Item(product(code, name), (name or code)[:MAX_TEXT] or None, units, each, round(units * each, 6))

    def _made(self, head: Picked, rows: list[Picked], items: list[_Item]) -> Order:
        texts, invoice = self._texts, head[0]
        date = head[_DATE] or first_cell(rows, _DATE)
        customer = self._people[head[_EMAIL]] or self._somebody(rows)
        land = texts[head[_COUNTRY]] or texts[head[_BILLING_COUNTRY]] or None
        lines: list[Line] = [
            (invoice, code, name, units, date, price, customer, land, total)
            for code, name, units, price, total in items
        ]
        word = texts[head[_STATE]].casefold()
        stated = self._stated(head)
        refunded = sold(lines) if not stated.refunded and word == "refunded" else stated.refunded
        if refunded:
            lines += Buyer(invoice, date, customer, land or "").refunds([(refunded, None)], lines)
        state = "cancelled" if texts[head[_CANCELLED]] else _DO_NOT_STAND.get(word) or states.state(word)
        currency = texts[head[_CURRENCY]].upper() or None
        return Order(invoice, lines, state, currency, stated, self._has_heads and not _heads(head))

    def _somebody(self, rows: list[Picked]) -> str | None:
        """Return who bought, by any row's e-mail, then any row's telephone; None for a sale over the counter."""
        cells = [row[index] for index in (_EMAIL, _PHONE) for row in rows]
        return next(filter(None, (self._people[cell] for cell in cells)), None)

    def _stated(self, head: Picked) -> Stated:
        total, subtotal, shipping, tax, discount, refunded = head[_TOTAL:]
        numbers = self._numbers
        return Stated(
            numbers[total], numbers[subtotal], numbers[shipping], numbers[tax], numbers[discount], numbers[refunded]
        )


def _person(cell: object) -> str | None:
    """Return who an e-mail or a telephone number names; the short way for an e-mail, of which there are most."""
    return cell.strip().lower() if isinstance(cell, str) and "@" in cell else person("" if cell is None else str(cell))


def _heads(row: Picked) -> bool:
    """Whether a row has the order's own fields: its total, subtotal or state."""
    return bool(row[_TOTAL] or row[_SUBTOTAL] or row[_STATE])


def _head(rows: list[Picked]) -> Picked:
    """Return the row with the order's own fields: not the first when the file was sorted by something else."""
    return next(filter(_heads, rows), rows[0])


def _last_version(rows: list[Picked]) -> list[Picked]:
    """Return the rows from the last one on that has the order's own fields."""
    starts = [index for index, row in enumerate(rows) if _heads(row)]
    return rows[starts[-1] :] if starts else rows

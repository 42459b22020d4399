"""The plan of rows that are lines, once it is known where each of their values comes from.

With a state, a refund or an order total among them the unit is the whole order.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.lines.documents import NEXT_PART
from retention.lines.rules import Rejection, rejection
from seeder.formats import order_rows
from seeder.formats.plan import Plan
from seeder.formats.prices import pricing
from seeder.formats.shape import FIELDS, Shape, shape_of
from seeder.formats.spellings import currency_of, passed_over
from seeder.formats.states import WORDS, is_known
from seeder.formats.totals import is_blank, is_totals_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from seeder.formats.plan import Cells, Line, Picked

KEY: Final = "lines"
TITLE: Final = "table of order lines"
TOTALS: Final = ("LineTotal", "Total", "OrderTotal")
PERSON: Final = ("Email", "CustomerID")  # the e-mail first: guests get a new id with every order
WHOLE: Final = ("State", "PaymentState", "Cancelled", "Refund", "OrderTotal")
_OF_ORDERS: Final = ("Subtotal", "Shipping", "Tax", "Discount")
_NUMBERS: Final = ("Quantity", "UnitPrice", *TOTALS, "Refund", "LineDiscount", *_OF_ORDERS)
_VALUES: Final = (*FIELDS, "Email", "LineTotal")


class Settings(NamedTuple):
    """What a mapping, or the data themselves, decide about a feed."""

    key: str = KEY
    title: str = TITLE
    whole: bool | None = None  # None: where the columns say so
    words: Mapping[str, str | None] = WORDS
    refund_is_the_orders: bool = True
    zone: str | None = None
    currency: str | None = None
    date_order: str | None = None
    decimal: str | None = None
    notes: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    said: tuple[int, ...] = ()  # positions of columns that are not read, and that `notes` speak of


def of_header(columns: Sequence[str], fields: Mapping[str, int], settings: Settings) -> Plan:
    """Return the plan of columns whose meaning is known: `fields` says at which position each value stands."""
    read = used(fields)
    over = passed_over(columns, {*read.values(), *settings.said})
    named = {currency_of(columns[read[name]]) for name in ("UnitPrice", *TOTALS) if name in read} - {None}
    currency = settings.currency or (named.pop() if len(named) == 1 else None)
    return of_shape(shape_of(read), settings._replace(passed_over=over, currency=currency))


def used(fields: Mapping[str, int]) -> dict[str, int]:
    """Return the values that are read: what an order states, of whole orders alone; discounts, to explain totals."""
    left_out = set() if any(name in fields for name in WHOLE) else {*_OF_ORDERS}
    if not any(name in fields for name in TOTALS):
        left_out.add("LineDiscount")
    return {name: at for name, at in fields.items() if name not in left_out}


def of_shape(shape: Shape, settings: Settings) -> Plan:
    """Return the plan of a table whose values come from `shape`."""
    whole = any(name in shape.slots for name in WHOLE) if settings.whole is None else settings.whole
    person = next((at for name in PERSON if (at := shape.column(name)) is not None), None)
    line = pricing(has_price="UnitPrice" in shape.slots, has_total="LineTotal" in shape.slots)
    common = Plan(
        settings.key, settings.title, shape.positions, _index(shape, "InvoiceNo"), (_index(shape, "InvoiceDate"),),
        _indexes(shape, _NUMBERS), person, shape.column("Currency"), None, settings.zone,
        shop_zone=settings.zone, shop_currency=settings.currency, passed_over=settings.passed_over,
        date_order=settings.date_order, decimal=settings.decimal, notes=settings.notes,
        quantity=shape.column("Quantity"),
    )  # fmt: skip
    if whole:
        rules = order_rows.Rules(line, settings.words, settings.refund_is_the_orders)
        states = _indexes(shape, ("State", "PaymentState"))
        orders = partial(order_rows.orders, pick=shape.picker(order_rows.ALL), rules=rules)
        return common._replace(orders=orders, states=states, knows_state=partial(is_known, known=settings.words))
    if shape.is_identity():
        return common._replace(lines=_as_they_are, is_identity=True)
    return common._replace(
        lines=partial(_lines, pick=shape.picker(_VALUES), line=line, totals="LineTotal" in shape.slots)
    )


def _index(shape: Shape, name: str) -> int:
    at = shape.column(name)
    return 0 if at is None else at


def _indexes(shape: Shape, names: Sequence[str]) -> tuple[int, ...]:
    return tuple(sorted({at for name in names if (at := shape.column(name)) is not None}))


def _as_they_are(rows: Iterator[Picked], _: Cells) -> Iterator[Line | Rejection]:
    """Return the rows themselves: a loop of Python would cost a third of the load's speed."""
    return rows  # type: ignore[return-value]  # sequences of eight cells


def _lines(
    rows: Iterator[Picked],
    cells: Cells,
    *,
    pick: Callable[[Picked], tuple[Any, ...]],
    line: Callable[[Sequence[Any], Cells], Line],
    totals: bool,
) -> Iterator[Line | Rejection]:
    for row in rows:
        if isinstance(row, Rejection) or row is NEXT_PART:
            yield row
            continue
        values = pick(row)
        invoice, code, text, _, date, _, person, _, email, _ = values
        if not is_blank(email):
            values = (*values[:6], email, *values[7:])
            person = email
        if not date and is_totals_row(invoice, date, person, (code, text)):
            yield rejection("totals_row", "row", values[:8])
        else:
            yield line(values, cells) if totals else values[:8]

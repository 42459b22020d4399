"""Tableau's Sample Superstore: a row per item; `Sales` is the line's total, after its discount."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from seeder.formats.grouped import Numbers, UnreadableCellError
from seeder.formats.header import Header
from seeder.formats.order_lines import Buyer, person, text
from seeder.formats.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seeder.formats.plan import Cells, Line, Picked

_CORE: Final = ("Order ID", "Order Date", "Customer ID", "Product ID", "Sales", "Quantity")


class _At(NamedTuple):
    number: int
    date: int
    customer: int
    product: int
    sales: int
    quantity: int
    name: int | None
    country: int | None


def plan(columns: Sequence[str]) -> Plan | None:
    """Return how the Superstore is read: a line feed, for it has no state and no total of an order; None otherwise."""
    header = Header(columns)
    if not header.has(*_CORE):
        return None
    at = _At._make(
        (*(header.need(name) for name in _CORE), header.take("Product Name"), header.take("Country", "Country/Region"))
    )
    return Plan(
        key="superstore",
        title="Sample Superstore",
        positions=header.positions,
        invoice=at.number,
        dates=(at.date,),
        numbers=(at.sales, at.quantity),
        person=at.customer,
        shop_currency="USD",
        passed_over=header.passed_over,
        lines=partial(_lines, at),
    )


def _lines(at: _At, rows: Iterator[Picked], cells: Cells) -> Iterator[Line]:
    numbers = Numbers(cells.number)
    for row in rows:
        yield _line(at, numbers, row)


def _line(at: _At, numbers: Numbers, row: Picked) -> Line:
    """Return a row's line; one with an unreadable number holds it as its price, for the rules of a line to show."""
    buyer = Buyer(row[at.number], row[at.date], person(text(row, at.customer)), text(row, at.country))
    try:
        sales, quantity = numbers[row[at.sales]], numbers[row[at.quantity]]
    except UnreadableCellError as error:
        return (row[at.number], None, None, 1, row[at.date], error.cell, None, None, None)
    return buyer.line(text(row, at.product), text(row, at.name), quantity, sales or 0.0)

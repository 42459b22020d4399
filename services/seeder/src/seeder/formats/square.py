"""Square's item details: a row per item sold, and rows of their own for refunds, under the same transaction."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seeder.formats.grouped import Numbers, by_order
from seeder.formats.header import Header, present
from seeder.formats.order_lines import Buyer, person, text
from seeder.formats.plan import Order, Plan, Stated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seeder.formats.plan import Line, Picked

_CORE: Final = ("Transaction ID", "Date", "Time", "Item", "Qty", "Net Sales")
_REFUND: Final = "refund"
_SERIAL: Final = re.compile(r"[0-9]+(\.0+)?")  # a day as a spreadsheet stores it, and a time as a part of a day
_FRACTION: Final = re.compile(r"0?[.,][0-9]+|0")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AaPp])\.?[Mm]\.?)?")
_DAY: Final = 86_400  # seconds
_MIDNIGHT: Final = re.compile(r"[ T]0?0:00(:00)?$")


class _At(NamedTuple):
    number: int
    date: int
    time: int
    item: int
    quantity: int
    net: int
    sku: int | None
    event: int | None
    people: tuple[int, ...]
    tax: int | None
    discount: int | None


def plan(columns: Sequence[str]) -> Plan | None:
    """Return how Square's item details are read, older ones of 24 columns too; None for another header."""
    header = Header(columns)
    if not header.has(*_CORE):
        return None
    at = _At._make((
        *(header.need(name) for name in _CORE), header.take("SKU"), header.take("Event Type"),
        present(*map(header.take, ("Customer ID", "Customer Name", "Customer Reference ID"))),
        header.take("Tax"), header.take("Discounts"),
    ))  # fmt: skip
    zone = header.take("Time Zone")
    return Plan(
        key="square",
        title="Square item details",
        positions=header.positions,
        invoice=at.number,
        dates=(at.date,),
        numbers=present(at.quantity, at.net, at.tax, at.discount),
        person=at.people[0] if at.people else None,
        zone_column=zone,
        passed_over=header.passed_over,
        orders=by_order(at.number, at.date, partial(_order, at)),
    )


def _order(at: _At, numbers: Numbers, rows: list[Picked]) -> Order:
    """Return one transaction. A customer named on one of its rows bought all of it; refund rows are its returns."""
    sales = [row for row in rows if text(row, at.event).casefold() != _REFUND]
    refunds = [row for row in rows if text(row, at.event).casefold() == _REFUND]
    first = (sales or refunds)[0]
    customer = person(*(text(row, index) for index in at.people for row in (*sales, *refunds)))
    buyer = Buyer(first[at.number], _instant(at, first), customer)
    lines = [_line(at, numbers, buyer, row) for row in sales]
    lines += [line for row in refunds if (line := _return(at, numbers, buyer, row)) is not None]
    net, tax, discount, returned = (
        numbers.sum(sales, at.net), numbers.sum(sales, at.tax), numbers.sum(sales, at.discount),
        numbers.sum(refunds, at.net),
    )  # fmt: skip
    paid = None if net is None else round(net + (tax or 0.0), 6)
    stated = Stated(paid, net, None, tax, _magnitude(discount), _magnitude(returned))
    return Order(first[at.number], lines, None, None, stated, open_ended=True, apart=True)


def _line(at: _At, numbers: Numbers, buyer: Buyer, row: Picked) -> Line:
    total = numbers[row[at.net]] or 0.0
    return buyer.line(text(row, at.sku), text(row, at.item), numbers[row[at.quantity]], total, _instant(at, row))


def _return(at: _At, numbers: Numbers, buyer: Buyer, row: Picked) -> Line | None:
    """Return what a refund row gives back, dated by the row; None when it is no money."""
    net, quantity = numbers[row[at.net]], abs(numbers[row[at.quantity]] or 1.0)
    if not net:
        return None
    return buyer.line(text(row, at.sku), text(row, at.item), -quantity, -abs(net), _instant(at, row))


def _instant(at: _At, row: Picked) -> Any:  # noqa: ANN401 - text, or what a typed source has
    """Return a row's day and time as one: text as it is written, a spreadsheet's numbers as their sum."""
    day, written, clock = row[at.date], text(row, at.date), text(row, at.time)
    seconds = _seconds(row[at.time], clock)
    if isinstance(day, date) and seconds is not None:
        return datetime.combine(day, time()) + timedelta(seconds=seconds)  # the shop's wall clock
    if _SERIAL.fullmatch(written) and seconds is not None:
        return f"{float(written) + seconds / _DAY:.10f}"
    if _FRACTION.fullmatch(clock) and seconds is not None:
        clock = f"{timedelta(seconds=seconds)}"
    return f"{_MIDNIGHT.sub('', written)} {clock}".strip()


def _seconds(hour: object, clock: str) -> int | None:
    """Return the seconds since midnight of a typed time, a part of a day, or text; None for text that is no time."""
    if isinstance(hour, time | datetime):
        return hour.hour * 3600 + hour.minute * 60 + hour.second
    if _FRACTION.fullmatch(clock):
        return round(float(clock.replace(",", ".")) * _DAY)
    found = _CLOCK.fullmatch(clock)
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[:3])
    if found[4]:
        hours = hours % 12 + (12 if found[4].lower() == "p" else 0)
    return hours * 3600 + minutes * 60 + seconds


def _magnitude(amount: float | None) -> float | None:
    return None if amount is None else abs(amount)

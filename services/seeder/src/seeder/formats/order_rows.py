"""The rows of whole orders: states, refunds, totals, and values that stand on an order's first row alone."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.lines.documents import NEXT_PART
from retention.lines.rules import Rejection, rejection
from seeder.formats.plan import Order, Stated
from seeder.formats.shape import FIELDS
from seeder.formats.states import WORDS, is_refunded, is_set, state
from seeder.formats.totals import amount, is_blank, is_totals_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from seeder.formats.plan import Cells, Line, Picked

EXTRAS: Final = (
    "Email", "State", "PaymentState", "Cancelled", "Refund", "Currency",
    "OrderTotal", "Subtotal", "Shipping", "Tax", "Discount", "LineTotal",
)  # fmt: skip
ALL: Final = (*FIELDS, *EXTRAS)
_AT: Final = {name: at for at, name in enumerate(ALL)}
_INVOICE, _DATE, _PERSON, _COUNTRY = (_AT[name] for name in ("InvoiceNo", "InvoiceDate", "CustomerID", "Country"))
_EMAIL, _CURRENCY, _REFUND = (_AT[name] for name in ("Email", "Currency", "Refund"))
_STATES: Final = (_AT["State"], _AT["PaymentState"])
# Blank on further rows of an order, in exports such as Shopify's.
_CARRIED: Final = (_DATE, _PERSON, _EMAIL, _COUNTRY, *_STATES, _AT["Cancelled"])
_CANCELLED: Final = _AT["Cancelled"]
_STATED: Final = tuple(_AT[name] for name in ("OrderTotal", "Subtotal", "Shipping", "Tax", "Discount"))
_NOTHING: Final = [None] * len(_STATED)
_REFUND_TEXT: Final = "Refund"


class Rules(NamedTuple):
    """What was decided about the columns of one file."""

    line: Callable[[Sequence[Any], Cells], Line]  # of a row of ALL values
    words: Mapping[str, str | None] = WORDS
    refund_is_the_orders: bool = False  # repeated on each of its rows: counted once


def orders(
    rows: Iterator[Picked], cells: Cells, *, pick: Callable[[Picked], Sequence[Any]], rules: Rules
) -> Iterator[Order | Rejection]:
    """Yield the orders of picked rows, in which those of one order stand one after the other."""
    for invoice, group in groupby(_values(rows, pick), key=_invoice):
        if isinstance(invoice, tuple):
            yield from group  # type: ignore[misc]  # markers and rejections
        else:
            yield from _order(invoice, [list(row) for row in group], cells, rules)


def _values(rows: Iterator[Picked], pick: Callable[[Picked], Sequence[Any]]) -> Iterator[Sequence[Any]]:
    for row in rows:
        if isinstance(row, Rejection) or row is NEXT_PART:
            yield row
            continue
        values = pick(row)
        person = values[_EMAIL] if is_blank(values[_PERSON]) else values[_PERSON]
        if is_totals_row(values[_INVOICE], values[_DATE], person, values[1:3]):
            yield rejection("totals_row", "row", values[: len(FIELDS)])
        else:
            yield values


def _invoice(values: Sequence[Any]) -> Any:  # noqa: ANN401  # a cell
    if isinstance(values, Rejection) or values is NEXT_PART:
        return ("no order",)
    return values[_INVOICE]


def _order(invoice: Any, rows: list[list[Any]], cells: Cells, rules: Rules) -> Iterator[Order | Rejection]:  # noqa: ANN401
    if len(rows) > 1:
        for at in _CARRIED:
            _carry(rows, at)
    for row in rows:
        if row[_EMAIL] is not None and not is_blank(row[_EMAIL]):  # first: guests get a new id with every order
            row[_PERSON] = row[_EMAIL]
    states = [_state(row, rules.words) for row in rows]
    kept = rows
    if any(states) and not all(states):
        kept = [row for row, name in zip(rows, states, strict=True) if name is None]
        for row, name in zip(rows, states, strict=True):
            if name:
                yield rejection(f"state_{name}", "State", row[: len(FIELDS)])
    fallen = states[0] if all(states) else None
    lines = [rules.line(row, cells) for row in kept]
    refunded = _refunded(kept, lines, cells, rules)
    if refunded and fallen is None:
        lines.append(_refund_line(kept[0], refunded))
    currency = _first(rows, _CURRENCY)
    code = None if currency is None else str(currency).strip().upper()
    stated = _stated(rows, refunded, cells)
    unsaid = stated is None or (stated.total is None and stated.subtotal is None)
    yield Order(invoice, lines, fallen, code, stated, open_ended=unsaid)


def _carry(rows: list[list[Any]], at: int) -> None:
    cells = [row[at] for row in rows]
    if cells.count(cells[0]) == len(cells):
        return
    value = _first(rows, at)
    for row in rows:
        row[at] = value if is_blank(row[at]) else row[at]


def _first(rows: Sequence[Sequence[Any]], at: int) -> Any:  # noqa: ANN401  # a cell
    for row in rows:
        if row[at] is not None and not is_blank(row[at]):
            return row[at]
    return None


def _state(row: Sequence[Any], words: Mapping[str, str | None]) -> str | None:
    if row[_CANCELLED] and is_set(row[_CANCELLED]):
        return "cancelled"
    for at in _STATES:
        if row[at] and (name := state(row[at], words)):
            return name
    return None


def _refunded(rows: list[list[Any]], lines: list[Line], cells: Cells, rules: Rules) -> float | None:
    """Return what was paid back of an order, None when nothing was."""
    if any(row[_REFUND] is not None for row in rows):
        amounts = [abs(amount(row[_REFUND], cells.number) or 0.0) for row in rows]
        if rules.refund_is_the_orders and 0 < min(amounts) == max(amounts):
            return amounts[0]
        if any(amounts):
            return round(sum(amounts), 6)
    if any(row[at] and is_refunded(row[at]) for row in rows for at in _STATES):  # and no column says how much
        return round(sum(_value(line, cells) for line in lines), 6) or None
    return None


def _value(line: Line, cells: Cells) -> float:
    total = amount(line[len(FIELDS)], cells.number)
    if total is not None:
        return total
    quantity, price = amount(line[3], cells.number), amount(line[5], cells.number)
    return (1.0 if quantity is None else quantity) * (price or 0.0)


def _refund_line(row: Sequence[Any], refunded: float) -> Line:
    return (row[_INVOICE], None, _REFUND_TEXT, -1, row[_DATE], refunded, row[_PERSON], row[_COUNTRY], None)


def _stated(rows: list[list[Any]], refunded: float | None, cells: Cells) -> Stated | None:
    texts = [_first(rows, at) for at in _STATED]
    if refunded is None and texts == _NOTHING:
        return None
    total, subtotal, shipping, tax, discount = (amount(text, cells.number) for text in texts)
    return Stated(total, subtotal, shipping, tax, discount, refunded)

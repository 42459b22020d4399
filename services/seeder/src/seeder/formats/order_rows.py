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
    for at in _CARRIED:
        _carry(rows, at)
    for row in rows:  # the e-mail first: guests get a new id with every order
        row[_PERSON] = row[_PERSON] if is_blank(row[_EMAIL]) else row[_EMAIL]
    states = [_state(row, rules.words) for row in rows]
    stands = [row for row, name in zip(rows, states, strict=True) if name is None]
    if stands and any(states):
        yield from (
            rejection(f"state_{name}", "State", row[: len(FIELDS)])
            for row, name in zip(rows, states, strict=True)
            if name
        )
    kept = stands or rows
    lines = [rules.line(row, cells) for row in kept]
    refunded = _refunded(kept, lines, cells, rules)
    if refunded and stands:
        lines.append(_refund_line(kept[0], refunded))
    currency = _first(rows, _CURRENCY)
    yield Order(
        invoice,
        lines,
        None if stands else states[0],
        str(currency).strip().upper() if currency is not None else None,
        _stated(rows, refunded, cells),
    )


def _carry(rows: list[list[Any]], at: int) -> None:
    if len(rows) > 1 and any(is_blank(row[at]) for row in rows):
        value = _first(rows, at)
        for row in rows:
            row[at] = value if is_blank(row[at]) else row[at]


def _first(rows: Sequence[Sequence[Any]], at: int) -> Any:  # noqa: ANN401  # a cell
    return next((row[at] for row in rows if not is_blank(row[at])), None)


def _state(row: Sequence[Any], words: Mapping[str, str | None]) -> str | None:
    if is_set(row[_AT["Cancelled"]]):
        return "cancelled"
    return next((name for at in _STATES if (name := state(row[at], words))), None)


def _refunded(rows: list[list[Any]], lines: list[Line], cells: Cells, rules: Rules) -> float | None:
    """Return what was paid back of an order, None when nothing was."""
    amounts = [abs(amount(row[_REFUND], cells.number) or 0.0) for row in rows]
    if rules.refund_is_the_orders and 0 < min(amounts) == max(amounts):
        return amounts[0]
    if any(amounts):
        return round(sum(amounts), 6)
    if any(is_refunded(row[at]) for row in rows for at in _STATES):  # the state says so, and no column how much
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
    names = ("OrderTotal", "Subtotal", "Shipping", "Tax", "Discount")
    total, subtotal, shipping, tax, discount = (amount(_first(rows, _AT[name]), cells.number) for name in names)
    if total is subtotal is shipping is tax is discount is refunded is None:
        return None
    return Stated(total, subtotal, shipping, tax, discount, refunded)

"""Whether an order of a file has all the lines that its own totals speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seeder.formats.order_lines import TOTAL

if TYPE_CHECKING:
    from seeder.formats.plan import Line, Order, Stated

_PER_LINE: Final = 0.005  # half a cent: what rounding a line to the cent may cost
_FLOAT: Final = 1e-6
_QUANTITY: Final = 3


def complete(order: Order) -> bool:
    """Whether the lines reach the order's own subtotal, or total less shipping and tax, to half a cent a line.

    The reading that asks least decides: totals with or without tax, shipping or fees are no reason to call an order
    incomplete; missing lines are. An order of returns alone is incomplete, for its sale is in another file, unless its
    format keeps them apart. So is one without lines, with an unreadable one, or whose format saw that rows are missing.
    """
    if order.partial or any(line[TOTAL] is None for line in order.lines):
        return False
    sales = [line for line in order.lines if line[_QUANTITY] >= 0]
    if not sales:
        return order.apart and bool(order.lines)
    expected = _expected(order.stated) if order.stated else None
    return expected is None or _total(sales) >= expected - _PER_LINE * len(sales) - _FLOAT


def _total(lines: list[Line]) -> float:
    return float(sum(line[TOTAL] for line in lines))


def _expected(stated: Stated) -> float | None:
    readings = [] if stated.subtotal is None else [stated.subtotal]
    if stated.total is not None:
        readings.append(stated.total - (stated.shipping or 0.0) - (stated.tax or 0.0))
    return min(readings, default=None)

"""From a row's values to a line: the total of a line is the truth, and a unit price that is not given is derived."""

from __future__ import annotations

from math import copysign
from typing import TYPE_CHECKING, Any

from seeder.formats.totals import amount

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seeder.formats.plan import Cells, Line


def as_given(values: Sequence[Any], _: Cells) -> Line:
    """Return the line of a row whose price is per unit, with no total."""
    return (*values[:8], None)


def with_total(values: Sequence[Any], cells: Cells) -> Line:
    """Return the line of a row with a price per unit and the line's total, signed like quantity × price."""
    total = amount(values[-1], cells.number)
    quantity, price = amount(values[3], cells.number), amount(values[5], cells.number)
    if total is not None and quantity is not None and price is not None:
        total = copysign(total, quantity * price)
    return (*values[:8], total)


def from_total(values: Sequence[Any], cells: Cells) -> Line:
    """Return the line of a row that gives the line's total alone.

    The unit price is positive for a returned quantity, even where the total is not negative. An unreadable total
    becomes the price as it is, and is refused there.
    """
    total, quantity = amount(values[-1], cells.number), amount(values[3], cells.number)
    if total is None or not quantity:
        return (*values[:5], values[-1], *values[6:8], None)
    if quantity < 0:
        total = -abs(total)
    return (*values[:5], total / quantity, *values[6:8], total)


def pricing(*, has_price: bool, has_total: bool) -> Callable[[Sequence[Any], Cells], Line]:
    """Return how the line of a row is made; the total is the last of its values."""
    if not has_total:
        return as_given
    return with_total if has_price else from_total

"""What each person's figures are: from known orders, and from the orders that an adapter makes of an export."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exports.known_orders import KnownOrder

    from seeder.formats.plan import Line, Order


@dataclass(frozen=True)
class Figures:
    orders: int
    gross: int  # cents
    net: int  # cents


def true_figures(orders: Iterable[KnownOrder], value: Callable[[KnownOrder], int]) -> dict[str, Figures]:
    """Each person's figures; `value` is what the format says an order is worth: its goods, or all that was paid."""
    counts, gross, returned = Counter[str](), Counter[str](), Counter[str]()
    for order in orders:
        if order.person is None or order.state is not None or value(order) <= 0:
            continue
        counts[order.person] += 1
        gross[order.person] += value(order)
        returned[order.person] += min(sum(refund.amount for refund in order.refunds), value(order))
    return {who: Figures(counts[who], gross[who], gross[who] - returned[who]) for who in counts}


def read_figures(orders: Iterable[Order]) -> dict[str, Figures]:
    """Each person's figures by the rules of a line: what stands, what is bought, what comes back."""
    return line_figures(line for order in orders if order.state is None for line in order.lines)


def line_figures(lines: Iterable[Line]) -> dict[str, Figures]:
    """Each person's figures from lines of nine values."""
    invoices: dict[str, set[Any]] = {}
    gross, returned = Counter[str](), Counter[str]()
    for invoice, _, _, quantity, _, price, who, _, total in lines:
        if who is None:
            continue
        if quantity > 0 and price > 0:
            invoices.setdefault(who, set()).add(invoice)
            gross[who] += round(total * 100)
        elif quantity < 0 or price < 0:
            returned[who] += abs(round(total * 100))
    return {who: Figures(len(found), gross[who], gross[who] - returned[who]) for who, found in invoices.items()}

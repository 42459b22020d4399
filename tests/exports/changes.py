"""What happens to orders between two exports: corrected, refunded, cancelled, moved to another person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from exports.known_orders import KnownRefund

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from exports.known_orders import KnownOrder


def corrected(order: KnownOrder) -> KnownOrder:
    """One unit more of its first line, and no refund yet."""
    first, *others = order.lines
    more = replace(first, quantity=first.quantity + 1, total=first.total + first.price)
    return replace(order, lines=(more, *others), refunds=())


def refunded(order: KnownOrder, cents: int | None = None) -> KnownOrder:
    """All of its goods refunded, or so many cents."""
    given = KnownRefund(order.goods if cents is None else cents, order.instant + timedelta(days=2))
    return replace(order, refunds=(given,))


def cancelled(order: KnownOrder) -> KnownOrder:
    return replace(order, state="cancelled")


def moved(order: KnownOrder, person: str, days: int = 0) -> KnownOrder:
    """Another person's, as when two customers are merged, and on another day."""
    return replace(order, person=person, instant=order.instant + timedelta(days=days))


def repriced(order: KnownOrder) -> KnownOrder:
    """Its last line at a cent more for each unit."""
    *others, last = order.lines
    return replace(order, lines=(*others, replace(last, total=last.total + int(last.quantity))))


def renamed(order: KnownOrder) -> KnownOrder:
    """The product of its first line under another name."""
    first, *others = order.lines
    code, name = first.product
    return replace(order, lines=(replace(first, product=(code, f"{name}, new")), *others))


def restored(order: KnownOrder) -> KnownOrder:
    """Paid after all: neither cancelled nor pending any more."""
    return replace(order, state=None)


def later(orders: Sequence[KnownOrder], rng: random.Random) -> list[KnownOrder]:
    """The same orders in a later export: some of them changed."""
    changes = (
        lambda order: order,
        corrected,
        refunded,
        cancelled,
        lambda order: moved(order, "buyer1@fernhill.example"),
    )
    return [rng.choice(changes)(order) for order in orders]


def plain_of(order: KnownOrder) -> KnownOrder:
    """The order without what Etsy, Olist and the Superstore say nothing of: state and refunds."""
    return replace(order, state=None, refunds=())


def undiscounted(order: KnownOrder) -> KnownOrder:
    """The order without a discount, for a format with nothing but a price."""
    goods = order.goods + order.discount
    return replace(order, discount=0, refunds=tuple(replace(r, amount=min(r.amount, goods)) for r in order.refunds))

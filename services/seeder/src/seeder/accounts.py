"""Counts the rows of whole orders by what became of each order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention.store.ledger import INCOMPLETE, OLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from retention.store.comparison import Outcome
    from retention.store.ledger import Ledger
    from seeder.encoding import EncodedOrder


def account_for(orders: Iterable[EncodedOrder], outcomes: Mapping[str, Outcome], ledger: Ledger) -> None:
    """Add the rows of `orders` to the ledger; an order without an outcome is new. Rejected rows are counted already."""
    for order in orders:
        rows = order.rows - len(order.rejected)
        outcome = outcomes.get(order.invoice)
        cut = not order.complete if order.documents else order.may_be_cut
        ledger.incomplete_orders += cut or outcome == "incomplete"
        if not order.documents:
            ledger.passed_over["no_order"] += rows
        elif outcome == "older":
            ledger.older_orders += 1
            ledger.passed_over[OLDER] += rows
        elif outcome == "incomplete":
            ledger.passed_over[INCOMPLETE] += rows
        elif order.state:
            ledger.orders_by_state[order.state] += 1
            ledger.by_state[order.state] += rows
            ledger.replaced_orders += outcome == "replaced"
        elif outcome == "replaced":
            ledger.replaced_orders += 1
            ledger.replaced += rows
        elif outcome == "there":
            ledger.already_there += rows
        else:
            ledger.inserted += rows
    ledger.passed_over = +ledger.passed_over  # without kinds that count nothing

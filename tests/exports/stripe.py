"""Stripe's payments, in the older and the newer form, written from known orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exports.export import Export, money, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exports.known_orders import KnownOrder

COLUMNS = [
    "id",
    "Description",
    "Seller Message",
    "Created (UTC)",
    "Amount",
    "Amount Refunded",
    "Currency",
    "Converted Amount",
    "Converted Amount Refunded",
    "Fee",
    "Tax",
    "Converted Currency",
    "Mode",
    "Status",
    "Statement Descriptor",
    "Customer ID",
    "Customer Description",
    "Customer Email",
    "Captured",
    "Card ID",
]
NEWER_COLUMNS = [
    "id",
    "Created date (UTC)",
    "Amount",
    "Amount Refunded",
    "Currency",
    "Captured",
    "Converted Amount",
    "Converted Amount Refunded",
    "Converted Currency",
    "Description",
    "Fee",
    "Refunded date (UTC)",
    "Status",
    "Customer ID",
    "Customer Email",
]
_MONEY = ("Amount", "Amount Refunded", "Converted Amount", "Converted Amount Refunded", "Fee")
_CORE = ("id", "Amount", "Currency", "Status", "Captured")
_CREATED = ("Created (UTC)", "Created date (UTC)")
_STATES = {None: "Paid", "cancelled": "Canceled", "pending": "Failed"}


def write(orders: Sequence[KnownOrder], *, newer: bool = False, paid_in: str = "", rate: int = 1) -> Export:
    """The export. `paid_in`: buyers paid in this currency, `rate` of it for one of the shop's, and it was converted."""
    columns = NEWER_COLUMNS if newer else COLUMNS
    rows = [_row(order, paid_in or order.currency, rate) for order in orders]
    created = [name for name in _CREATED if name in columns]
    return table(columns, rows, "id", _MONEY, (*_CORE, *created, "Amount Refunded"))


def _row(order: KnownOrder, paid_in: str, rate: int) -> dict[str, str]:
    refunded = sum(refund.amount for refund in order.refunds)
    created = f"{order.instant:%Y-%m-%d %H:%M}"
    return {
        "id": f"ch_{order.invoice}", "Description": f"Order {order.invoice}", **dict.fromkeys(_CREATED, created),
        "Amount": money(order.paid * rate), "Amount Refunded": money(refunded * rate), "Currency": paid_in.lower(),
        "Converted Amount": money(order.paid), "Converted Amount Refunded": money(refunded),
        "Converted Currency": order.currency.lower(), "Mode": "Live", "Status": _STATES[order.state],
        "Customer ID": "cus_1" if order.person else "", "Customer Email": order.person or "", "Captured": "true",
        "Refunded date (UTC)": f"{order.refunds[0].instant:%Y-%m-%d %H:%M}" if refunded else "",
    }  # fmt: skip

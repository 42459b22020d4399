"""Magento's orders grid, written from known orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exports.export import Export, money, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from exports.known_orders import KnownOrder

COLUMNS = [
    "ID",
    "Purchase Point",
    "Purchase Date",
    "Bill-to Name",
    "Ship-to Name",
    "Grand Total (Base)",
    "Grand Total (Purchased)",
    "Status",
    "Billing Address",
    "Shipping Address",
    "Shipping Information",
    "Customer Email",
    "Customer Group",
    "Subtotal",
    "Shipping and Handling",
    "Customer Name",
    "Payment Method",
    "Total Refunded",
    "Allocated sources",
    "Pickup Location Code",
    "Braintree Transaction Source",
    "Dispute State",
]
_MONEY = ("Grand Total (Base)", "Grand Total (Purchased)", "Subtotal", "Shipping and Handling", "Total Refunded")
_CORE = ("ID", "Purchase Date", "Grand Total (Base)", "Status", "Customer Email")
_STATES = {None: "complete", "cancelled": "canceled", "pending": "pending_payment"}


def write(orders: Sequence[KnownOrder]) -> Export:
    """The export: one row per order, its store in a cell of three lines, the buyer's own currency beside the shop's."""
    return table(COLUMNS, [_row(order) for order in orders], "ID", _MONEY, _CORE)


def _row(order: KnownOrder) -> dict[str, str]:
    refunded = sum(refund.amount for refund in order.refunds)
    return {
        "ID": order.invoice.zfill(9), "Purchase Point": "Main Website\nMain Website Store\nDefault Store View",
        "Purchase Date": _long(order.instant), "Grand Total (Base)": money(order.paid),
        "Grand Total (Purchased)": money(order.paid * 2), "Status": _STATES[order.state],
        "Customer Email": order.person or "", "Customer Group": "0", "Subtotal": money(order.goods + order.discount),
        "Shipping and Handling": money(order.shipping), "Customer Name": "Guest",
        "Total Refunded": money(refunded) if refunded else "",
    }  # fmt: skip


def _long(instant: datetime) -> str:
    return f"{instant:%b} {instant.day}, {instant:%Y} {instant.hour % 12 or 12}:{instant:%M:%S %p}"

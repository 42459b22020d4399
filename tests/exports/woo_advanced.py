"""WooCommerce's Advanced Order Export, one row per item, written from known orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exports.export import Export, money, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exports.known_orders import KnownOrder

COLUMNS = [
    "Order Number",
    "Order Status",
    "Order Date",
    "Customer Note",
    "First Name (Billing)",
    "Last Name (Billing)",
    "Company (Billing)",
    "Address 1&2 (Billing)",
    "City (Billing)",
    "State Code (Billing)",
    "Postcode (Billing)",
    "Country Code (Billing)",
    "Email (Billing)",
    "Phone (Billing)",
    "First Name (Shipping)",
    "Last Name (Shipping)",
    "Address 1&2 (Shipping)",
    "City (Shipping)",
    "State Code (Shipping)",
    "Postcode (Shipping)",
    "Country Code (Shipping)",
    "Item #",
    "SKU",
    "Name",
    "Product Variation",
    "Quantity",
    "Quantity (- Refund)",
    "Item Cost",
    "Order Line (w/o tax)",
    "Order Line Tax",
    "Order Line Total",
    "Order Line Total Refunded",
    "Order Line Total (- Refund)",
    "Image URL",
]
_MONEY = (
    "Quantity", "Quantity (- Refund)", "Item Cost", "Order Line Total", "Order Line Total Refunded",
    "Order Line Total (- Refund)",
)  # fmt: skip
_CORE = ("Order Number", "Order Date", "Quantity", "Order Line Total")
_STATES = {None: "Completed", "cancelled": "Cancelled", "pending": "Pending payment"}


def write(orders: Sequence[KnownOrder], *, repeated: bool = True) -> Export:
    """The export. Without `repeated` the order's columns, its number among them, are on its first row alone."""
    rows = [row for order in orders for row in _rows(order, repeated=repeated)]
    return table(COLUMNS, rows, "Order Number", _MONEY, _CORE)


def _rows(order: KnownOrder, *, repeated: bool) -> list[dict[str, str]]:
    own = {
        "Order Number": order.invoice, "Order Status": _STATES[order.state],
        "Order Date": f"{order.instant:%Y-%m-%d %H:%M}", "Email (Billing)": order.person or "",
        "Country Code (Billing)": "GB",
    }  # fmt: skip
    left = sum(refund.amount for refund in order.refunds)
    rows = []
    for index, (line, total) in enumerate(zip(order.lines, order.totals(), strict=True)):
        back = min(left, total)  # refunded line by line, from the first one on
        left -= back
        item = {
            "Item #": str(index + 1), "SKU": line.product[0], "Name": line.product[1], "Quantity": str(line.quantity),
            "Quantity (- Refund)": str(line.quantity - 1 if back else line.quantity), "Item Cost": money(line.price),
            "Order Line Total": money(total), "Order Line Total Refunded": money(back),
            "Order Line Total (- Refund)": money(total - back),
        }  # fmt: skip
        rows.append({**own, **item} if repeated or not index else item)
    return rows

"""Shopify's orders export, of 79 columns, written from known orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exports.export import Export, iso, money, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exports.known_orders import KnownOrder

COLUMNS = [
    "Name",
    "Email",
    "Financial Status",
    "Paid at",
    "Fulfillment Status",
    "Fulfilled at",
    "Accepts Marketing",
    "Currency",
    "Subtotal",
    "Shipping",
    "Taxes",
    "Total",
    "Discount Code",
    "Discount Amount",
    "Shipping Method",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
    "Lineitem compare at price",
    "Lineitem sku",
    "Lineitem requires shipping",
    "Lineitem taxable",
    "Lineitem fulfillment status",
    "Billing Name",
    "Billing Street",
    "Billing Address1",
    "Billing Address2",
    "Billing Company",
    "Billing City",
    "Billing Zip",
    "Billing Province",
    "Billing Country",
    "Billing Phone",
    "Shipping Name",
    "Shipping Street",
    "Shipping Address1",
    "Shipping Address2",
    "Shipping Company",
    "Shipping City",
    "Shipping Zip",
    "Shipping Province",
    "Shipping Country",
    "Shipping Phone",
    "Notes",
    "Note Attributes",
    "Cancelled at",
    "Payment Method",
    "Payment Reference",
    "Refunded Amount",
    "Vendor",
    "Id",
    "Tags",
    "Risk Level",
    "Source",
    "Lineitem discount",
    "Tax 1 Name",
    "Tax 1 Value",
    "Tax 2 Name",
    "Tax 2 Value",
    "Tax 3 Name",
    "Tax 3 Value",
    "Tax 4 Name",
    "Tax 4 Value",
    "Tax 5 Name",
    "Tax 5 Value",
    "Phone",
    "Receipt Number",
    "Duties",
    "Billing Province Name",
    "Shipping Province Name",
    "Payment ID",
    "Payment Terms Name",
    "Next Payment Due At",
    "Payment References",
]
OLDER_COLUMNS = COLUMNS[: COLUMNS.index("Cancelled at") + 1]
_MONEY = (
    "Subtotal", "Shipping", "Taxes", "Total", "Discount Amount", "Lineitem quantity", "Lineitem price",
    "Refunded Amount", "Lineitem discount",
)  # fmt: skip
_CORE = ("Name", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price")
_STATES = {None: "paid", "cancelled": "voided", "pending": "pending"}


def write(
    orders: Sequence[KnownOrder], *, repeated: bool = False, by_line: bool = False, offset: str = " -0500"
) -> Export:
    """The export. `repeated`: the order's fields on every row. `by_line`: its discount on its lines as well."""
    rows = [row for order in orders for row in _rows(order, repeated=repeated, by_line=by_line, offset=offset)]
    return table(COLUMNS, rows, "Name", _MONEY, _CORE)


def _rows(order: KnownOrder, *, repeated: bool, by_line: bool, offset: str) -> list[dict[str, str]]:
    own = _own(order, offset)
    rows = []
    for index, (line, total) in enumerate(zip(order.lines, order.totals(), strict=True)):
        item = {
            "Name": f"#{order.invoice}", "Email": (order.person or "").upper() if index else order.person or "",
            "Lineitem quantity": str(line.quantity), "Lineitem name": line.product[1],
            "Lineitem price": money(line.price), "Lineitem sku": line.product[0],
            "Lineitem discount": money(line.total - total if by_line else 0),
        }  # fmt: skip
        rows.append({**own, **item} if repeated or not index else item)
    return rows


def _own(order: KnownOrder, offset: str) -> dict[str, str]:
    refunded = sum(refund.amount for refund in order.refunds)
    return {
        "Financial Status": "partially_refunded" if refunded and not order.state else _STATES[order.state],
        "Currency": order.currency, "Subtotal": money(order.goods), "Shipping": money(order.shipping),
        "Taxes": money(order.tax), "Total": money(order.paid), "Discount Amount": money(order.discount),
        "Created at": iso(order.instant) + offset, "Refunded Amount": money(refunded),
        "Cancelled at": iso(order.instant) + offset if order.state == "cancelled" else "", "Shipping Country": "GB",
    }  # fmt: skip

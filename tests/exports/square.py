"""Square's item details, written from known orders; refunds are rows of the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exports.export import Export, dollars, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from exports.known_orders import KnownOrder

COLUMNS = [
    "Date",
    "Time",
    "Time Zone",
    "Category",
    "Item",
    "Qty",
    "Price Point Name",
    "SKU",
    "Modifiers Applied",
    "Gross Sales",
    "Discounts",
    "Net Sales",
    "Tax",
    "Transaction ID",
    "Payment ID",
    "Device Name",
    "Notes",
    "Details",
    "Event Type",
    "Location",
    "Dining Option",
    "Customer ID",
    "Customer Name",
    "Customer Reference ID",
    "Unit",
    "Count",
    "GTIN",
    "Itemization Type",
    "Commission",
    "Employee",
    "Fulfillment Note",
    "Channel",
    "Token",
    "Card Brand",
    "PAN Suffix",
]
OLDER_COLUMNS = COLUMNS[: COLUMNS.index("Unit")]
ZONE = "Eastern Time (US & Canada)"
_MONEY = ("Qty", "Gross Sales", "Discounts", "Net Sales", "Tax")
_CORE = ("Transaction ID", "Date", "Time", "Item", "Qty", "Net Sales")


def write(orders: Sequence[KnownOrder]) -> Export:
    """The export. The customer is named on the first row of a sale alone; cancelled sales never get into it."""
    rows = [row for order in orders for row in (*_sales(order), *_refunds(order))]
    return table(COLUMNS, rows, "Transaction ID", _MONEY, _CORE)


def _sales(order: KnownOrder) -> list[dict[str, str]]:
    return [
        {
            **_when(order.instant), "Item": line.product[1], "Qty": f"{line.quantity:.5g}", "SKU": line.product[0],
            "Gross Sales": dollars(line.total), "Discounts": dollars(total - line.total), "Net Sales": dollars(total),
            "Tax": dollars(0 if index else order.tax), "Transaction ID": f"T{order.invoice}", "Event Type": "Payment",
            "Customer ID": "" if index else order.person or "",
        }
        for index, (line, total) in enumerate(zip(order.lines, order.totals(), strict=True))
    ]  # fmt: skip


def _refunds(order: KnownOrder) -> list[dict[str, str]]:
    return [
        {
            **_when(refund.instant), "Item": order.lines[0].product[1], "Qty": "-1.0",
            "Net Sales": dollars(-refund.amount), "Tax": "$0.00", "Transaction ID": f"T{order.invoice}",
            "Event Type": "Refund",
        }
        for refund in order.refunds
    ]  # fmt: skip


def _when(instant: datetime) -> dict[str, str]:
    return {"Date": f"{instant:%Y-%m-%d}", "Time": f"{instant:%H:%M:%S}", "Time Zone": ZONE}

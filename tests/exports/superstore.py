"""Tableau's Sample Superstore, written from known orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exports.export import Export, money, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from exports.known_orders import KnownOrder

COLUMNS = [
    "Row ID",
    "Order ID",
    "Order Date",
    "Ship Date",
    "Ship Mode",
    "Customer ID",
    "Customer Name",
    "Segment",
    "Country",
    "City",
    "State",
    "Postal Code",
    "Region",
    "Product ID",
    "Category",
    "Sub-Category",
    "Product Name",
    "Sales",
    "Quantity",
    "Discount",
    "Profit",
]
_MONEY = ("Sales", "Quantity", "Discount", "Profit")
_CORE = ("Order ID", "Order Date", "Customer ID", "Product ID", "Sales", "Quantity")


def write(orders: Sequence[KnownOrder]) -> Export:
    """The export: sales after the discount, days without a time."""
    rows = [row for order in orders for row in _rows(order)]
    return table(COLUMNS, [{**row, "Row ID": str(n)} for n, row in enumerate(rows, 1)], "Order ID", _MONEY, _CORE)


def _rows(order: KnownOrder) -> list[dict[str, str]]:
    return [
        {
            "Order ID": f"CA-2025-{order.invoice}", "Order Date": _day(order.instant), "Ship Date": _day(order.instant),
            "Customer ID": order.person or "", "Country": "United States", "Product ID": line.product[0] or "GIFT",
            "Product Name": line.product[1], "Sales": money(total), "Quantity": str(line.quantity), "Discount": "0.2",
            "Profit": "-383.03",
        }
        for line, total in zip(order.lines, order.totals(), strict=True)
    ]  # fmt: skip


def _day(instant: datetime) -> str:
    return f"{instant.month}/{instant.day}/{instant.year}"

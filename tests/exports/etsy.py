"""Etsy's Sold Order Items, written from known orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exports.export import Export, money, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exports.known_orders import KnownOrder

COLUMNS = [
    "Sale Date",
    "Item Name",
    "Buyer",
    "Quantity",
    "Price",
    "Coupon Code",
    "Coupon Details",
    "Discount Amount",
    "Shipping Discount",
    "Order Shipping",
    "Order Sales Tax",
    "Item Total",
    "Currency",
    "Transaction ID",
    "Listing ID",
    "Date Paid",
    "Date Shipped",
    "Ship Name",
    "Ship Address1",
    "Ship City",
    "Ship State",
    "Ship Zipcode",
    "Ship Country",
    "Order ID",
    "Variations",
    "Order Type",
    "Listings Type",
    "Payment Type",
    "InPerson Discount",
    "InPerson Location",
    "VAT Paid by Buyer",
    "SKU",
]
SOLD_ORDERS = [
    "Sale Date",
    "Order ID",
    "Buyer User ID",
    "Full Name",
    "First Name",
    "Last Name",
    "Number of Items",
    "Payment Method",
    "Date Shipped",
    "Street 1",
    "Street 2",
    "Ship City",
    "Ship State",
    "Ship Zipcode",
    "Ship Country",
    "Currency",
    "Order Value",
    "Coupon Code",
    "Coupon Details",
    "Discount Amount",
    "Shipping Discount",
    "Shipping",
    "Sales Tax",
    "Order Total",
    "Status",
    "Card Processing Fees",
    "Order Net",
    "Adjusted Order Total",
    "Adjusted Card Processing Fees",
    "Adjusted Net Order Amount",
    "Buyer",
    "Order Type",
    "Payment Type",
    "InPerson Discount",
    "InPerson Location",
    "SKU",
]
_MONEY = ("Quantity", "Price", "Discount Amount", "Order Shipping", "Order Sales Tax", "Item Total")
_CORE = ("Order ID", "Sale Date", "Item Name", "Quantity", "Price", "Transaction ID", "Listing ID")


def write(orders: Sequence[KnownOrder]) -> Export:
    """The export: the discount shared out over the items, postage and tax on the first."""
    return table(COLUMNS, [row for order in orders for row in _rows(order)], "Order ID", _MONEY, _CORE)


def _rows(order: KnownOrder) -> list[dict[str, str]]:
    return [
        {
            "Sale Date": f"{order.instant:%m/%d/%y}", "Item Name": line.product[1], "Buyer": order.person or "",
            "Quantity": str(line.quantity), "Price": money(line.price),
            "Discount Amount": money(line.total - total) if line.total > total else "",
            "Order Shipping": "" if index else money(order.shipping),
            "Order Sales Tax": "" if index else money(order.tax), "Item Total": money(line.total),
            "Currency": order.currency, "Transaction ID": f"{order.invoice}{index:02d}", "Listing ID": "901",
            "Ship Country": "United Kingdom", "Order ID": order.invoice, "SKU": line.product[0],
        }
        for index, (line, total) in enumerate(zip(order.lines, order.totals(), strict=True))
    ]  # fmt: skip

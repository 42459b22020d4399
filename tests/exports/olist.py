"""Olist's orders, joined in one table or in three, written from known orders; a row per unit."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from exports.export import Export, iso, money, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exports.known_orders import KnownOrder

ORDERS = [
    "order_id",
    "customer_id",
    "order_status",
    "order_purchase_timestamp",
    "order_approved_at",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
    "order_estimated_delivery_date",
]
ITEMS = ["order_id", "order_item_id", "product_id", "seller_id", "shipping_limit_date", "price", "freight_value"]
CUSTOMERS = ["customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state"]
COLUMNS = [
    "order_id",
    "customer_id",
    "customer_unique_id",
    "order_status",
    "order_purchase_timestamp",
    "order_item_id",
    "product_id",
    "price",
    "freight_value",
]
_MONEY = ("price", "freight_value")
_CORE = ("order_id", "order_purchase_timestamp", "customer_unique_id", "product_id", "price")
_STATES = {None: "delivered", "cancelled": "canceled", "pending": "created"}


def hexed(text: str) -> str:
    """An id as Olist has them: 32 hex digits."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def write(orders: Sequence[KnownOrder], *, payments: int = 1) -> Export:
    """The joined table; `payments`: joined with so many payments of each order, so that its items repeat."""
    rows = [row for order in orders for row in _rows(order) for _ in range(payments)]
    return table(COLUMNS, rows, "order_id", _MONEY, _CORE)


def write_tables(orders: Sequence[KnownOrder]) -> dict[str, Export]:
    """The three tables, under the names of Olist's files."""
    rows = [row for order in orders for row in _rows(order)]
    once = list({row["order_id"]: row for row in rows}.values())
    parts = {"olist_orders_dataset": (ORDERS, once), "olist_order_items_dataset": (ITEMS, rows)}
    parts["olist_customers_dataset"] = (CUSTOMERS, once)
    return {name: table(columns, cells, columns[0], (), ()) for name, (columns, cells) in parts.items()}


def _rows(order: KnownOrder) -> list[dict[str, str]]:
    """A row per unit; the discount, of which Olist knows nothing, is not in it."""
    units = [line for line in order.lines for _ in range(int(line.quantity))]
    return [
        {
            "order_id": hexed(order.invoice), "customer_id": hexed(f"of {order.invoice}"),
            "customer_unique_id": hexed(order.person) if order.person else "", "order_status": _STATES[order.state],
            "order_purchase_timestamp": iso(order.instant), "order_item_id": str(index),
            "product_id": hexed(line.product[1]), "price": money(line.price), "freight_value": "10.00",
        }
        for index, line in enumerate(units, 1)
    ]  # fmt: skip

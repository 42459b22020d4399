"""WebToffee's WooCommerce order export, one row per order, written from known orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exports.export import Export, iso, money, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exports.known_orders import KnownLine, KnownOrder

_OWN = [
    "order_id",
    "order_number",
    "order_date",
    "paid_date",
    "status",
    "shipping_total",
    "shipping_tax_total",
    "fee_total",
    "fee_tax_total",
    "tax_total",
    "cart_discount",
    "order_discount",
    "discount_total",
    "order_total",
    "order_subtotal",
    "order_currency",
    "payment_method",
    "customer_id",
    "customer_user",
    "customer_email",
    "billing_email",
    "billing_country",
    "shipping_country",
    "customer_note",
    "refund_items",
    "order_notes",
    "download_permissions",
]
_MONEY = ("shipping_total", "tax_total", "cart_discount", "discount_total", "order_total", "order_subtotal")
_CORE = ("order_id", "order_date", "status")
_STATES = {None: "completed", "cancelled": "cancelled", "pending": "on-hold"}


def write(orders: Sequence[KnownOrder], *, in_columns: bool = False) -> Export:
    """The export. `in_columns`: items as `Product Item 1 Name`, … instead of one cell each."""
    longest = range(1, 1 + max((len(order.lines) for order in orders), default=1))
    parts = ("Name", "id", "SKU", "Quantity", "Total", "Subtotal")
    columns = [f"Product Item {n} {part}" for n in longest for part in parts]
    items = columns if in_columns else [f"line_item_{n}" for n in longest]
    rows = [{**_own(order), **(_columns(order) if in_columns else _cells(order))} for order in orders]
    numbers = [name for name in columns if name.endswith(("Quantity", "Total"))] if in_columns else []
    return table([*_OWN, *items], rows, "order_id", (*_MONEY, *numbers), (*_CORE, *items))


def _own(order: KnownOrder) -> dict[str, str]:
    refunds = (f"amount:{money(r.amount)}|reason:too big; wrong|date:{iso(r.instant)}" for r in order.refunds)
    return {
        "order_id": order.invoice, "order_number": order.invoice, "order_date": iso(order.instant),
        "status": _STATES[order.state], "shipping_total": money(order.shipping), "tax_total": money(order.tax),
        "discount_total": money(order.discount), "order_total": money(order.paid),
        "order_subtotal": money(order.goods + order.discount), "order_currency": order.currency, "customer_id": "0",
        "customer_user": "0", "billing_email": (order.person or "").title(), "billing_country": "GB",
        "refund_items": ";".join(refunds),
    }  # fmt: skip


def _cells(order: KnownOrder) -> dict[str, str]:
    totals = zip(order.lines, order.totals(), strict=True)
    return {f"line_item_{n}": _cell(line, total) for n, (line, total) in enumerate(totals, 1)}


def _cell(line: KnownLine, total: int) -> str:
    code, name = line.product
    amounts = f"total:{money(total)}|sub_total:{money(line.total)}"
    return f"name:{name}|product_id:61|sku:{code}|quantity:{line.quantity}|{amounts}"


def _columns(order: KnownOrder) -> dict[str, str]:
    cells: dict[str, str] = {}
    for n, (line, total) in enumerate(zip(order.lines, order.totals(), strict=True), 1):
        said = (line.product[1], "61", line.product[0], str(line.quantity), money(total), money(line.total))
        parts = ("Name", "id", "SKU", "Quantity", "Total", "Subtotal")
        cells |= {f"Product Item {n} {part}": value for part, value in zip(parts, said, strict=True)}
    return cells

"""The same seven orders in the exports of six platforms: whoever bought what is found, to the cent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from exports import etsy as etsy_export
from exports import olist as olist_export
from exports import shopify as shopify_export
from exports import square as square_export
from exports import stripe as stripe_export
from exports import woo_webtoffee as woo_webtoffee_export
from exports.known_orders import KnownLine, KnownOrder
from exports.reading import orders_of, plan_of
from exports.truth import read_figures

from seeder.formats import etsy, olist, shopify, square, stripe, woo_webtoffee

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exports.export import Export

    from seeder.formats.plan import Plan

TOWEL, SOAP, TABLE, CUP = ("LIN-BLU", "Linen Towel"), ("SOAP-1", "Soap Bar"), ("OAK", "Oak Table"), ("CUP", "Cup")
MAYA, GUEST, LOU, KIT = "maya@fernhill.example", "guest@example.org", "lou@example.net", "kit@example.com"


def _order(number: int, person: str, when: str, *lines: tuple[tuple[str, str], int, int]) -> KnownOrder:
    known = tuple(KnownLine(product, Decimal(quantity), quantity * price) for product, quantity, price in lines)
    return KnownOrder(str(number), person, datetime.fromisoformat(when), known)


ORDERS = (
    _order(3101, MAYA, "2025-03-01 18:22:10", (TOWEL, 2, 1400), (SOAP, 1, 1400)),
    _order(3102, GUEST, "2025-03-02 00:05:44", (TABLE, 1, 124050)),
    _order(3103, MAYA, "2025-03-15 11:40:00", (SOAP, 3, 1400)),
    _order(3104, LOU, "2025-04-20 09:00:00", (TOWEL, 1, 1400), (CUP, 4, 325)),
    _order(3105, KIT, "2025-05-13 14:00:00", (CUP, 2, 325)),
    _order(3106, GUEST, "2025-06-30 21:30:00", (SOAP, 10, 1260)),
    _order(3107, LOU, "2025-06-30 23:50:00", (TABLE, 1, 124050)),
)
FIGURES = {MAYA: (2, 84.0), GUEST: (2, 1366.5), LOU: (2, 1267.5), KIT: (1, 6.5)}
CASES: dict[str, tuple[Callable[[Sequence[str]], Plan | None], Callable[[Sequence[KnownOrder]], Export], str]] = {
    "01, Shopify of 79 columns": (shopify.plan, shopify_export.write, ""),
    "05, WebToffee": (
        woo_webtoffee.plan,
        woo_webtoffee_export.write,
        (
            "order_id,order_number,order_date,status,order_total,order_subtotal,order_currency,customer_id,billing_email,"
            "billing_country,refund_items,line_item_1,line_item_2"
        ),
    ),
    "06, Square": (
        square.plan,
        square_export.write,
        (
            "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,Discounts,"
            "Net Sales,Tax,Transaction ID,Payment ID,Event Type,Location,Customer ID,Customer Name,Unit,Count"
        ),
    ),
    "07, Etsy": (
        etsy.plan,
        etsy_export.write,
        (
            "Sale Date,Item Name,Buyer,Quantity,Price,Discount Amount,Item Total,Currency,Transaction ID,Listing ID,"
            "Date Paid,Ship Country,Order ID,Variations,SKU"
        ),
    ),
    "08, Stripe": (
        stripe.plan,
        stripe_export.write,
        "id,Description,Created (UTC),Amount,Amount Refunded,Currency,Status,Customer ID,Customer Email,Captured,Mode",
    ),
    "09, Olist joined": (
        olist.plan,
        olist_export.write,
        (
            "order_id,customer_id,customer_unique_id,order_status,order_purchase_timestamp,order_item_id,product_id,price,"
            "freight_value"
        ),
    ),
}


@pytest.mark.parametrize(("plan", "write", "columns"), CASES.values(), ids=CASES.keys())
def test_seven_orders_of_four_people(
    plan: Callable[[Sequence[str]], Plan | None], write: Callable[[Sequence[KnownOrder]], Export], columns: str
) -> None:
    export = write(ORDERS)
    if columns:
        export = export.without(*(set(export.columns) - set(columns.split(","))))
    figures = read_figures(orders_of(plan_of(plan, export), export)).values()
    expected = [(orders, amount, amount) for orders, amount in FIGURES.values()]
    assert sorted((found.orders, found.gross / 100, found.net / 100) for found in figures) == sorted(expected)

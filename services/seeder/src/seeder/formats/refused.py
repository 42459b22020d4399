"""Exports that cannot work, refused by name: what they lack, and which export to use instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from retention.errors import BadDataError
from seeder.formats.spellings import claim, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

_PER_CUSTOMER: Final = "one row per customer: this needs order lines, each with an order, a date and a price"
_AMAZON: Final = """InvoiceNo: amazon-order-id
InvoiceDate: purchase-date
CustomerID: buyer-email
StockCode: sku
UnitPrice: item-price
price_per: line
Currency: currency
Country: ship-country
Quantity: quantity-shipped"""
_OLIST: Final = (
    "its orders, items and customers are three files that belong together",
    "give the folder or the zip that holds all three",
)
_ORDERS: Final = "export the orders with their lines"


class Refused(NamedTuple):
    """An export by the columns that make it out; `unless` names a column that would make it useful."""

    title: str
    columns: str  # as the export spells them, apart by |
    why: str
    instead: str
    unless: str = ""


REFUSED: Final = (
    Refused(
        "an Amazon report with buyers",
        "amazon-order-id|purchase-date|buyer-email|item-price",
        "its item-price is that of a line, not of a unit",
        f"load it with --map map.yaml, and in map.yaml:\n{_AMAZON}",
    ),
    Refused(
        "Amazon's all-orders report",
        "amazon-order-id|purchase-date",
        "it has no buyer, so nobody can be told apart",
        "use 'Amazon Fulfilled Shipments', which has buyer-email",
    ),
    Refused(
        "a WooCommerce Analytics export",
        "Order #|Customer type|Items sold",
        "it has no e-mail or customer id, and all items of an order in one cell; names are no ids",
        "export orders with the plugin Advanced Order Export or WebToffee Order Export, or read them from the REST API "
        "(/wp-json/wc/v3/orders)",
    ),
    Refused(
        "Instacart's orders",
        "order_id|user_id|order_dow|order_hour_of_day",
        "it has weekdays and hours, but no dates, and no prices",
        "use a data set with dates, such as Online Retail (seeder fetch-uci)",
    ),
    Refused(
        "Instacart's order products",
        "order_id|product_id|add_to_cart_order|reordered",
        "it has no people, dates or prices",
        "use a data set with dates, such as Online Retail (seeder fetch-uci)",
    ),
    Refused("Olist's orders alone", "order_id|customer_id|order_purchase_timestamp", *_OLIST, "customer_unique_id"),
    Refused("Olist's items alone", "order_id|order_item_id|seller_id", *_OLIST, "customer_unique_id"),
    Refused("Olist's customers alone", "customer_id|customer_unique_id", *_OLIST, "order_id"),
    Refused("Olist's payments alone", "order_id|payment_sequential|payment_value", *_OLIST, "customer_unique_id"),
    Refused(
        "a Shopify customers export",
        "Email|Total Spent|Total Orders",
        _PER_CUSTOMER,
        "in Shopify, use Orders → Export",
    ),
    Refused(
        "a Shopify products export",
        "Handle|Title|Variant SKU|Variant Price",
        "it lists products, not orders",
        "in Shopify, use Orders → Export",
    ),
    Refused(
        "a Shopify transactions export",
        "Order|Kind|Gateway|Amount",
        "it has no people and no items",
        "in Shopify, use Orders → Export → Export orders, not transactions",
    ),
    Refused(
        "a WooCommerce products export",
        "SKU|Name|Published|Regular price",
        "it lists products, not orders",
        "export orders with the plugin Advanced Order Export or WebToffee Order Export",
    ),
    Refused(
        "Square's transactions",
        "Transaction ID|Total Collected|Gross Sales|Card Brand",
        "it has no items",
        "in Square, use Transactions → Export → Items detail CSV",
        unless="Item",
    ),
    Refused("Telco customer churn", "customerID|tenure|MonthlyCharges|Churn", _PER_CUSTOMER, _ORDERS),
    Refused("the BankChurners data", "CLIENTNUM|Attrition_Flag", _PER_CUSTOMER, _ORDERS),
    Refused("a bank's churn data", "CustomerId|CreditScore|Exited", _PER_CUSTOMER, _ORDERS),
    Refused("FLO's customer data", "master_id|order_num_total_ever_online", _PER_CUSTOMER, _ORDERS),
    Refused("a Google Analytics export", "fullVisitorId|visitId", "it has visits, not orders of people", _ORDERS),
    Refused(
        "a Google Analytics export",
        "event_date|event_timestamp|event_name|user_pseudo_id",
        "it has events of browsers, not orders of people",
        _ORDERS,
    ),
    Refused(
        "a Google Analytics report",
        "Transaction ID|Purchase revenue",
        "it has no people",
        _ORDERS,
        unless="Customer ID",
    ),
    Refused(
        "a Google Analytics report",
        "Session source / medium|Sessions",
        "it has sums of visits, not orders of people",
        _ORDERS,
    ),
    Refused("a Google Analytics report", "Users|Sessions|Bounce Rate", "it has sums of visits, not orders", _ORDERS),
)

NAMES: Final = frozenset(plain(name) for refused in REFUSED for name in refused.columns.split("|"))
# Words of tables about people, one row each.
_ABOUT_PEOPLE: Final = (
    "churn", "churned", "attrition", "exited", "tenure", "age", "gender", "recency", "frequency", "monetary", "rfm",
    "totalspent", "totalspend", "totalorders", "orderscount", "ordercount", "lifetimevalue", "ltv", "clv",
    "customervalue", "lastorderdate", "firstorderdate", "lastpurchasedate", "dayssincelastorder",
    "dayssincelastpurchase", "numberoforders", "averageordervalue", "avgordervalue", "spendingscore", "annualincome",
)  # fmt: skip


def check(columns: Sequence[str]) -> None:
    """Raise BadDataError when the columns are those of an export that cannot work."""
    names = {plain(name) for name in columns}
    for refused in REFUSED:
        if all(plain(name) in names for name in refused.columns.split("|")):
            if refused.unless and plain(refused.unless) in names:
                continue
            raise BadDataError(f"this is {refused.title}: {refused.why}. Instead, {refused.instead}")


def check_kind(columns: Sequence[str]) -> None:
    """Raise BadDataError when the columns, of no known export, are a table of people, of products, or of no buyers."""
    names = {plain(name) for name in columns}
    found = {known[0] for name in columns if (known := claim(name))}
    lines = found & {"InvoiceNo", "InvoiceDate"}
    if not lines and names & set(_ABOUT_PEOPLE):
        raise BadDataError(f"this is a table of customers, {_PER_CUSTOMER}; {_ORDERS}")
    if found & {"StockCode", "Description"} and not found & {"InvoiceNo", "InvoiceDate", "CustomerID", "Email"}:
        raise BadDataError(f"this is a list of products: it has no orders, dates or customers; {_ORDERS}")
    if len(lines) == 2 and not found & {"CustomerID", "Email"}:  # noqa: PLR2004  # both
        raise BadDataError(
            "no column says who bought: customers need an id or an e-mail. Names are no ids, as two people share one. "
            "Export the customer's id or e-mail too, or name its column with --map FILE.yaml"
        )

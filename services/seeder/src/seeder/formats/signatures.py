"""The headers of the known exports: which names make each one out, and which others it has.

Formats are recognised by their own modules. This table finds the header among the first rows of a file, and names the
nearest format of a file that is none.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from seeder.formats.spellings import KNOWN, plain, variants


class Signature(NamedTuple):
    """The title of an export, the columns that make it out, and further ones, all as the export spells them."""

    title: str
    core: tuple[str, ...]
    more: tuple[str, ...] = ()


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


SIGNATURES: Final = {
    "shopify": Signature(
        "Shopify orders export",
        _names("Name, Created at, Lineitem quantity, Lineitem name, Lineitem price"),
        _names(
            "Email, Financial Status, Paid at, Fulfillment Status, Fulfilled at, Accepts Marketing, Currency, "
            "Subtotal, Shipping, Taxes, Total, Discount Code, Discount Amount, Shipping Method, Lineitem sku, "
            "Billing Name, Billing Country, Shipping Country, Notes, Note Attributes, Cancelled at, Payment Method, "
            "Refunded Amount, Vendor, Id, Tags, Risk Level, Source, Lineitem discount, Phone, "
            "Lineitem compare at price, Lineitem requires shipping, Lineitem taxable, Lineitem fulfillment status"
        ),
    ),
    "woo-advanced": Signature(
        "WooCommerce, Advanced Order Export",
        _names("Order Number, Order Status, Order Date, Email (Billing), Order Line Total"),
        _names(
            "Customer Note, First Name (Billing), Last Name (Billing), Country Code (Billing), Phone (Billing), "
            "Item #, SKU, Name, Product Variation, Quantity, Quantity (- Refund), Item Cost, Order Line (w/o tax), "
            "Order Line Tax, Order Line Total Refunded, Order Line Total (- Refund), Image URL"
        ),
    ),
    "woo-webtoffee": Signature(
        "WooCommerce, WebToffee order export",
        _names("order_id, order_date, status, billing_email, line_item_1"),
        _names(
            "order_number, paid_date, shipping_total, tax_total, order_total, order_subtotal, order_currency, "
            "customer_id, customer_user, customer_email, billing_country, shipping_country, customer_note, "
            "shipping_items, fee_items, tax_items, coupon_items, refund_items, order_notes, line_item_2"
        ),
    ),
    "magento": Signature(
        "Magento orders export",
        _names("ID, Purchase Date, Grand Total (Base), Status, Customer Email"),
        _names(
            "Purchase Point, Bill-to Name, Ship-to Name, Grand Total (Purchased), Billing Address, Shipping Address, "
            "Shipping Information, Customer Group, Subtotal, Shipping and Handling, Customer Name, Payment Method, "
            "Total Refunded"
        ),
    ),
    "square": Signature(
        "Square item details",
        _names("Date, Time, Item, Qty, Net Sales, Transaction ID"),
        _names(
            "Time Zone, Category, Price Point Name, SKU, Modifiers Applied, Gross Sales, Discounts, Tax, Payment ID, "
            "Device Name, Notes, Details, Event Type, Location, Dining Option, Customer ID, Customer Name, "
            "Customer Reference ID, Unit, Count, GTIN, Itemization Type, Commission, Employee, Channel, Token"
        ),
    ),
    "etsy": Signature(
        "Etsy sold order items",
        _names("Sale Date, Item Name, Buyer, Quantity, Price, Order ID"),
        _names(
            "Coupon Code, Discount Amount, Order Shipping, Order Sales Tax, Item Total, Currency, Transaction ID, "
            "Listing ID, Date Paid, Date Shipped, Ship Name, Ship Country, Variations, Order Type, Listings Type, SKU"
        ),
    ),
    "stripe": Signature(
        "Stripe payments",
        _names("id, Created (UTC), Amount, Amount Refunded, Status, Customer ID"),
        _names(
            "Created date (UTC), Description, Seller Message, Currency, Converted Amount, Converted Amount Refunded, "
            "Fee, Tax, Converted Currency, Mode, Statement Descriptor, Customer Description, Customer Email, Captured, "
            "Card ID"
        ),
    ),
    "olist": Signature(
        "Olist, three files joined",
        _names("order_id, customer_unique_id, order_status, order_purchase_timestamp, price"),
        _names(
            "customer_id, order_approved_at, order_delivered_carrier_date, order_delivered_customer_date, "
            "order_estimated_delivery_date, order_item_id, product_id, seller_id, shipping_limit_date, freight_value, "
            "customer_zip_code_prefix, customer_city, customer_state, payment_sequential, payment_value"
        ),
    ),
    "superstore": Signature(
        "Superstore",
        _names("Order ID, Order Date, Customer ID, Product ID, Sales, Quantity"),
        _names(
            "Row ID, Ship Date, Ship Mode, Customer Name, Segment, Country, Region, Category, Sub-Category, "
            "Product Name, Discount, Profit"
        ),
    ),
}

_KNOWN: Final = KNOWN | {plain(name) for known in SIGNATURES.values() for name in (*known.core, *known.more)}


def is_known(name: str) -> bool:
    """Whether a column of this name occurs in one of the exports, or holds one of our values."""
    return any(text in _KNOWN for text in variants(name))

"""Every shop system as a whole: how its export is written, and what of an order it can say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from exports import etsy, magento, olist, shopify, square, stripe, superstore, woo_advanced, woo_webtoffee
from exports.changes import plain_of, undiscounted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exports.export import Export
    from exports.known_orders import KnownOrder

ISO = "%Y-%m-%d %H:%M:%S"
MINUTES = "%Y-%m-%d %H:%M"


def goods(order: KnownOrder) -> int:
    return order.goods


def paid(order: KnownOrder) -> int:
    return order.paid


def as_it_is(order: KnownOrder) -> KnownOrder:
    return order


def stateless(order: KnownOrder) -> KnownOrder:
    return replace(order, state=None)


def unrefunded(order: KnownOrder) -> KnownOrder:
    return undiscounted(replace(order, refunds=()))


@dataclass(frozen=True)
class Whole:
    """One shop system's export, for loads of whole files."""

    write: Callable[[Sequence[KnownOrder]], Export]
    dates: Mapping[str, str] = field(default_factory=dict)  # date columns, and how the system writes them
    value: Callable[[KnownOrder], int] = goods  # what the format says an order is worth
    able: Callable[[KnownOrder], KnownOrder] = as_it_is  # what of an order the format can say
    named: Callable[[str], str] = str  # a person's name in it
    numbered: Callable[[str], str] = str  # an order's number in it
    scattered: bool = True  # every row names its order: rows may come in any sequence
    twice: bool = True  # an order that the file holds twice is told from one with two equal lines
    by_row: bool = True  # an order has a row for each of its items, so that a file may end within one
    own_total: bool = False  # an order says what its lines come to, on its first row
    mixed: bool = False  # it writes amounts as their buyers do, with a point or a comma
    refunds_apart: bool = False  # a refund is a row of its own, in the export of its own month
    line_feed: bool = False  # an order that comes again with other lines is refused without --replace-orders
    arguments: tuple[str, ...] = ()  # where the dates alone may not tell day and month apart


PLATFORMS = {
    "shopify": Whole(
        shopify.write, {"Created at": f"{ISO} -0500"}, numbered="#{}".format, scattered=False, own_total=True
    ),
    "shopify, repeated": Whole(
        partial(shopify.write, repeated=True),
        {"Created at": f"{ISO} -0500"},
        numbered="#{}".format,
        twice=False,
        own_total=True,
    ),
    "shopify, discounts by line": Whole(
        partial(shopify.write, by_line=True),
        {"Created at": f"{ISO} -0500"},
        numbered="#{}".format,
        scattered=False,
        own_total=True,
    ),
    "woo_advanced": Whole(woo_advanced.write, {"Order Date": MINUTES}),
    "woo_advanced, once": Whole(
        partial(woo_advanced.write, repeated=False), {"Order Date": MINUTES}, scattered=False
    ),
    "woo_webtoffee": Whole(woo_webtoffee.write, {"order_date": ISO}, by_row=False),
    "woo_webtoffee, columns": Whole(partial(woo_webtoffee.write, in_columns=True), {"order_date": ISO}, by_row=False),
    "magento": Whole(
        magento.write,
        {"Purchase Date": "%b %d, %Y %I:%M:%S %p"},
        value=paid,
        numbered=lambda number: number.zfill(9),
        by_row=False,
    ),
    "square": Whole(
        square.write,
        {"Date": "%Y-%m-%d"},
        able=stateless,
        numbered="T{}".format,
        twice=False,
        refunds_apart=True,
    ),
    "etsy": Whole(etsy.write, {"Sale Date": "%m/%d/%y"}, able=plain_of, mixed=True, arguments=("--dates", "mdy")),
    "stripe": Whole(
        stripe.write, {"Created (UTC)": MINUTES}, value=paid, numbered="ch_{}".format, by_row=False, mixed=True
    ),
    "stripe, newer": Whole(
        partial(stripe.write, newer=True),
        {"Created date (UTC)": MINUTES, "Refunded date (UTC)": MINUTES},
        value=paid,
        numbered="ch_{}".format,
        by_row=False,
    ),
    "olist": Whole(
        olist.write,
        {"order_purchase_timestamp": ISO},
        able=unrefunded,
        named=olist.hexed,
        numbered=olist.hexed,
    ),
    "superstore": Whole(
        superstore.write,
        {"Order Date": "%m/%d/%Y"},
        able=plain_of,
        numbered="CA-2025-{}".format,
        twice=False,
        line_feed=True,
        arguments=("--dates", "mdy"),
    ),
}  # fmt: skip

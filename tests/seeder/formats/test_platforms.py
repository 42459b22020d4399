"""Every platform's adapter against exports written from known orders: the figures equal the truth to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from exports import etsy as etsy_export
from exports import magento as magento_export
from exports import olist as olist_export
from exports import shopify as shopify_export
from exports import square as square_export
from exports import stripe as stripe_export
from exports import superstore as superstore_export
from exports import woo_advanced as woo_advanced_export
from exports import woo_webtoffee as woo_webtoffee_export
from exports.changes import later, plain_of, undiscounted
from exports.known_orders import KnownOrder, known_orders, seeded
from exports.reading import lines_of, orders_of, plan_of
from exports.truth import Figures, line_figures, read_figures, true_figures

from seeder.formats import (
    etsy,
    magento,
    olist,
    shopify,
    square,
    stripe,
    superstore,
    woo_advanced,
    woo_webtoffee,
)
from seeder.formats.completeness import complete

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exports.export import Export

    from seeder.formats.plan import Plan

SEEDS = range(12)


def goods(order: KnownOrder) -> int:
    return order.goods


def paid(order: KnownOrder) -> int:
    return order.paid


def as_it_is(order: KnownOrder) -> KnownOrder:
    return order


@dataclass(frozen=True)
class Platform:
    plan: Callable[[Sequence[str]], Plan | None]
    write: Callable[[Sequence[KnownOrder]], Export]
    value: Callable[[KnownOrder], int] = goods  # what the format says an order is worth
    able: Callable[[KnownOrder], KnownOrder] = as_it_is  # what of an order the format can say
    named: Callable[[str], str] = str  # a person's name in it
    twice: bool = True  # an order that the file holds twice is told from one with two equal lines
    any_row_order: bool = True  # every row names its order

    def orders(self, seed: int) -> list[KnownOrder]:
        return [self.able(order) for order in known_orders(seeded(seed))]

    def truth(self, orders: Sequence[KnownOrder]) -> dict[str, Figures]:
        return {self.named(who): figures for who, figures in true_figures(orders, self.value).items()}

    def read(self, export: Export, decimal: str = ".") -> dict[str, Figures]:
        plan = plan_of(self.plan, export)
        if plan.lines is not None:
            return line_figures(lines_of(plan, export, decimal=decimal))
        return read_figures(orders_of(plan, export, decimal=decimal))


PLATFORMS = {
    "shopify": Platform(shopify.plan, shopify_export.write),
    "shopify, repeated": Platform(
        shopify.plan, lambda orders: shopify_export.write(orders, repeated=True), twice=False
    ),
    "shopify, discounts by line": Platform(shopify.plan, lambda orders: shopify_export.write(orders, by_line=True)),
    "woo_advanced": Platform(woo_advanced.plan, woo_advanced_export.write),
    "woo_advanced, once": Platform(
        woo_advanced.plan, lambda orders: woo_advanced_export.write(orders, repeated=False), any_row_order=False
    ),
    "woo_webtoffee": Platform(woo_webtoffee.plan, woo_webtoffee_export.write),
    "woo_webtoffee, columns": Platform(
        woo_webtoffee.plan, lambda orders: woo_webtoffee_export.write(orders, in_columns=True)
    ),
    "magento": Platform(magento.plan, magento_export.write, value=paid),
    "square": Platform(
        square.plan,
        square_export.write,
        able=lambda order: KnownOrder(**{**order.__dict__, "state": None}),
        twice=False,
    ),
    "etsy": Platform(etsy.plan, etsy_export.write, able=plain_of),
    "stripe": Platform(stripe.plan, stripe_export.write, value=paid),
    "stripe, newer": Platform(stripe.plan, lambda orders: stripe_export.write(orders, newer=True), value=paid),
    "olist": Platform(
        olist.plan,
        olist_export.write,
        able=lambda order: undiscounted(KnownOrder(**{**order.__dict__, "refunds": ()})),
        named=olist_export.hexed,
    ),
    "olist, with payments": Platform(
        olist.plan,
        lambda orders: olist_export.write(orders, payments=3),
        able=lambda order: undiscounted(KnownOrder(**{**order.__dict__, "refunds": ()})),
        named=olist_export.hexed,
    ),
    "superstore": Platform(superstore.plan, superstore_export.write, able=plain_of, twice=False),
}

every_platform = pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS.keys())
every_seed = pytest.mark.parametrize("seed", SEEDS)


@every_platform
@every_seed
def test_figures_equal_the_truth_to_the_cent(platform: Platform, seed: int) -> None:
    orders = platform.orders(seed)
    assert platform.read(platform.write(orders)) == platform.truth(orders)


@every_platform
@every_seed
def test_neither_columns_nor_headers_nor_the_sequence_of_orders_matter(platform: Platform, seed: int) -> None:
    rng, orders = seeded(seed), platform.orders(seed)
    export = platform.write(orders).shuffled_orders(rng).shuffled_columns(rng).restyled_headers(rng)
    export = export.with_column("A note of ours", "x")
    export = type(export)(export.columns, export.rows, export.columns[0], (), ())
    assert platform.read(export) == platform.truth(orders)


@every_platform
@every_seed
def test_a_decimal_comma_changes_nothing(platform: Platform, seed: int) -> None:
    orders = platform.orders(seed)
    assert platform.read(platform.write(orders).decimal_comma(), decimal=",") == platform.truth(orders)


@every_platform
@every_seed
def test_rows_sorted_by_something_else_change_nothing(platform: Platform, seed: int) -> None:
    if not platform.any_row_order:
        pytest.skip("its further rows do not name their order")
    orders = platform.orders(seed)
    export = platform.write(orders).shuffled_rows(seeded(seed))
    assert platform.read(export) == platform.truth(orders)


@every_platform
@every_seed
def test_a_file_cut_between_two_orders_says_the_same_in_two(platform: Platform, seed: int) -> None:
    orders = platform.orders(seed)
    first, second = platform.write(orders).cut(11)
    assert platform.read(first) == platform.truth(orders[:11])
    assert platform.read(second) == platform.truth(orders[11:])


@every_platform
@every_seed
def test_two_exports_in_one_file_are_read_by_the_later(platform: Platform, seed: int) -> None:
    if not platform.twice:
        pytest.skip("its orders that come twice cannot be told from orders with equal lines")
    orders = platform.orders(seed)
    changed = [platform.able(order) for order in later(orders, seeded(seed))]
    assert platform.read(platform.write([*orders, *changed])) == platform.truth(changed)


@every_platform
@every_seed
def test_orders_in_full_are_complete_and_no_figure_of_theirs_is_missed(platform: Platform, seed: int) -> None:
    export = platform.write(platform.orders(seed))
    plan = plan_of(platform.plan, export)
    if plan.whole_orders:
        assert all(complete(order) for order in orders_of(plan, export))


@every_platform
def test_without_any_one_core_column_it_is_another_format(platform: Platform) -> None:
    export = platform.write(platform.orders(1))
    if "webtoffee" in platform.plan.__module__:
        pytest.skip("its core is any column of items")
    alternatives = {"Transaction ID", "Listing ID", "Captured", "Amount Refunded", "Quantity", "Order Line Total"}
    for name in export.core:
        assert platform.plan(export.without(name).columns) is None or name in alternatives


@every_platform
def test_optional_columns_may_be_missing(platform: Platform) -> None:
    export = platform.write(platform.orders(2))
    optional = [name for name in export.columns if name not in export.core]
    for name in optional:
        fewer = export.without(name)
        plan = plan_of(platform.plan, fewer)
        if plan.orders is not None:
            orders_of(plan, fewer)


@every_platform
def test_a_plan_is_for_no_other_platform(platform: Platform) -> None:
    columns = platform.write(platform.orders(3)).columns
    makers = {other.plan for other in PLATFORMS.values()}
    assert [make for make in makers if make(columns) is not None] == [platform.plan]


@every_platform
def test_a_line_with_an_unreadable_amount_is_kept_for_quarantine(platform: Platform) -> None:
    export = platform.write(platform.orders(4))
    if "line_item_1" in export.columns:
        pytest.skip("its amounts are inside cells")
    name = next(name for name in export.money if name in export.core or name.startswith("Product Item 1"))
    for row in export.groups()[0]:
        row[export.column(name)] = "n/a?"
    plan = plan_of(platform.plan, export)
    lines = lines_of(plan, export) if plan.lines else orders_of(plan, export)[0].lines
    assert lines[0][5] == "n/a?"

"""The file's own totals against what is counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from look_samples import line

from seeder.formats.plan import Order, Stated
from seeder.look.reconciliation import Difference, Reconciliation, lines_of, worth

LINES = [line("1", 2, 14.0), line("1", 1, 14.0)]


def compared(*orders: tuple[Order, dict[str, Any]]) -> Difference:
    reconciliation = Reconciliation()
    for order, options in orders:
        reconciliation.add(order, [worth(one) for one in order.lines], **options)
    difference = reconciliation.difference()
    assert difference is not None
    return difference


def of(stated: Stated, lines: Any = LINES, *, state: str | None = None, currency: str | None = None) -> Order:
    return Order("#2001", lines, state, currency, stated)


@pytest.mark.parametrize(
    ("order", "causes"),
    [
        (of(Stated(42.0)), {}),
        (of(Stated(subtotal=42.0)), {}),
        (of(Stated(47.0, shipping=5.0)), {"shipping": 500}),
        (of(Stated(50.36, 42.0, 5.0, 3.36)), {"shipping": 500, "tax": 336}),
        (of(Stated(47.0, 42.0, 5.0, 7.0)), {"shipping": 500}),  # the prices include the tax
        (of(Stated(40.0, discount=2.0)), {"discount": -200}),
        (of(Stated(40.0, discount=-2.0)), {"discount": -200}),
        (of(Stated(42.0, refunded=14.0), [*LINES, line("1", -1, 14.0)]), {"refund": 1_400}),
        (of(Stated(28.0, refunded=14.0), [*LINES, line("1", -1, 14.0)]), {}),  # the total is after the refund
        (of(Stated(42.01)), {"rounding": 1}),
        (of(Stated(45.0)), {"unexplained": 300}),
        (of(Stated(42.0), state="cancelled"), {"cancelled": 4_200}),
    ],
)
def test_a_difference_has_its_cause(order: Order, causes: dict[str, int]) -> None:
    difference = compared((order, {}))
    assert difference.causes == causes
    assert difference.cents == sum(causes.values())
    assert difference.example == ("#2001" if "unexplained" in causes else None)


def test_an_order_in_quarantine_is_a_cause() -> None:
    assert compared((of(Stated(42.0)), {"put_aside": True})).causes == {"quarantined": 4_200}


def test_another_currency_is_never_part_of_the_sums() -> None:
    difference = compared((of(Stated(42.0)), {}), (of(Stated(24_000.0), currency="JPY"), {"foreign": True}))
    assert (difference.stated, difference.counted, difference.foreign) == (4_200, 4_200, {"JPY": 2_400_000})
    assert list(lines_of(difference, "GBP")) == [
        "the file's totals £42.00, counted £42.00, difference £0.00",
        "other currency: 24,000 JPY in orders that are not counted",
    ]


def test_orders_without_totals_are_not_compared() -> None:
    reconciliation = Reconciliation()
    reconciliation.add(of(Stated()), [42.0])
    reconciliation.add(Order("#2001", LINES), [42.0])
    assert reconciliation.difference() is None


def test_what_explained_the_orders_before_is_not_given_up_for_a_coincidence() -> None:
    orders = [of(Stated(50.0, shipping=5.0, tax=3.0))] * 3
    difference = compared(*[(order, {}) for order in orders], (of(Stated(60.0, shipping=5.0, tax=3.0)), {}))
    assert difference.causes == {"shipping": 2_000, "tax": 1_200, "unexplained": 1_000}


def test_a_line_is_worth_its_stated_total() -> None:
    assert worth(line("1", 3, 3.33, total=10.0)) == 10.0
    assert worth(line("1", -3, 3.33, total=10.0)) == -10.0
    assert worth(line("1", 1, -10.0)) == -10.0
    assert worth(line("1", 1, -10.0, total=10.0)) == -10.0


def test_the_difference_reads_well() -> None:
    assert list(lines_of(compared((of(Stated(52.0, shipping=5.0, tax=3.0)), {})), "USD")) == [
        "the file's totals $52.00, counted $42.00, difference $10.00",
        "which is unexplained $2.00, shipping $5.00, tax $3.00 (look at order #2001)",
    ]


MONEY = st.integers(0, 1_000_000).map(lambda cents: cents / 100)
ORDERS: st.SearchStrategy[tuple[Order, dict[str, Any]]] = st.builds(
    lambda prices, stated, state: (of(Stated(*stated), [line("1", 1, price) for price in prices], state=state), {}),
    st.lists(st.one_of(MONEY, st.floats(0, 1e6)), max_size=4),
    st.tuples(*[st.one_of(st.none(), MONEY)] * 5),
    st.sampled_from([None, "cancelled"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ORDERS, min_size=1, max_size=8))
def test_causes_sum_to_the_difference_exactly(orders: list[tuple[Order, dict[str, Any]]]) -> None:
    reconciliation = Reconciliation()
    for order, _ in orders:
        reconciliation.add(order, [worth(one) for one in order.lines])
    difference = reconciliation.difference()
    if difference:
        assert sum(difference.causes.values()) == difference.stated - difference.counted

"""Discounts of an order, spread over its lines so that nothing drifts by a cent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seeder.formats.discounts import Prices, spread

CENTS = st.integers(0, 500_000)


@pytest.mark.parametrize(
    ("gross", "off", "discount", "subtotal", "totals"),
    [
        ([28.0, 14.0], [0, 0], 0, 42.0, [28, 14]),
        ([28.0, 14.0], [0, 0], 4.2, 37.8, [25.2, 12.6]),  # the order's alone
        ([28.0, 14.0], [4.2, 0], 4.2, 37.8, [23.8, 14]),  # the same discount, said twice
        ([28.0, 14.0], [4.0, 0], 2.0, 36.0, [22.74, 13.26]),  # one on top of the other
        ([28.0, 14.0], [4.0, 0], 8.0, 34.0, [21.47, 12.53]),  # the lines' inside the order's
        ([28.0, 14.0], [0, 0], 5.0, 42.0, [28, 14]),  # off the shipping
        ([28.0, 14.0], [4.0, 0], 0, 42.0, [28, 14]),  # prices that are less it already
        ([28.0, 14.0], [0, 0], 0, 21.0, [14, 7]),  # the subtotal is the truth
        ([28.0], [0], 0, 42.0, [28]),  # a line is missing
        ([28.0, 14.0], [0, 0], 4.2, None, [25.2, 12.6]),
        ([0.333 * 3, 2.0], [0, 0], 0, 3.0, [1.0, 2.0]),  # prices finer than cents
        ([5.0, 0.0], [0, 0], 5.0, 0.0, [0, 0]),
    ],
)
def test_the_reading_that_meets_the_subtotal_wins(
    gross: list[float], off: list[float], discount: float, subtotal: float | None, totals: list[float]
) -> None:
    assert Prices(gross, off, discount, subtotal).after_discounts() == pytest.approx(totals, abs=1e-9)


@given(st.lists(CENTS, min_size=1, max_size=30), st.data())
def test_shares_add_up_and_none_is_negative_or_grows(cents: list[int], data: st.DataObject) -> None:
    target = data.draw(st.integers(0, sum(cents)))
    shares = spread([amount / 100 for amount in cents], target / 100)
    assert sum(round(share * 100) for share in shares) == target or sum(cents) == 0
    assert all(-1e-9 <= share <= amount / 100 + 1e-9 for share, amount in zip(shares, cents, strict=True))

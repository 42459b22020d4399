"""One-time buyers: the churn rates of similar customers, with their intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from retention.scoring.churn import sigmoid
from trainer.churn.single_order import MIN_CUSTOMERS, fit_single_order
from trainer.windows import Examples

if TYPE_CHECKING:
    from retention.scoring.single_order import SingleOrderRates

DAY = np.datetime64("2011-06-13")


def examples(rows: pd.DataFrame) -> Examples:
    """Rows of Frequency, Recency, distinct_products, churned and customer."""
    customers, churned = pd.Index(rows.pop("customer").to_numpy(int)), pd.Series(rows.pop("churned").to_numpy(int))
    return Examples(rows.astype(float), churned, customers, np.full(len(rows), DAY))


def shop(customers: int = 3_000, cut_offs: int = 1, seed: int = 0) -> Examples:
    """Churn rises with recency and falls with breadth; outcomes are the same at each cut-off."""
    random = np.random.default_rng(seed)
    recency, products = random.integers(0, 250, customers), random.integers(1, 40, customers)
    gone = random.random(customers) < 0.35 + 0.002 * recency - 0.005 * products
    frequency = random.integers(1, 3, customers)
    rows = {"Frequency": frequency, "Recency": recency, "distinct_products": products, "churned": gone}
    frame = pd.DataFrame(rows | {"customer": np.arange(customers)})
    return examples(pd.concat([frame] * cut_offs, ignore_index=True))


def rate_of(table: SingleOrderRates, recency: float, products: float) -> float:
    return sigmoid(table.cell({"Recency": recency, "distinct_products": products}).log_odds)


def test_each_cell_has_the_rate_of_its_own_customers() -> None:
    found = shop()
    table = fit_single_order(found, horizon_days=90)
    frame = found.features.assign(churned=found.churned.to_numpy())
    single = frame[frame.Frequency == 1]
    cells = [table.cell(row) for row in single.to_dict("records")]  # type: ignore[arg-type]  # keys are column names
    assert len(table.cells) == 9
    by_cell = single.groupby([table.cells.index(cell) for cell in cells]).churned.agg(["mean", "size"])
    for number, cell in enumerate(table.cells):
        assert sigmoid(cell.log_odds) == pytest.approx(by_cell.loc[number, "mean"], abs=1e-12)
        assert cell.customers == by_cell.loc[number, "size"]


def test_bands_follow_the_horizon() -> None:
    limits = {cell.recency_below for cell in fit_single_order(shop(), horizon_days=60).cells}
    assert limits == {40.0, 80.0, None}


def test_churn_rises_with_recency_and_falls_with_breadth() -> None:
    table = fit_single_order(shop(20_000), horizon_days=90)
    assert rate_of(table, 10, 5) < rate_of(table, 90, 5) < rate_of(table, 200, 5)
    assert rate_of(table, 90, 3) > rate_of(table, 90, 20) > rate_of(table, 90, 39)


def test_the_interval_is_wilsons() -> None:
    table = fit_single_order(shop(), horizon_days=90)
    for cell in table.cells:
        rate, n, z = sigmoid(cell.log_odds), cell.customers, 1.6448536269514722
        centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        assert (sigmoid(cell.low), sigmoid(cell.high)) == pytest.approx((centre - half, centre + half), abs=1e-9)


def test_a_customer_at_six_cut_offs_counts_once() -> None:
    once, six_times = (fit_single_order(shop(cut_offs=count), horizon_days=90) for count in (1, 6))
    for one, six in zip(once.cells, six_times.cells, strict=True):
        assert (six.low, six.log_odds, six.high) == pytest.approx((one.low, one.log_odds, one.high), abs=1e-9)


@pytest.mark.parametrize("fate", [0, 1])
def test_no_rate_is_0_or_1_even_with_a_single_outcome(fate: int) -> None:
    found = shop()
    long_silent = (found.features.Frequency == 1) & (found.features.Recency >= 120)
    found.churned[long_silent.to_numpy()] = fate
    table = fit_single_order(found, horizon_days=90)
    assert all(0.01 < sigmoid(cell.low) < sigmoid(cell.high) < 0.99 for cell in table.cells)


def test_small_cells_are_merged() -> None:
    found = shop()
    is_long_silent = ((found.features.Frequency == 1) & (found.features.Recency >= 120)).to_numpy()
    keep = ~is_long_silent
    keep[np.flatnonzero(is_long_silent)[: MIN_CUSTOMERS * 2]] = True  # enough for a band, not for its three parts
    table = fit_single_order(found.where(keep), horizon_days=90)
    assert [cell.products_below for cell in table.cells if cell.recency_below is None] == [None]
    assert table.cells[-1].customers == MIN_CUSTOMERS * 2


def test_a_small_recency_band_is_merged_with_its_neighbour() -> None:
    found = shop()
    single = (found.features.Frequency == 1).to_numpy()
    long_silent = single & (found.features.Recency >= 120).to_numpy()
    keep = ~long_silent
    keep[np.flatnonzero(long_silent)[: MIN_CUSTOMERS - 5]] = True
    table = fit_single_order(found.where(keep), horizon_days=90)
    assert {cell.recency_below for cell in table.cells} == {60.0, None}
    over_60 = keep & single & (found.features.Recency >= 60).to_numpy()
    assert sum(cell.customers for cell in table.cells[-3:]) == over_60.sum()


def test_without_single_orders_the_rate_is_that_of_all_customers() -> None:
    found = shop()
    found.features["Frequency"] = 2.0
    table = fit_single_order(found, horizon_days=90)
    assert rate_of(table, 10, 5) == pytest.approx(found.churned.mean())

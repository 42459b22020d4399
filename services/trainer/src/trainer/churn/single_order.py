"""Churn rates of customers with one order, by days since the order and number of products in it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from retention.scoring.churn import Z
from retention.scoring.single_order import BREADTH, RECENCY, Cell, SingleOrderRates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.arrays import Booleans, Floats, Integers
    from trainer.windows import Examples

# Of edges at 1/2, 2/3, 1, 4/3 and 3/2 horizons these two were best or nearly so at five test instants of Online Retail.
RECENCY_EDGES: Final = (2 / 3, 4 / 3)  # of the horizon
BREADTH_PARTS: Final = 3  # few, some, many products: equal numbers of training customers
MIN_CUSTOMERS: Final = 30  # fewer make the 90% interval of a rate wider than ±0.15
MIN_OF_EACH_CLASS: Final = 5


class _Rows(NamedTuple):
    """Recency, breadth, outcome and customer of some examples."""

    recency: Floats
    products: Floats
    churned: Integers
    customer_ids: Integers

    def where(self, rows: Booleans) -> _Rows:
        return _Rows(self.recency[rows], self.products[rows], self.churned[rows], self.customer_ids[rows])

    def is_enough(self) -> bool:
        customers = [len(np.unique(self.customer_ids[self.churned == outcome])) for outcome in (0, 1)]
        return min(customers) >= MIN_OF_EACH_CLASS and len(np.unique(self.customer_ids)) >= MIN_CUSTOMERS


def fit_single_order(examples: Examples, horizon_days: int) -> SingleOrderRates:
    """Return the table of rates; cells with too few customers are merged with their neighbours.

    Small cells merge over breadth; a small recency band merges with the next, the last with the one before. When there
    are too few single-order customers in all (all customers come back at once), the rate is that of all customers.
    """
    rows = _Rows(
        examples.features[RECENCY].to_numpy(), examples.features[BREADTH].to_numpy(),
        examples.churned.to_numpy(), examples.customer_ids.to_numpy(),
    )  # fmt: skip
    single = rows.where(examples.features["Frequency"].to_numpy() == 1)
    if not single.is_enough():
        return SingleOrderRates(_log_odds(rows.churned.mean()), (_cell(rows, None, None),))
    limits = _breadth_limits(single.products)
    cells = [
        cell for recency_below, band in _bands(single, horizon_days) for cell in _cells(band, recency_below, limits)
    ]
    return SingleOrderRates(_log_odds(single.churned.mean()), tuple(cells))


def _bands(single: _Rows, horizon_days: int) -> Iterator[tuple[float | None, _Rows]]:
    """Yield each sufficient recency band with its exclusive upper limit."""
    start = 0.0
    for edge in RECENCY_EDGES:
        end = edge * horizon_days
        band = single.where((single.recency >= start) & (single.recency < end))
        rest = single.where(single.recency >= end)
        if band.is_enough() and rest.is_enough():
            yield end, band
            start = end
    yield None, single.where(single.recency >= start)


def _breadth_limits(products: Floats) -> list[float]:
    """Return the exclusive upper limits of all but the last part, with equal numbers of customers but for ties."""
    shares = np.arange(1, BREADTH_PARTS) / BREADTH_PARTS
    return [float(limit) + 1 for limit in np.unique(np.quantile(products, shares, method="lower"))]


def _cells(band: _Rows, recency_below: float | None, limits: list[float]) -> list[Cell]:
    """Return the cells of one recency band: one per part by breadth, or a single one for all."""
    parts = [
        band.where((band.products >= low) & (band.products < high)) for low, high in pairwise([0.0, *limits, math.inf])
    ]
    if not all(part.is_enough() for part in parts):
        return [_cell(band, recency_below, None)]
    return [_cell(part, recency_below, limit) for part, limit in zip(parts, (*limits, None), strict=True)]


def _cell(rows: _Rows, recency_below: float | None, products_below: float | None) -> Cell:
    """Return the rate with its Wilson interval; n is the effective sample size, not the number of rows."""
    rate = float(rows.churned.mean())
    n = rate * (1 - rate) / _clustered_variance(rows, rate)
    centre = (rate + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half_width = Z / (1 + Z**2 / n) * math.sqrt(rate * (1 - rate) / n + Z**2 / (4 * n**2))
    customers = len(np.unique(rows.customer_ids))
    log_odds = (_log_odds(rate), _log_odds(centre - half_width), _log_odds(centre + half_width))
    return Cell(recency_below, products_below, customers, *log_odds)


def _clustered_variance(rows: _Rows, rate: float) -> float:
    """Return the variance of the rate, clustered by customer: one customer appears at several cut-offs."""
    _, customer = np.unique(rows.customer_ids, return_inverse=True)
    return float(np.square(np.bincount(customer, rows.churned - rate)).sum()) / len(rows.churned) ** 2


def _log_odds(rate: float) -> float:
    return math.log(rate / (1 - rate))

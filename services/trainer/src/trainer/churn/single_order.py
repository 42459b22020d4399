"""What becomes of customers with one order: their churn rate by how long ago it was and how broad it was."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from retention.scoring.churn import Z
from retention.scoring.single_order import BREADTH, RECENCY, Cell, SingleOrderRates

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from trainer.evaluation.metrics import Floats, Integers
    from trainer.windows import Examples

# Of edges at 1/2, 2/3, 1, 4/3 and 3/2 horizons these two did best, or nearly, at five test instants of Online Retail.
RECENCY_EDGES: Final = (2 / 3, 4 / 3)  # of the horizon
BREADTH_PARTS: Final = 3  # few, some, many products: as many training customers in each
MIN_CUSTOMERS: Final = 30  # below, the 90 % interval of a rate is wider than ±0.15
MIN_OF_EACH_CLASS: Final = 5


class _Rows(NamedTuple):
    """The rows of some customers: their figures, what became of them, and whose they are."""

    recency: Floats
    products: Floats
    churned: Integers
    customer_ids: Integers

    def where(self, rows: npt.NDArray[np.bool_]) -> _Rows:
        return _Rows(self.recency[rows], self.products[rows], self.churned[rows], self.customer_ids[rows])

    def is_enough(self) -> bool:
        customers = [len(np.unique(self.customer_ids[self.churned == outcome])) for outcome in (0, 1)]
        return min(customers) >= MIN_OF_EACH_CLASS and len(np.unique(self.customer_ids)) >= MIN_CUSTOMERS


def fit_single_order(examples: Examples, horizon_days: int) -> SingleOrderRates:
    """Return the table; cells with too few customers are told together with their neighbours in breadth.

    A band of recency with too few of them is told together with the next, the last with the one before. Where all
    single-order customers together are too few (a shop where everybody comes back at once) it is all customers.
    """
    rows = _Rows(
        examples.features[RECENCY].to_numpy(), examples.features[BREADTH].to_numpy(),
        examples.churned.to_numpy(), examples.customer_ids.to_numpy(),
    )  # fmt: skip
    single = rows.where(examples.features["Frequency"].to_numpy() == 1)
    if not single.is_enough():
        return SingleOrderRates(_log_odds(rows.churned.mean()), (_cell(rows, None, None),))
    limits = _breadth_limits(single.products)
    cells = [cell for below, band in _bands(single, horizon_days) for cell in _band(band, below, limits)]
    return SingleOrderRates(_log_odds(single.churned.mean()), tuple(cells))


def _bands(single: _Rows, horizon_days: int) -> Iterator[tuple[float | None, _Rows]]:
    """Yield each band of recency with enough customers, and its exclusive limit."""
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
    """Return the exclusive upper limits of all but the last part: as many customers in each, as far as ties allow."""
    shares = np.arange(1, BREADTH_PARTS) / BREADTH_PARTS
    return [float(limit) + 1 for limit in np.unique(np.quantile(products, shares, method="lower"))]


def _band(band: _Rows, recency_below: float | None, limits: list[float]) -> list[Cell]:
    """Return the cells of one band of recency: one for each part by breadth, or one for all."""
    parts = [
        band.where((band.products >= low) & (band.products < high)) for low, high in pairwise([0.0, *limits, math.inf])
    ]
    if not all(part.is_enough() for part in parts):
        return [_cell(band, recency_below, None)]
    return [_cell(part, recency_below, limit) for part, limit in zip(parts, (*limits, None), strict=True)]


def _cell(rows: _Rows, recency_below: float | None, products_below: float | None) -> Cell:
    """Return the empirical rate and its Wilson interval; n is what the rows are worth, not how many they are."""
    rate = float(rows.churned.mean())
    n = rate * (1 - rate) / _variance(rows, rate)
    centre = (rate + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half_width = Z / (1 + Z**2 / n) * math.sqrt(rate * (1 - rate) / n + Z**2 / (4 * n**2))
    customers = len(np.unique(rows.customer_ids))
    log_odds = (_log_odds(rate), _log_odds(centre - half_width), _log_odds(centre + half_width))
    return Cell(recency_below, products_below, customers, *log_odds)


def _variance(rows: _Rows, rate: float) -> float:
    """Return the variance of the rate, clustered: the same customer stands in several cut-offs."""
    _, customer = np.unique(rows.customer_ids, return_inverse=True)
    return float(np.square(np.bincount(customer, rows.churned - rate)).sum()) / len(rows.churned) ** 2


def _log_odds(rate: float) -> float:
    return math.log(rate / (1 - rate))

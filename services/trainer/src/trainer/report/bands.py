"""The one-time buyers' table as bands of days and products."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from retention.scoring.churn import sigmoid

if TYPE_CHECKING:
    from retention.scoring.single_order import SingleOrderRates


class Band(NamedTuple):
    """One-time buyers with from ≤ figure < to (None: open-ended), their churn rate and its 90% interval.

    `customers` counts distinct customers; the rate counts each once for every cut-off at which they were in the band.
    """

    from_days: int
    to_days: int | None
    customers: int
    rate: float
    low: float
    high: float
    from_products: int = 1
    to_products: int | None = None
    is_pooled: bool = False  # the rate of all one-time buyers: the band's own were too few

    @property
    def days(self) -> str:
        """The days since the order: "30–59", "60 or more"."""
        return _span(self.from_days, self.to_days)

    @property
    def products(self) -> str:
        """The number of different products: "1–4 products"; "" for any number."""
        if self.from_products <= 1 and self.to_products is None:
            return ""
        span = _span(self.from_products, self.to_products)
        return f"{span} product" if span == "1" else f"{span} products"


def single_order_bands(rates: SingleOrderRates) -> list[Band]:
    """Return the published table as bands, in order; each cell starts where the one before ends.

    A cell with exactly the overall rate is pooled.
    """
    bands: list[Band] = []
    for cell in rates.cells:
        to_days, to_products = _whole(cell.recency_below), _whole(cell.products_below)
        before = bands[-1] if bands else None
        same_days = before is not None and before.to_days == to_days
        from_days = (before.from_days if same_days else before.to_days or 0) if before else 0
        from_products = (before.to_products or 1) if before and same_days else 1
        rate, low, high = (sigmoid(log_odds) for log_odds in (cell.log_odds, cell.low, cell.high))
        is_pooled = cell.log_odds == rates.base_log_odds
        bands.append(Band(from_days, to_days, cell.customers, rate, low, high, from_products, to_products, is_pooled))
    return bands


def _whole(limit: float | None) -> int | None:
    return None if limit is None else math.ceil(limit)


def _span(start: int, end: int | None) -> str:
    if end is None:
        return f"{start} or more"
    return f"{start}" if end - start == 1 else f"{start}–{end - 1}"

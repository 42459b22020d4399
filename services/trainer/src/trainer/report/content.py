"""What a report is made of: the manifest, what the model said of the test window, and the customers as of the clock."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from retention.churn import sigmoid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from retention.single_order import SingleOrderRates

    Floats = npt.NDArray[np.float64]
    Labels = npt.NDArray[np.integer[Any]]


class WeightedTerm(NamedTuple):
    """One feature of the formula, on the log1p scale, with the 90 % interval of its weight."""

    feature: str
    mean: float
    weight: float
    low: float
    high: float


class Band(NamedTuple):
    """One-time buyers by days since their order and by breadth: from ≤ figure < to (None: no end), 90 % interval."""

    from_days: int
    to_days: int | None
    customers: int
    rate: float
    low: float
    high: float
    from_products: int = 1
    to_products: int | None = None

    @property
    def days(self) -> str:
        """The days in words: "30–59", "60 or more"."""
        return _span(self.from_days, self.to_days)

    @property
    def products(self) -> str:
        """The different products of the order in words; "" when the band holds any number."""
        if self.from_products <= 1 and self.to_products is None:
            return ""
        span = _span(self.from_products, self.to_products)
        return f"{span} product" if span == "1" else f"{span} products"


def single_order_bands(rates: SingleOrderRates) -> list[Band]:
    """Return the published table as bands, in its order; each cell begins where the one before it ends."""
    bands: list[Band] = []
    for cell in rates.cells:
        to_days, to_products = _whole(cell.recency_below), _whole(cell.products_below)
        before = bands[-1] if bands else None
        same_days = before is not None and before.to_days == to_days
        from_days = (before.from_days if same_days else before.to_days or 0) if before else 0
        from_products = (before.to_products or 1) if before and same_days else 1
        rate, low, high = (sigmoid(log_odds) for log_odds in (cell.log_odds, cell.low, cell.high))
        bands.append(Band(from_days, to_days, cell.customers, rate, low, high, from_products, to_products))
    return bands


def _whole(limit: float | None) -> int | None:
    return None if limit is None else math.ceil(limit)


def _span(start: int, end: int | None) -> str:
    if end is None:
        return f"{start} or more"
    return f"{start}" if end - start == 1 else f"{start}–{end - 1}"


class ReportData(NamedTuple):
    """Everything `write_report` reads. What is empty or None gets a sentence instead of a plot.

    Of the manifest it reads version, created_at, git_revision, clock, windows, rows, features, threshold, metrics,
    comparison, library_versions, and where they are there grade and gate (a text, or a mapping of texts).
    """

    manifest: Mapping[str, Any]
    # The test window, row by row.
    churned: Labels
    probability: Floats  # what would have been served: one-time buyers by their band
    features: pd.DataFrame  # raw values; the index is the customer's id, which is never shown
    rivals: Mapping[str, Floats]  # by the names in `comparison`; any score, higher is riskier
    # The formula; the rows of `contributions` are those of `features` it was asked about.
    terms: Sequence[WeightedTerm]
    base_log_odds: float  # with the shift of the test month's season in it
    contributions: pd.DataFrame
    single_order_bands: Sequence[Band]
    # Everybody, as of the clock.
    customers: pd.DataFrame  # Recency, Frequency, Monetary, segment
    pca: Floats | None  # (customers, 2)
    pca_explained: Sequence[float]  # share of the variance on each axis
    cluster_counts: Sequence[Mapping[str, Any]]  # the rows of `cluster_counts.cluster_counts`
    clusterers: Sequence[Mapping[str, Any]]  # the rows of `clusterers.compare`; their seconds are not shown
    cohorts: pd.DataFrame  # customers by first month ("2011-03") × months since, `cohorts.cohort_counts`
    currency: str = "GBP"

    @property
    def threshold(self) -> float:
        """The probability from which a customer counts as a likely churner."""
        return float(self.manifest["threshold"]["value"])

    @property
    def horizon_days(self) -> int:
        """How far the model looks ahead."""
        return int(self.manifest["windows"]["horizon_days"])

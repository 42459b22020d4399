"""What a report is made of: the manifest, what the model said of the test window, and the customers as of the clock."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from retention.scoring.churn import sigmoid
from trainer.evaluation.metrics import wilson
from trainer.report.wording import when

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from retention.scoring.churn import Shift
    from retention.scoring.single_order import SingleOrderRates

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
    """One-time buyers by days since their order and by breadth: from ≤ figure < to (None: no end), 90 % interval.

    `customers` are different ones; the rate counts each once for every cut-off at which they stood there.
    """

    from_days: int
    to_days: int | None
    customers: int
    rate: float
    low: float
    high: float
    from_products: int = 1
    to_products: int | None = None
    is_everybody: bool = False  # the rate of all, because too few of its own were there to tell apart

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
    """Return the published table as bands, in its order; each cell begins where the one before it ends.

    A cell with exactly the rate of all stands for all.
    """
    bands: list[Band] = []
    for cell in rates.cells:
        to_days, to_products = _whole(cell.recency_below), _whole(cell.products_below)
        before = bands[-1] if bands else None
        same_days = before is not None and before.to_days == to_days
        from_days = (before.from_days if same_days else before.to_days or 0) if before else 0
        from_products = (before.to_products or 1) if before and same_days else 1
        rate, low, high = (sigmoid(log_odds) for log_odds in (cell.log_odds, cell.low, cell.high))
        is_everybody = cell.log_odds == rates.base_log_odds
        bands.append(
            Band(from_days, to_days, cell.customers, rate, low, high, from_products, to_products, is_everybody)
        )
    return bands


def share_interval(found: int, of: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of the share `found` of `of`, which is above 0."""
    low, high = wilson(np.array([found]), np.array([of]))
    return float(low[0]), float(high[0])


def _whole(limit: float | None) -> int | None:
    return None if limit is None else math.ceil(limit)


def _span(start: int, end: int | None) -> str:
    if end is None:
        return f"{start} or more"
    return f"{start}" if end - start == 1 else f"{start}–{end - 1}"


class ReportData(NamedTuple):
    """Everything `write_report` reads. What is empty or None gets a sentence instead of a plot.

    Every figure of the test window is the manifest's; the rows of that window only serve to draw. Both those who left
    and those who stayed are among them.
    """

    manifest: Mapping[str, Any]
    # The test window, row by row.
    churned: Labels
    probability: Floats  # what would have been served: one-time buyers by their band
    features: pd.DataFrame  # raw values; the index is the customer's id, which is never shown
    rivals: Mapping[str, Floats]  # by the names in `comparison`; any score, higher is riskier
    # The formula; the rows of `contributions` are those of `features` it was asked about.
    terms: Sequence[WeightedTerm]
    base_log_odds: float
    season: Sequence[Shift]  # of twelve months, January first
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

    @property
    def test_month(self) -> int:
        """The month of the test instant, 0 for January."""
        return when(self.manifest["windows"]["test_as_of"]).month - 1

    @property
    def has_season(self) -> bool:
        """Whether any month is known to differ."""
        return any(shift.log_odds for shift in self.season)

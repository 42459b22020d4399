"""The data of a report: the manifest, the test window row by row, and the customers as of the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from trainer.report.number_format import instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from retention.scoring.churn import Shift
    from trainer.arrays import Floats, Integers
    from trainer.report.bands import Band


class WeightedTerm(NamedTuple):
    """One feature of the formula on the log1p scale, with the 90% interval of its weight."""

    feature: str
    mean: float
    weight: float
    low: float
    high: float


class ReportData(NamedTuple):
    """Everything the report shows. An empty or None part becomes a sentence instead of a plot.

    All figures about the test window are the manifest's; its rows only draw the plots. They include both leavers and
    stayers.
    """

    manifest: Mapping[str, Any]
    # The test window, row by row.
    churned: Integers
    probability: Floats  # as served: one-time buyers by their band
    features: pd.DataFrame  # raw values; the index is the customer's id, which is never shown
    baselines: Mapping[str, Floats]  # any score, higher is riskier; names as in `comparison`
    # The formula; `contributions` has the rows of `features` that the formula scores.
    terms: Sequence[WeightedTerm]
    base_log_odds: float
    season: Sequence[Shift]  # twelve months, January first
    contributions: pd.DataFrame
    single_order_bands: Sequence[Band]
    # All customers as of the clock.
    customers: pd.DataFrame  # Recency, Frequency, net_monetary, segment
    pca: Floats | None  # (customers, 2)
    pca_explained: Sequence[float]  # share of variance on each axis
    cluster_counts: Sequence[Mapping[str, Any]]  # rows of `cluster_counts.compare_cluster_counts`
    clusterers: Sequence[Mapping[str, Any]]  # rows of `clusterers.compare_clusterers`; `seconds` is not shown
    cohorts: pd.DataFrame  # customers by first month ("2011-03") × months since: `cohorts.cohort_counts`
    currency: str = "GBP"

    @property
    def threshold(self) -> float:
        """The probability from which customers are flagged."""
        return float(self.manifest["threshold"]["value"])

    @property
    def horizon_days(self) -> int:
        """The prediction horizon."""
        return int(self.manifest["windows"]["horizon_days"])

    @property
    def test_month(self) -> int:
        """The month of the test instant, 0 for January."""
        return instant(self.manifest["windows"]["test_as_of"]).month - 1

    @property
    def has_season(self) -> bool:
        """Whether any month has a seasonal shift."""
        return any(shift.log_odds for shift in self.season)

"""The profile of each segment: size, mean RFM, share of revenue, churn rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from retention.scoring.segments import NET
from trainer.segments.fit import RFM

if TYPE_CHECKING:
    import pandas as pd

    from trainer.segments.fit import FittedSegments


def profile_segments(
    customers: pd.DataFrame, fitted: FittedSegments, tested: tuple[pd.DataFrame, pd.Series[int]] | None = None
) -> list[dict[str, Any]]:
    """Return a row per segment, in the order of cluster ids.

    A row is `segment, customers, share`, the means `recency` (days), `frequency` (orders) and `monetary`, and
    `revenue_share`; money is after returns, and the means of an empty segment are None. `tested` holds the customers
    as of the test instant and their outcomes (1 left, 0 stayed) and adds `churn_rate`, by the segment at that instant;
    None for nobody.
    """
    clusters = fitted.clusters(customers)
    members = [customers[clusters == cluster] for cluster in range(len(fitted.names))]
    revenue = sum(map(_revenue, members))
    rows = [_row(name, its, len(customers), revenue) for name, its in zip(fitted.names, members, strict=True)]
    if tested is None:
        return rows
    features, churned = tested
    test_clusters, left = fitted.clusters(features), churned.to_numpy()
    return [row | {"churn_rate": _mean(left[test_clusters == cluster])} for cluster, row in enumerate(rows)]


def _row(name: str, members: pd.DataFrame, customers: int, revenue: float) -> dict[str, Any]:
    recency, frequency, monetary = (_mean(members[feature].to_numpy(dtype=float)) for feature in RFM)
    return {
        "segment": name,
        "customers": len(members),
        "share": len(members) / customers,
        "recency": recency,
        "frequency": frequency,
        "monetary": monetary,
        "revenue_share": _revenue(members) / revenue if revenue else None,
    }


def _revenue(members: pd.DataFrame) -> float:
    return max(0.0, float(members[NET].sum()))


def _mean(values: np.ndarray[Any, Any]) -> float | None:
    return float(np.mean(values)) if len(values) else None

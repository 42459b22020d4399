"""The profile of each segment: size, mean RFM, share of revenue, churn rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.segments.fit import rfm

if TYPE_CHECKING:
    import pandas as pd

    from trainer.segments.fit import FittedSegments


def profile_segments(
    customers: pd.DataFrame, fitted: FittedSegments, tested: tuple[pd.DataFrame, pd.Series[int]] | None = None
) -> list[dict[str, Any]]:
    """Return a row per segment, in the order of cluster ids.

    A row is `segment, customers, share`, the means `recency` (days), `frequency` (orders) and `monetary`, and
    `revenue_share`; the means of an empty segment are None. `tested` holds the customers as of the test instant and
    their outcomes (1 left, 0 stayed) and adds `churn_rate`, by the segment at that instant; None for nobody.
    """
    clusters = fitted.clusters(customers)
    revenue = float(customers["Monetary"].sum())
    rows = [
        _row(name, customers[clusters == cluster], len(customers), revenue) for cluster, name in enumerate(fitted.names)
    ]
    if tested is None:
        return rows
    features, churned = tested
    test_clusters, left = fitted.clusters(features), churned.to_numpy()
    return [row | {"churn_rate": _mean(left[test_clusters == cluster])} for cluster, row in enumerate(rows)]


def _row(name: str, members: pd.DataFrame, customers: int, revenue: float) -> dict[str, Any]:
    recency, frequency, monetary = (_mean(values) for values in rfm(members).T)
    return {
        "segment": name,
        "customers": len(members),
        "share": len(members) / customers,
        "recency": recency,
        "frequency": frequency,
        "monetary": monetary,
        "revenue_share": float(members["Monetary"].sum()) / revenue if revenue else None,
    }


def _mean(values: np.ndarray[Any, Any]) -> float | None:
    return float(np.mean(values)) if len(values) else None

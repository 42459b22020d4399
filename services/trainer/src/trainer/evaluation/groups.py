"""Metrics by group of customers: by evidence tier, and for those active lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from retention.scoring.churn import evidence
from trainer.evaluation.bootstrap import bootstrap
from trainer.evaluation.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

    from trainer.arrays import Booleans, Floats, Integers

TIERS: Final = ("lapsed", "single_order", "sparse", "repeat")
ACTIVE_DAYS: Final = (90, 365)
MIN_CUSTOMERS: Final = 20  # fewer make an interval of the ROC-AUC span more than 0.4


def group_metrics(
    features: pd.DataFrame, churned: Integers, probability: Floats, horizon_days: int
) -> dict[str, dict[str, Any]]:
    """Return customers, churn rate and metrics of each group; metrics are null for small or one-class groups."""
    groups = _tiers(features, horizon_days) | _active(features)
    return {name: _group(churned[rows], probability[rows]) for name, rows in groups.items()}


def _tiers(features: pd.DataFrame, horizon_days: int) -> dict[str, Booleans]:
    figures = features[["Frequency", "Recency"]].astype(int).to_numpy().tolist()
    tier = np.array([evidence(frequency, recency, horizon_days) for frequency, recency in figures])
    return {name: tier == name for name in TIERS}


def _active(features: pd.DataFrame) -> dict[str, Booleans]:
    return {f"active_{days}_days": (features["Recency"] <= days).to_numpy() for days in ACTIVE_DAYS}


def _group(churned: Integers, probability: Floats) -> dict[str, Any]:
    customers, churners = len(churned), int(churned.sum())
    has_metrics = customers >= MIN_CUSTOMERS and 0 < churners < customers
    return {
        "customers": customers,
        "churn_rate": churners / customers if customers else None,
        "metrics": bootstrap(churned, probability).to_json() if has_metrics else dict.fromkeys(METRICS),
    }

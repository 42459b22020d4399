"""Readable labels for features, models, metrics, groups and checks."""

from __future__ import annotations

from typing import Final

from retention.features.pipelines import RECENT_DAYS
from trainer.evaluation.groups import ACTIVE_DAYS

FEATURES: Final = {
    "Frequency": "Orders",
    "Monetary": "Value of orders",
    "AvgOrderValue": "Average order value",
    "Recency": "Days since last order",
    "Tenure": "Days since first order",
    "net_monetary": "Spent after returns",
    "returns": "Returns",
    "distinct_products": "Different products",
    "orders_90d": f"Orders in last {RECENT_DAYS} days",
    "active_months": "Months with an order",
    "decayed_orders": "Orders, recent count more",
    "recency_to_gap": "Recency ÷ usual gap",
    "returns_share": "Share of order value returned",
}
MODELS: Final = {
    "longest_silent_first": "Rule: longest silent first",
    "older_three_features": "Older three-feature model",
    "feature_only": "Our formula for feature-only calls",
    "gradient_boosting": "Gradient boosting",
}
CLUSTERERS: Final = {
    "kmeans": "K-means (ours)",
    "agglomerative": "Agglomerative (Ward)",
    "gaussian_mixture": "Gaussian mixture",
    "dbscan": "DBSCAN",
    "hdbscan": "HDBSCAN",
    "spectral": "Spectral",
}
GROUPS: Final = {
    **{f"active_{days}_days": f"Ordered in last {days} days" for days in ACTIVE_DAYS},
    "repeat": "Three or more orders",
    "sparse": "Two orders",
    "single_order": "One order",
    "lapsed": "No order for over {horizon_days} days",
}
CHECKS: Final = {
    "ranking": "Ranking",
    "time_rule": "Against the rule",
    "skill": "Against the average",
    "calibration": "Calibration",
    "feature_only": "Feature-only calls",
    "champion": "Champion",
}
METRICS: Final = {
    "roc_auc": ("ROC-AUC", "how often a leaver ranks above a stayer"),
    "pr_auc": ("PR-AUC", "precision averaged over all levels of recall"),
    "lift_top_decile": ("Lift, top tenth", "churn rate of the riskiest tenth over the overall rate"),
    "brier": ("Brier score", "mean squared error of the probability; lower is better"),
    "brier_skill": ("Brier skill", "error saved against predicting the average for everyone"),
    "ece": ("Calibration error", "mean distance between predicted and actual; lower is better"),
}
POOLED_BANDS: Final = (
    "“All” marks a band with too few customers of its own: its rate is that of all one-time buyers, or of all "
    "customers if one-time buyers are too few."
)


def feature(name: str) -> str:
    """Return the feature's label; an unknown name made readable."""
    return FEATURES.get(name, _spaced(name))


def model(name: str) -> str:
    """Return the compared model's label; an unknown name made readable."""
    return MODELS.get(name, _spaced(name))


def clusterer(name: str) -> str:
    """Return the clustering method's label; an unknown name made readable."""
    return CLUSTERERS.get(name, _spaced(name))


def check(name: str) -> str:
    """Return the gate check's label; an unknown name made readable."""
    return CHECKS.get(name, _spaced(name))


def _spaced(name: str) -> str:
    return (name[:1].upper() + name[1:]).replace("_", " ")

"""The words of the report: features, rivals and figures as a shopkeeper says them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from retention.features.pipelines import RECENT_DAYS
from trainer.evaluation.evaluate import ACTIVE_DAYS

FEATURES: Final = {
    "Frequency": "Orders",
    "Monetary": "Money spent",
    "AvgOrderValue": "Money per order",
    "Recency": "Days since last order",
    "Tenure": "Days since first order",
    "net_monetary": "Money kept after returns",
    "returns": "Returns",
    "distinct_products": "Different products",
    "orders_90d": f"Orders in last {RECENT_DAYS} days",
    "active_months": "Months with an order",
    "decayed_orders": "Orders, recent count more",
    "recency_to_gap": "Silence ÷ usual gap",
    "returns_share": "Share of money returned",
}
MONTHS: Final = (  # whatever the locale
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
RIVALS: Final = {
    "longest_silent_first": "Rule: longest silent first",
    "older_three_features": "Older three-feature model",
    "feature_only": "Our formula for feature-only calls",
    "gradient_boosting": "Gradient boosting",
}
CLUSTERERS: Final = {
    "kmeans": "K-means (ours)",
    "agglomerative": "Agglomerative (Ward)",
    "dbscan": "DBSCAN",
    "hdbscan": "HDBSCAN",
}
GROUPS: Final = {
    **{f"active_{days}_days": f"Ordered in last {days} days" for days in ACTIVE_DAYS},
    "repeat": "Three orders or more",
    "sparse": "Two orders",
    "single_order": "One order",
    "lapsed": "Silent over {horizon_days} days",
}
CHECKS: Final = {
    "ranking": "Ranking",
    "time_rule": "Against the rule",
    "skill": "Against the average",
    "calibration": "Percentages",
    "feature_only": "Feature-only calls",
    "champion": "Champion",
}
EVERYBODY: Final = (
    "Where it says all, too few were there to tell apart: the rate is that of all one-time buyers, or of all customers "
    "when even those were too few."
)
METRICS: Final = {
    "roc_auc": ("ROC-AUC", "of a customer who left and one who stayed, how often the first was ranked riskier"),
    "pr_auc": ("PR-AUC", "precision, averaged over every share of the leavers found"),
    "lift_top_decile": ("Lift, top tenth", "how many times more often the riskiest tenth left than everybody"),
    "brier": ("Brier score", "mean squared error of the probability; lower is better"),
    "brier_skill": ("Brier skill", "error saved against saying the same average for everybody"),
    "ece": ("Calibration error", "mean distance between what was said and what happened; lower is better"),
}


def feature(name: str) -> str:
    """Return the feature in words; an unknown one by its own name, readable."""
    return FEATURES.get(name, _spaced(name))


def rival(name: str) -> str:
    """Return the rival in words; an unknown one by its own name, readable."""
    return RIVALS.get(name, _spaced(name))


def clusterer(name: str) -> str:
    """Return the way of clustering in words; an unknown one by its own name, readable."""
    return CLUSTERERS.get(name, _spaced(name))


def check(name: str) -> str:
    """Return the gate's check in words; an unknown one by its own name, readable."""
    return CHECKS.get(name, _spaced(name))


def percent(share: float) -> str:
    """Return 0.4312 as "43 %", never broken; a share that is not quite none or all keeps a digit."""
    digits = 1 if 0 < min(share, 1 - share) < 0.01 else 0  # noqa: PLR2004 - 1 %
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def count(number: float, noun: str) -> str:
    """Return "1 customer", "2,000 customers"."""
    return f"{number:,.0f} {noun}" if number == 1 else f"{number:,.0f} {noun}s"


def amount(value: float) -> str:
    """Return a figure with as many digits as it deserves: 0.37, 4.2, 1,801."""
    small, middle = 1, 10
    size = abs(value)
    return f"{value:,.0f}" if size >= middle or value == int(value) else f"{value:.{1 if size >= small else 2}f}"


def signed(value: float, digits: int = 2) -> str:
    """Return a figure with its sign: "+0.30", "−0.19"; "0.00" when nothing of it is left."""
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}".replace("-", "−") if rounded else f"{0:.{digits}f}"


def day(rfc3339: str) -> str:
    """Return "2011-12-10T00:00:00Z" as "10 December 2011"."""
    instant = when(rfc3339)
    return f"{instant.day} {MONTHS[instant.month - 1]} {instant.year}"


def when(rfc3339: str) -> datetime:
    """Return the instant that stands in the manifest as RFC 3339."""
    return datetime.fromisoformat(rfc3339)


def _spaced(name: str) -> str:
    return (name[:1].upper() + name[1:]).replace("_", " ")

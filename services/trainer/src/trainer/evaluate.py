"""How good the model is on the untouched window, with bootstrap intervals, beside what it has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from trainer.fit import Fitted
    from trainer.windows import Examples

    Floats = npt.NDArray[np.float64]
    Labels = npt.NDArray[np.integer[Any]]
    Metric = Callable[[Labels, Floats], float]

OLDER_FEATURES: Final = ["Frequency", "Monetary", "AvgOrderValue"]
BINS: Final = 10
BOOTSTRAPS: Final = 1_000
LEVEL: Final = 0.95
SEED: Final = 42


def evaluate(by_id: Fitted, feature_only: Fitted, learn: Examples, test: Examples) -> dict[str, Any]:
    """Return the figures of the manifest: the model's on the test window, and beside them what it has to beat."""
    churned = test.churned.to_numpy()
    probability = by_id.probability(test.features)
    return {
        "metrics": with_intervals(churned, probability),
        "at_threshold": at_threshold(churned, probability, by_id.formula.threshold),
        "churn_rate": float(churned.mean()),
        "comparison": {
            "feature_only": with_intervals(churned, feature_only.probability(test.features)),
            "older_three_features": with_intervals(churned, _older_system(learn, test)),
            "longest_silent_first": with_intervals(churned, test.features["Recency"].to_numpy(), RANKING),
        },
    }


def _older_system(learn: Examples, test: Examples) -> Floats:
    """Return what the older system's model says: logistic regression on three raw features, on our honest windows."""
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(learn.features[OLDER_FEATURES].to_numpy(), learn.churned.to_numpy())
    probability: Floats = model.predict_proba(test.features[OLDER_FEATURES].to_numpy())[:, 1]
    return probability


def ece(churned: Labels, probability: Floats) -> float:
    """Return the expected calibration error over 10 bins of equal count: mean |share churned − mean probability|."""
    bins = np.array_split(np.argsort(probability, kind="stable"), BINS)
    gaps = [len(rows) * abs(churned[rows].mean() - probability[rows].mean()) for rows in bins if len(rows)]
    return float(np.sum(gaps) / len(churned))


def lift(churned: Labels, score: Floats) -> float:
    """Return the churn rate of the tenth with the highest scores, over the rate of all."""
    top = np.argsort(-score, kind="stable")[: max(1, len(score) // 10)]
    return float(churned[top].mean() / churned.mean())


RANKING: Final[dict[str, Metric]] = {"roc_auc": roc_auc_score, "pr_auc": average_precision_score, "lift": lift}
METRICS: Final[dict[str, Metric]] = {**RANKING, "brier": brier_score_loss, "ece": ece}


def with_intervals(churned: Labels, score: Floats, metrics: dict[str, Metric] = METRICS) -> dict[str, dict[str, float]]:
    """Return value, low and high (95 %, percentile bootstrap over customers) of each metric."""
    random = np.random.default_rng(SEED)
    samples: dict[str, list[float]] = {name: [] for name in metrics}
    for _ in range(BOOTSTRAPS):
        rows = random.integers(0, len(churned), len(churned))
        if 0 < churned[rows].sum() < len(rows):
            for name, metric in metrics.items():
                samples[name].append(metric(churned[rows], score[rows]))
    tail = 100 * (1 - LEVEL) / 2
    return {
        name: {
            "value": float(metric(churned, score)),
            "low": float(np.percentile(samples[name], tail)),
            "high": float(np.percentile(samples[name], 100 - tail)),
        }
        for name, metric in metrics.items()
    }


def at_threshold(churned: Labels, probability: Floats, threshold: float) -> dict[str, Any]:
    """Return what the threshold does on these customers: who is flagged, and how many of those rightly."""
    flagged = probability >= threshold
    found = int((flagged & (churned == 1)).sum())
    return {
        "flagged_share": float(flagged.mean()),
        "recall": found / int(churned.sum()),
        "precision": found / max(1, int(flagged.sum())),
    }

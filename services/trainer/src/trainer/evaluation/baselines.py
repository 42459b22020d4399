"""The baselines: other models on the same test window, each fitted on the same training windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from retention.features import pipelines
from trainer.evaluation.metrics import METRICS, RANKING_METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn.base import ClassifierMixin

    from trainer.arrays import Floats
    from trainer.windows import Examples

OLDER_FEATURES: Final = ("Frequency", "Monetary", "AvgOrderValue")


class Baseline(NamedTuple):
    """A score for each test customer (higher: more likely to churn), and the metrics that apply to it."""

    score: Floats
    metrics: tuple[str, ...] = METRICS


def fit_baselines(training: Examples, test: Examples) -> dict[str, Baseline]:
    """Return the recency rule, the older system's three-feature model and gradient boosting."""
    return {
        "longest_silent_first": longest_silent_first(test),
        "older_three_features": Baseline(_fitted(older_model(), OLDER_FEATURES, training, test)),
        "gradient_boosting": Baseline(_fitted(gradient_boosting(), pipelines.FEATURES, training, test)),
    }


def longest_silent_first(test: Examples) -> Baseline:
    """Return the recency rule: the longer since the last order, the riskier. It needs no model."""
    return Baseline(test.features["Recency"].to_numpy(), RANKING_METRICS)


def _fitted(model: ClassifierMixin, features: Sequence[str], training: Examples, test: Examples) -> Floats:
    # Next to a busy process boosting's two threads wait for each other: 9.5 s instead of 0.3 s on 16,809 examples.
    with threadpool_limits(1):
        model.fit(training.features[list(features)].to_numpy(), training.churned.to_numpy())
        probability: Floats = model.predict_proba(test.features[list(features)].to_numpy())[:, 1]
    return probability


def older_model() -> ClassifierMixin:
    """Return the older system's model, logistic regression on raw figures; here it trains on proper windows."""
    return make_pipeline(StandardScaler(), LogisticRegression())


def gradient_boosting() -> ClassifierMixin:
    """Return boosting with fixed parameters; no early stopping, whose random split would mix customers."""
    return HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=100, max_leaf_nodes=15, min_samples_leaf=50, early_stopping=False, random_state=42
    )

"""What the model has to stand beside on the same test window, each learned from the same training windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from retention.features import pipelines
from trainer.evaluation.metrics import METRICS, RANKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn.base import ClassifierMixin

    from trainer.evaluation.metrics import Floats
    from trainer.windows import Examples

OLDER_FEATURES: Final = ("Frequency", "Monetary", "AvgOrderValue")


class Rival(NamedTuple):
    """A score for every test customer, higher for more likely to churn, and the metrics that make sense of it."""

    score: Floats
    metrics: tuple[str, ...] = METRICS


def fit_rivals(learn: Examples, test: Examples) -> dict[str, Rival]:
    """Return the rule that needs no model, the older system's three-feature model and gradient boosting."""
    return {
        "longest_silent_first": longest_silent_first(test),
        "older_three_features": Rival(_fitted(_older_system(), OLDER_FEATURES, learn, test)),
        "gradient_boosting": Rival(_fitted(_boosting(), pipelines.FEATURES, learn, test)),
    }


def longest_silent_first(test: Examples) -> Rival:
    """Return the rule of thumb: who has not ordered for longest leaves first."""
    return Rival(test.features["Recency"].to_numpy(), RANKING)


def _fitted(model: ClassifierMixin, features: Sequence[str], learn: Examples, test: Examples) -> Floats:
    # Beside a busy neighbour boosting's two threads wait for each other: 9.5 s instead of 0.3 s on 16,809 examples.
    with threadpool_limits(1):
        model.fit(learn.features[list(features)].to_numpy(), learn.churned.to_numpy())
        probability: Floats = model.predict_proba(test.features[list(features)].to_numpy())[:, 1]
    return probability


def _older_system() -> ClassifierMixin:
    """Return the older system's model, logistic regression on raw figures; here it learns from honest windows."""
    return make_pipeline(StandardScaler(), LogisticRegression())


def _boosting() -> ClassifierMixin:
    """Return boosting as set without a search; no early stopping: its random split would mix customers."""
    return HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=100, max_leaf_nodes=15, min_samples_leaf=50, early_stopping=False, random_state=42
    )

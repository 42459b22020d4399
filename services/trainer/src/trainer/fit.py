"""The churn model: log1p → standardise → logistic regression → sigmoid calibration, out of fold by customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from trainer.fold import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from retention.churn import ChurnModel
    from trainer.windows import Examples

# What the by-id formula may use, each with the sign common sense demands of its weight: 1 more risk, −1 less, 0 any.
CANDIDATES: Final = {
    "Recency": 1, "Frequency": -1, "Monetary": -1, "Tenure": 0, "orders_90d": -1, "decayed_orders": -1,
    "recency_to_gap": 1, "distinct_products": -1, "returns_share": 0,
}  # fmt: skip
FEATURE_ONLY_FEATURES: Final = ("Frequency", "Monetary", "Recency", "Tenure")

REGULARISATION: Final = 0.01  # scikit-learn's C; at 1 the same ranking with worse calibration on later customers
FOLDS: Final = 5
RECALL: Final = 0.80  # the threshold's policy: find four of five who leave


class Fitted(NamedTuple):
    """A scikit-learn pipeline and the same thing as a formula."""

    pipeline: CalibratedClassifierCV
    formula: ChurnModel

    def probability(self, features: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the pipeline's churn probability of each row."""
        probability: npt.NDArray[np.float64] = self.pipeline.predict_proba(
            features[list(self.formula.features)].to_numpy()
        )[:, 1]
        return probability


def fit_churn(examples: Examples, features: Sequence[str], horizon_days: int) -> Fitted:
    """Fit on `examples`; the calibration and the threshold come from predictions for customers not fitted on."""
    X = examples.features[list(features)].to_numpy()
    y = examples.churned.to_numpy()
    folds = list(GroupKFold(FOLDS).split(X, y, groups=examples.customer_ids))
    linear = _linear()
    calibrated = CalibratedClassifierCV(linear, method="sigmoid", ensemble=False, cv=folds).fit(X, y)
    decision = cross_val_predict(linear, X, y, cv=folds, method="decision_function")
    out_of_fold = calibrated.calibrated_classifiers_[0].calibrators[0].predict(decision)
    threshold = recall_threshold(out_of_fold[y == 1], RECALL)
    formula = fold(
        calibrated, features, X=X, y=y, customer_ids=examples.customer_ids.to_numpy(),
        regularisation=REGULARISATION, threshold=threshold, horizon_days=horizon_days,
    )  # fmt: skip
    return Fitted(calibrated, formula)


def choose_features(examples: Examples) -> tuple[str, ...]:
    """Return the candidates without those whose weight contradicts common sense; the strongest offender leaves first.

    Correlated features push each other's weights to the wrong sign, and "310 days since the last order: lowers the
    risk" is no reason to give a shopkeeper.
    """
    chosen = list(CANDIDATES)
    while True:
        fitted = _linear().fit(examples.features[chosen].to_numpy(), examples.churned.to_numpy())
        weights = dict(zip(chosen, fitted[-1].coef_[0], strict=True))
        offenders = [feature for feature in chosen if CANDIDATES[feature] * weights[feature] < 0]
        if not offenders:
            return tuple(chosen)
        chosen.remove(max(offenders, key=lambda feature: abs(weights[feature])))


def _linear() -> Pipeline:
    return make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression(C=REGULARISATION))


def recall_threshold(probabilities_of_churned: npt.NDArray[np.float64], recall: float) -> float:
    """Return the highest threshold at or above which at least `recall` of those who churned lie."""
    descending = np.sort(probabilities_of_churned)[::-1]
    return float(descending[int(np.ceil(recall * descending.size)) - 1])

"""Fits the churn model: a formula for customers with several orders, a table of rates for those with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from retention.scoring.churn import NO_SEASON, ChurnModel
from retention.scoring.feature_only import FeatureOnlyModel
from trainer.churn.assumptions import fit_assumptions
from trainer.churn.folded_formula import fold_into_formula
from trainer.churn.season import fit_season
from trainer.churn.single_order import fit_single_order
from trainer.churn.threshold import ThresholdPolicy, choose_threshold
from trainer.churn.vectorised import log_odds, probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retention.scoring.formula import Formula
    from trainer.arrays import Floats
    from trainer.windows import Examples

FEATURE_ONLY_FEATURES: Final = ("Frequency", "Monetary", "Recency", "Tenure")
FOLDS: Final = 5


class FittedFormula(NamedTuple):
    """A scikit-learn pipeline, the equal formula, and out-of-fold log-odds."""

    pipeline: CalibratedClassifierCV
    formula: Formula
    out_of_fold: Floats  # log-odds of each example


class FittedChurn(NamedTuple):
    """The churn models of one training run."""

    by_id: ChurnModel
    feature_only: FeatureOnlyModel
    pipeline: CalibratedClassifierCV  # the formula of `by_id`, for analysts
    policy: str  # of both thresholds


def fit_churn(
    examples: Examples, features: Sequence[str], regularisation: float, policy: ThresholdPolicy, horizon_days: int
) -> FittedChurn:
    """Fit both models; the season and the thresholds come from out-of-fold predictions.

    Single-order customers are in the formula's training data too: they show what recency and breadth mean.
    """
    churned = examples.churned.to_numpy()
    several = fit_formula(examples, features, regularisation)
    single = fit_single_order(examples, horizon_days)
    by_id = ChurnModel(several.formula, single, NO_SEASON, 0.5, horizon_days)
    is_single = examples.features["Frequency"].to_numpy() == 1
    unshifted = np.where(is_single, log_odds(by_id, examples.features), several.out_of_fold)
    threshold = choose_threshold(policy, churned, probability(unshifted))
    by_id = by_id._replace(season=fit_season(examples, unshifted, horizon_days), threshold=threshold.value)

    small = fit_formula(examples, FEATURE_ONLY_FEATURES, regularisation)
    small_threshold = choose_threshold(policy, churned, probability(small.out_of_fold)).value
    feature_only = FeatureOnlyModel(small.formula, small_threshold, horizon_days, fit_assumptions(examples.features))
    return FittedChurn(by_id, feature_only, several.pipeline, threshold.policy)


def fit_formula(examples: Examples, features: Sequence[str], regularisation: float) -> FittedFormula:
    """Fit log1p → standardise → logistic regression → sigmoid calibration, which is out of fold by customer."""
    X = examples.features[list(features)].to_numpy()
    y = examples.churned.to_numpy()
    folds = list(GroupKFold(FOLDS).split(X, y, groups=examples.customer_ids))
    pipeline = linear_pipeline(regularisation)
    calibrated = CalibratedClassifierCV(pipeline, method="sigmoid", ensemble=False, cv=folds).fit(X, y)
    (calibrator,) = calibrated.calibrated_classifiers_[0].calibrators
    decision = cross_val_predict(pipeline, X, y, cv=folds, method="decision_function")
    formula = fold_into_formula(
        calibrated, features, X=X, y=y, customer_ids=examples.customer_ids.to_numpy(), C=regularisation
    )
    return FittedFormula(calibrated, formula, -calibrator.a_ * decision - calibrator.b_)


def linear_pipeline(regularisation: float) -> Pipeline:
    """Return the uncalibrated pipeline; `regularisation` is scikit-learn's C: smaller is stronger."""
    return make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression(C=regularisation))

"""Selects features and regularisation on the training cut-offs alone, each split testing on a later cut-off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from trainer.churn.fit import linear_pipeline
from trainer.churn.season import best_intercept

if TYPE_CHECKING:
    from trainer.arrays import Booleans, Floats, Integers
    from trainer.windows import Examples

# Candidate features with the sign that common sense expects of each weight: 1 more risk, −1 less, 0 either.
CANDIDATES: Final = {
    "Recency": 1, "Frequency": -1, "Monetary": -1, "Tenure": 0, "orders_90d": -1, "decayed_orders": -1,
    "recency_to_gap": 1, "distinct_products": -1, "returns_share": 0, "active_months": -1,
}  # fmt: skip
REGULARISATIONS: Final = (0.003, 0.01, 0.03, 0.1, 1.0)  # scikit-learn's C, strongest first
DEFAULT_REGULARISATION: Final = 0.01  # for a history without a later cut-off to test on
MAX_SPLITS: Final = 3


class ModelSelection(NamedTuple):
    """The selected features in formula order, the regularisation, and the log-loss of each regularisation tried."""

    features: tuple[str, ...]
    regularisation: float
    log_losses: dict[str, float]  # by regularisation; empty for a history too short to compare them


def select_model(examples: Examples, horizon_days: int) -> ModelSelection:
    """Return the features and regularisation that predict later cut-offs best.

    One-standard-error rule: the strongest regularisation whose loss is within one standard error of the best.
    """
    features = select_features(examples, DEFAULT_REGULARISATION)
    splits = time_splits(examples, horizon_days)
    if not splits:
        return ModelSelection(features, DEFAULT_REGULARISATION, {})
    X, y = examples.features[list(features)].to_numpy(), examples.churned.to_numpy()
    losses = {C: np.concatenate([log_losses(X, y, split, C) for split in splits]) for C in REGULARISATIONS}
    best = min(losses.values(), key=np.mean)
    within_one_error = (
        C for C, loss in losses.items() if np.mean(loss - best) <= np.std(loss - best) / np.sqrt(len(best))
    )
    regularisation = next(within_one_error)
    mean_losses = {str(C): float(loss.mean()) for C, loss in losses.items()}
    # Features again: another regularisation turns the signs of other weights.
    return ModelSelection(select_features(examples, regularisation), regularisation, mean_losses)


def select_features(examples: Examples, regularisation: float) -> tuple[str, ...]:
    """Return the candidates, dropping the largest weight of the wrong sign until none is left.

    Correlated features push each other's weights to the wrong sign, and "310 days since the last order: lowers the
    risk" is no reason to give a shopkeeper.
    """
    selected = list(CANDIDATES)
    while True:
        fitted = linear_pipeline(regularisation).fit(
            examples.features[selected].to_numpy(), examples.churned.to_numpy()
        )
        weights = dict(zip(selected, fitted[-1].coef_[0], strict=True))
        wrong_sign = [feature for feature in selected if CANDIDATES[feature] * weights[feature] < 0]
        if not wrong_sign:
            return tuple(selected)
        selected.remove(max(wrong_sign, key=lambda feature: abs(weights[feature])))


class TimeSplit(NamedTuple):
    """Masks of the rows whose labels end by a later cut-off, and of the rows at that cut-off."""

    earlier: Booleans
    later: Booleans


def time_splits(examples: Examples, horizon_days: int) -> list[TimeSplit]:
    """Return up to MAX_SPLITS splits, latest first; empty while no label ends before another cut-off."""
    y, splits = examples.churned.to_numpy(), list[TimeSplit]()
    for cut_off in np.unique(examples.as_of)[::-1]:
        earlier = examples.as_of <= cut_off - np.timedelta64(horizon_days, "D")
        if len(np.unique(y[earlier])) == 2 and len(splits) < MAX_SPLITS:  # noqa: PLR2004 - both outcomes
            splits.append(TimeSplit(earlier, examples.as_of == cut_off))
    return splits


def log_losses(X: Floats, y: Integers, split: TimeSplit, regularisation: float) -> Floats:
    """Return the log-loss of each later row, at that cut-off's own churn rate: the level belongs to the season."""
    fitted = linear_pipeline(regularisation).fit(X[split.earlier], y[split.earlier])
    log_odds, churned = fitted.decision_function(X[split.later]), y[split.later]
    levelled = log_odds + best_intercept(churned, log_odds).log_odds
    losses: Floats = np.logaddexp(0, np.where(churned == 1, -levelled, levelled))
    return losses

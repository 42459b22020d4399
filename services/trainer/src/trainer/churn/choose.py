"""Which features and how much regularisation: decided on the training cut-offs alone, looking forward in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from trainer.churn.fit import linear
from trainer.churn.season import intercept

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer.evaluation.metrics import Floats, Integers
    from trainer.windows import Examples

    Mask = npt.NDArray[np.bool_]

# What the formula may use, each with the sign common sense demands of its weight: 1 more risk, −1 less, 0 any.
CANDIDATES: Final = {
    "Recency": 1, "Frequency": -1, "Monetary": -1, "Tenure": 0, "orders_90d": -1, "decayed_orders": -1,
    "recency_to_gap": 1, "distinct_products": -1, "returns_share": 0, "active_months": -1,
}  # fmt: skip
REGULARISATIONS: Final = (0.003, 0.01, 0.03, 0.1, 1.0)  # scikit-learn's C, the strongest first
DEFAULT_REGULARISATION: Final = 0.01  # while there is no later cut-off to look forward to
SPLITS: Final = 3


class Choice(NamedTuple):
    """Features in the order of the formula, the regularisation, and what each regularisation cost."""

    features: tuple[str, ...]
    regularisation: float
    log_losses: dict[str, float]  # by regularisation; empty when history was too short to compare


def choose(examples: Examples, horizon_days: int) -> Choice:
    """Return what serves best when learned from earlier cut-offs and asked about later ones.

    Of regularisations that differ by less than the standard error of their difference, the strongest: where nothing
    tells them apart, the calmer formula.
    """
    features = choose_features(examples, DEFAULT_REGULARISATION)
    splits = time_splits(examples, horizon_days)
    if not splits:
        return Choice(features, DEFAULT_REGULARISATION, {})
    X, y = examples.features[list(features)].to_numpy(), examples.churned.to_numpy()
    losses = {C: np.concatenate([log_losses(X, y, split, C) for split in splits]) for C in REGULARISATIONS}
    best = min(losses.values(), key=np.mean)
    close = (C for C, loss in losses.items() if np.mean(loss - best) <= np.std(loss - best) / np.sqrt(len(best)))
    chosen = next(close)
    # Once more: at another regularisation other weights contradict common sense.
    return Choice(choose_features(examples, chosen), chosen, {str(C): float(loss.mean()) for C, loss in losses.items()})


def choose_features(examples: Examples, regularisation: float) -> tuple[str, ...]:
    """Return the candidates without those whose weight contradicts common sense; the strongest offender leaves first.

    Correlated features push each other's weights to the wrong sign, and "310 days since the last order: lowers the
    risk" is no reason to give a shopkeeper.
    """
    chosen = list(CANDIDATES)
    while True:
        fitted = linear(regularisation).fit(examples.features[chosen].to_numpy(), examples.churned.to_numpy())
        weights = dict(zip(chosen, fitted[-1].coef_[0], strict=True))
        offenders = [feature for feature in chosen if CANDIDATES[feature] * weights[feature] < 0]
        if not offenders:
            return tuple(chosen)
        chosen.remove(max(offenders, key=lambda feature: abs(weights[feature])))


class TimeSplit(NamedTuple):
    """Which rows are of cut-offs whose labels end by a later cut-off, and which are of that one."""

    earlier: Mask
    later: Mask


def time_splits(examples: Examples, horizon_days: int) -> list[TimeSplit]:
    """Return the latest splits there are, at most SPLITS; none while no label ends before another cut-off."""
    y, splits = examples.churned.to_numpy(), list[TimeSplit]()
    for cut_off in np.unique(examples.as_of)[::-1]:
        earlier = examples.as_of <= cut_off - np.timedelta64(horizon_days, "D")
        if len(np.unique(y[earlier])) == 2 and len(splits) < SPLITS:  # noqa: PLR2004 - both outcomes
            splits.append(TimeSplit(earlier, examples.as_of == cut_off))
    return splits


def log_losses(X: Floats, y: Integers, split: TimeSplit, regularisation: float) -> Floats:
    """Return the log-loss of each later row at that cut-off's own churn rate: the level is the season's."""
    fitted = linear(regularisation).fit(X[split.earlier], y[split.earlier])
    log_odds, churned = fitted.decision_function(X[split.later]), y[split.later]
    levelled = log_odds + intercept(churned, log_odds).log_odds
    losses: Floats = np.logaddexp(0, np.where(churned == 1, -levelled, levelled))
    return losses

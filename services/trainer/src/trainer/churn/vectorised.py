"""The published churn model on many customers at once: equal to the one-by-one results up to rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from retention.scoring.churn import MONTH
from retention.scoring.single_order import BREADTH, RECENCY

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from retention.scoring.churn import ChurnModel
    from retention.scoring.feature_only import FeatureOnlyModel
    from retention.scoring.formula import Formula, TransformName
    from trainer.arrays import Floats

_TRANSFORMS: Final[dict[TransformName, Callable[[Any], Floats]]] = {"log1p": np.log1p, "identity": np.asarray}


def churn_probability(model: ChurnModel, features: pd.DataFrame) -> Floats:
    """Return the churn probability of each row."""
    return probability(log_odds(model, features))


def feature_only_probability(model: FeatureOnlyModel, features: pd.DataFrame) -> Floats:
    """Return the feature-only model's probability of each row, with no figure assumed."""
    return probability(model.formula.base_log_odds + contributions(model.formula, features).sum(axis=1))


def log_odds(model: ChurnModel, features: pd.DataFrame) -> Floats:
    """Return the log-odds of each row, from the formula or the single-order cell; both include the season."""
    several = model.several_orders.base_log_odds + contributions(model.several_orders, features).sum(axis=1)
    is_single = features["Frequency"].to_numpy() == 1
    return np.where(is_single, _single_order(model, features), several) + season_shifts(model, features)


def contributions(formula: Formula, features: pd.DataFrame) -> Floats:
    """Return the share of each term in the log-odds: (rows, terms)."""
    columns = [_TRANSFORMS[term.transform](features[term.feature].to_numpy()) for term in formula.terms]
    means, weights = [term.mean for term in formula.terms], [term.weight for term in formula.terms]
    shares: Floats = (np.array(columns).T - means) * weights
    return shares


def season_shifts(model: ChurnModel, features: pd.DataFrame) -> Floats:
    """Return the seasonal shift of each row's month, in log-odds."""
    shifts = np.array([shift.log_odds for shift in model.season])
    by_row: Floats = shifts[features[MONTH].to_numpy().astype(int) - 1]
    return by_row


def probability(log_odds: Floats) -> Floats:
    """Return the probability for each log-odds."""
    return 1 / (1 + np.exp(-log_odds))


def _single_order(model: ChurnModel, features: pd.DataFrame) -> Floats:
    recency, products = features[RECENCY].to_numpy(), features[BREADTH].to_numpy()
    below = [
        (recency < (np.inf if cell.recency_below is None else cell.recency_below))
        & (products < (np.inf if cell.products_below is None else cell.products_below))
        for cell in model.single_order.cells
    ]
    return np.select(below, [cell.log_odds for cell in model.single_order.cells])

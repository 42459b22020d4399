"""Conditional-mean imputation: the regressions behind the figures a feature-only call leaves out."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from retention.scoring.feature_only import OPTIONAL_FIGURES, REQUIRED_FIGURES, Assumption

if TYPE_CHECKING:
    import pandas as pd


def fit_assumptions(features: pd.DataFrame) -> tuple[Assumption, ...]:
    """Return a log1p regression of each optional feature on every set of features that a call can contain."""
    return tuple(
        _regression(features, missing, (*REQUIRED_FIGURES, *known))
        for missing in OPTIONAL_FIGURES
        for count in range(len(OPTIONAL_FIGURES))
        for known in combinations([name for name in OPTIONAL_FIGURES if name != missing], count)
    )


def _regression(features: pd.DataFrame, missing: str, given: tuple[str, ...]) -> Assumption:
    known = np.log1p(features[list(given)].to_numpy())
    design = np.column_stack([np.ones(len(known)), known])
    intercept, *weights = np.linalg.lstsq(design, np.log1p(features[missing].to_numpy()), rcond=None)[0]
    return Assumption(missing, given, float(intercept), tuple(map(float, weights)))

"""How far each month of the year lies from what the features say: fewer leave before Christmas than after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from retention.scoring.churn import MONTHS, NO_SEASON, Shift

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer.evaluation.metrics import Floats, Integers
    from trainer.windows import Examples

    Days = npt.NDArray[np.datetime64]

YEAR_DAYS: Final = 365.25
OVERLAP_DAYS: Final = 60  # seen in two years; less tells no trend from the season
FURTHEST: Final = 40.0  # log-odds: no share of customers is further from a half


def fit_season(examples: Examples, log_odds: Floats, horizon_days: int) -> tuple[Shift, ...]:
    """Return the shift of each calendar month, January first, as far as it can be told from chance.

    Every cut-off has an intercept that it wants on top of `log_odds`. These are regressed on the month and on time:
    what is left of a young history's drift (customers that look new but are not) must not pass for the season. The
    drift is not taken to go on after the last cut-off. Nothing is shifted until the cut-offs show some months in two
    years.
    """
    cut_offs = np.unique(examples.as_of)
    years = (cut_offs - cut_offs[0]).astype(float) / YEAR_DAYS
    if years[-1] * YEAR_DAYS < YEAR_DAYS + OVERLAP_DAYS:
        return NO_SEASON
    churned = examples.churned.to_numpy()
    wanted = [intercept(churned[rows], log_odds[rows]) for rows in (examples.as_of == day for day in cut_offs)]
    weights = np.sqrt([shift.information for shift in wanted])  # small early cut-offs know less
    design = np.column_stack([_months(cut_offs), years]) * weights[:, None]
    sought = np.array([shift.log_odds for shift in wanted]) * weights
    coefficients, *_ = np.linalg.lstsq(design, sought, rcond=None)
    left = sought - design @ coefficients
    scale = float(left @ left) / _degrees_of_freedom(cut_offs, horizon_days)
    coming = np.column_stack([np.eye(MONTHS), np.full(MONTHS, years[-1])])
    variances = scale * np.einsum("ij,jk,ik->i", coming, np.linalg.pinv(design.T @ design), coming)
    return tuple(map(_shrunk, (coming @ coefficients).tolist(), variances.tolist()))


def _shrunk(shift: float, variance: float) -> Shift:
    """Return the empirical-Bayes estimate: nothing of a shift that is smaller than its error, most of a clear one.

    Of 17 invented two-year shops, the nine without any season among them, the mean ECE is 0.025 with it, 0.030 without
    shrinking and 0.033 without a season; the worst 0.039, 0.072 and 0.080.
    """
    told = max(0.0, 1 - variance / shift**2) if shift else 0.0
    return Shift(told * shift, told * variance)


class Intercept(NamedTuple):
    """What a cut-off wants on top of its log-odds, and how much it knows of that: the inverse of the variance."""

    log_odds: float
    information: float


def intercept(churned: Integers, log_odds: Floats) -> Intercept:
    """Return the maximum-likelihood intercept beside a given log-odds; 0 when all had one fate."""
    if churned.min() == churned.max():
        return Intercept(0.0, 0.0)

    def excess(shift: float) -> float:
        return float((expit(log_odds + shift) - churned).sum())

    reach = FURTHEST + float(np.abs(log_odds).max())
    shift = float(brentq(excess, -reach, reach, xtol=1e-12))  # steps of Newton's method run away from far starts
    probability = expit(log_odds + shift)
    return Intercept(shift, float((probability * (1 - probability)).sum()))


def _degrees_of_freedom(cut_offs: Days, horizon_days: int) -> float:
    """Return those of the residuals: labels of cut-offs closer than a horizon are mostly the same."""
    step_days = float(np.diff(cut_offs).astype(float).mean())
    return max(1.0, (len(cut_offs) - MONTHS - 1) * min(1.0, step_days / horizon_days))


def _months(days: Days) -> Floats:
    """Return one column per calendar month, 1 in that of the day."""
    columns: Floats = np.eye(MONTHS)[_month(days)]
    return columns


def _month(days: Days) -> Integers:
    month: Integers = days.astype("datetime64[M]").astype(int) % MONTHS
    return month

"""How far each month of the year lies from what the features say: fewer leave before Christmas than after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from retention.churn import MONTHS, NO_SEASON, Shift

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer.evaluation.metrics import Floats, Integers
    from trainer.windows import Examples

    Days = npt.NDArray[np.datetime64]

YEAR_DAYS: Final = 365.25
OVERLAP_DAYS: Final = 60  # seen in two years; less tells no trend from the season
TOLERANCE: Final = 1e-12
MAX_STEPS: Final = 50


def fit_season(examples: Examples, log_odds: Floats) -> tuple[Shift, ...]:
    """Return the shift of each calendar month, January first, when it comes next after the last cut-off.

    Every cut-off has an intercept that it wants on top of `log_odds`. These are regressed on the month and on time:
    what is left of a young history's drift (customers that look new but are not) must not pass for the season. Nothing
    is shifted until the cut-offs show some months in two years.
    """
    cut_offs = np.unique(examples.as_of)
    years = (cut_offs - cut_offs[0]).astype(float) / YEAR_DAYS
    if years[-1] * YEAR_DAYS < YEAR_DAYS + OVERLAP_DAYS:
        return NO_SEASON
    churned = examples.churned.to_numpy()
    wanted = [intercept(churned[rows], log_odds[rows]) for rows in (examples.as_of == day for day in cut_offs)]
    design = np.column_stack([_months(cut_offs), years])
    coefficients, *_ = np.linalg.lstsq(design, np.array(wanted), rcond=None)
    left = np.array(wanted) - design @ coefficients
    variance = float(left @ left) / max(1, len(wanted) - MONTHS - 1)
    coming = _coming_months(cut_offs[-1])
    coming_design = np.column_stack([_months(coming), (coming - cut_offs[0]).astype(float) / YEAR_DAYS])
    leverage = np.einsum("ij,jk,ik->i", coming_design, np.linalg.pinv(design.T @ design), coming_design)
    shifts = map(Shift, (coming_design @ coefficients).tolist(), (variance * (1 + leverage)).tolist())
    return tuple(shifts)


def intercept(churned: Integers, log_odds: Floats) -> float:
    """Return the maximum-likelihood intercept beside a given log-odds, by Newton's method; 0 when all had one fate."""
    if churned.min() == churned.max():
        return 0.0
    shift = 0.0
    for _ in range(MAX_STEPS):
        probability = 1 / (1 + np.exp(-(log_odds + shift)))
        step = float((churned - probability).sum() / (probability * (1 - probability)).sum())
        shift += step
        if abs(step) < TOLERANCE:
            break
    return shift


def _months(days: Days) -> Floats:
    """Return one column per calendar month, 1 in that of the day."""
    columns: Floats = np.eye(MONTHS)[_month(days)]
    return columns


def _coming_months(last: np.datetime64) -> Days:
    """Return the middle of each calendar month when it comes next after `last`, January first."""
    months = last.astype("datetime64[M]") + 1 + np.arange(MONTHS)
    coming: Days = months[np.argsort(_month(months))].astype("datetime64[D]") + 14
    return coming


def _month(days: Days) -> Integers:
    month: Integers = days.astype("datetime64[M]").astype(int) % MONTHS
    return month

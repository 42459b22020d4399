"""The published metrics, for one sample or many resamples at once: customers are sorted once, then only counted.

A resample is a row of counts: how often each customer was drawn. The sample itself is a row of ones. All values equal
scikit-learn's on the drawn customers, ties included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from retention.errors import GateRefusedError

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer.arrays import Floats, Integers

_Counts: TypeAlias = "npt.NDArray[Any]"  # whole numbers, as integers or floats

RANKING_METRICS: Final = ("roc_auc", "pr_auc", "lift_top_decile")  # the only ones for scores that are no probabilities
METRICS: Final = (*RANKING_METRICS, "brier", "brier_skill", "ece")
BINS: Final = 10
_Z: Final = 1.959963984540054  # the standard normal's 97.5% point


class RankedSample:
    """Customers with a score (higher: more likely to churn) and an outcome, highest score first."""

    def __init__(self, churned: Integers, score: Floats) -> None:
        """Sort once. ValueError when a score is not finite."""
        if not np.isfinite(score).all():
            raise ValueError("a score is not a finite number")
        self._order = np.argsort(score, kind="stable")[::-1]
        self._churned = churned[self._order].astype(float)
        self._score = score[self._order].astype(float)
        self._ties = np.flatnonzero(np.diff(self._score, prepend=np.nan) != 0)  # start of each group of equal scores
        self._with_churners = np.flatnonzero(np.add.reduceat(self._churned, self._ties))  # other groups add nothing

    def metrics(self, counts: Integers, names: tuple[str, ...] = METRICS) -> dict[str, Floats]:
        """Return the named metrics of each row of `counts` (resamples × customers); each must draw both classes."""
        drawn = counts[:, self._order]
        values = self._ranking(drawn)
        if set(names) - set(RANKING_METRICS):
            values |= self._calibration(drawn)
        return {name: values[name] for name in names}

    def _ranking(self, drawn: Integers) -> dict[str, Floats]:
        """Return the metrics of the order alone; one column per group of equal scores."""
        customers, churned = self._grouped(drawn), self._grouped(drawn * self._churned)
        seen, found = np.cumsum(customers, axis=1), np.cumsum(churned, axis=1)
        size, churners = drawn.shape[1], found[:, -1].copy()
        top = max(1, size // BINS)
        found_in_top = _found_in_top(top, customers, churned, seen, found)

        customers, churned, seen, found = (part[:, self._with_churners] for part in (customers, churned, seen, found))
        stayed_above = _row_sums(churned, seen - found) - _row_sums(churned, customers - churned) / 2  # a tie is half
        precision = found / np.maximum(seen, 1)  # the first groups may not be drawn
        return {
            "roc_auc": 1 - stayed_above / (churners * (size - churners)),
            "pr_auc": _row_sums(churned, precision) / churners,
            "lift_top_decile": found_in_top / top / (churners / size),
        }

    def _grouped(self, values: _Counts) -> _Counts:
        return values if len(self._ties) == values.shape[1] else np.add.reduceat(values, self._ties, axis=1)

    def _calibration(self, drawn: Integers) -> dict[str, Floats]:
        """Return the metrics of the probabilities."""
        rows, size = drawn.shape
        gap = self._churned - self._score
        brier = drawn @ np.square(gap) / size
        rate = drawn @ self._churned / size
        # One entry per drawn customer, so that bins of equal count are the same columns in every row.
        one_by_one = np.repeat(np.tile(gap, rows), drawn.ravel()).reshape(rows, size)
        starts = size - np.array([*bin_starts(size)[1:], size])[::-1]  # bins count from the lowest probability
        ece = np.abs(np.add.reduceat(one_by_one, starts, axis=1)).sum(axis=1) / size
        return {"brier": brier, "brier_skill": 1 - brier / (rate * (1 - rate)), "ece": ece}


def _row_sums(left: _Counts, right: _Counts) -> Floats:
    products: Floats = np.einsum("ij,ij->i", left, right)
    return products


def _found_in_top(top: int, customers: _Counts, churned: _Counts, seen: _Counts, found: _Counts) -> Floats:
    """Return the churners among the first `top` customers; a group across the cut contributes pro rata."""
    rows, cut = np.arange(len(seen)), (seen <= top).sum(axis=1)
    cut = np.minimum(cut, seen.shape[1] - 1)
    customers, churned, seen, found = (part[rows, cut] for part in (customers, churned, seen, found))
    inside: Floats = found - churned * (seen - top) / np.maximum(customers, 1)
    return inside


def bin_starts(size: int) -> Integers:
    """Return the first index of each of 10 bins of equal count, as numpy's array_split; fewer bins below 10."""
    return np.cumsum([0, *(len(part) for part in np.array_split(np.empty(size), min(BINS, size)))])[:-1]


def ece(churned: Integers, probability: Floats) -> float:
    """Return the expected calibration error over 10 bins of equal count: mean |churn rate − mean probability|."""
    counts = np.ones((1, len(churned)), dtype=int)
    return float(RankedSample(churned, probability).metrics(counts, ("ece",))["ece"][0])


def sampling_ece(probability: Floats) -> float:
    """Return the ECE of perfect probabilities: sampling alone moves each bin's rate by E|N(0, σ)| = σ·√(2/π)."""
    ascending = np.sort(probability)
    variance = np.add.reduceat(ascending * (1 - ascending), bin_starts(len(ascending)))
    return float(np.sqrt(2 / np.pi * variance).sum() / len(ascending))


def wilson(found: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Return the 95% Wilson interval of the share `found` of `size`; always inside [0, 1]."""
    centre = (found + _Z**2 / 2) / (size + _Z**2)
    half_width = _Z * np.sqrt(found * (size - found) / size + _Z**2 / 4) / (size + _Z**2)
    return np.clip(centre - half_width, 0, 1), np.clip(centre + half_width, 0, 1)


def share_interval(found: int, size: int) -> tuple[float, float]:
    """Return the 95% Wilson interval of one share; `size` is above 0."""
    low, high = wilson(np.array([found]), np.array([size]))
    return float(low[0]), float(high[0])


def require_probabilities(values: Floats) -> None:
    """Raise GateRefusedError unless every value is in [0, 1]: no metric of it would mean anything."""
    wrong = int((~((values >= 0) & (values <= 1))).sum())  # true for NaN
    if wrong:
        raise GateRefusedError(
            f"{wrong:,} of {len(values):,} probabilities in the test window are not between 0 and 1: not promoted, the "
            "champion is unchanged"
        )

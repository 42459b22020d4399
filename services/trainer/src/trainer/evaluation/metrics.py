"""The published metrics, of one sample or of many resamples at once: sorted once, then only counted.

A resample is a row of counts, how often each customer was drawn; the sample itself is a row of ones. Values are those
of scikit-learn on the drawn customers, ties included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Floats: TypeAlias = "npt.NDArray[np.float64]"
Integers: TypeAlias = "npt.NDArray[np.integer[Any]]"
_Counts: TypeAlias = "npt.NDArray[Any]"  # whole numbers, as integers or as floats

RANKING: Final = ("roc_auc", "pr_auc", "lift_top_decile")  # all that a score without probabilities can have
METRICS: Final = (*RANKING, "brier", "brier_skill", "ece")
BINS: Final = 10
_Z: Final = 1.959963984540054  # the standard normal's 97.5 % point


class Scored:
    """Customers with a score (higher: more likely to churn) and what became of them, highest score first."""

    def __init__(self, churned: Integers, score: Floats) -> None:
        """Sort once. ValueError when a score is not a finite number."""
        if not np.isfinite(score).all():
            raise ValueError("a score is not a finite number")
        self._order = np.argsort(score, kind="stable")[::-1]
        self._churned = churned[self._order].astype(float)
        self._score = score[self._order].astype(float)
        self._ties = np.flatnonzero(np.diff(self._score, prepend=np.nan) != 0)  # where a group of equal scores begins
        self._with_churners = np.flatnonzero(np.add.reduceat(self._churned, self._ties))  # the other groups add nothing

    def metrics(self, counts: Integers, names: tuple[str, ...] = METRICS) -> dict[str, Floats]:
        """Return the named metrics of each row of `counts` (resamples × customers): both classes must be drawn."""
        drawn = counts[:, self._order]
        values = self._ranking(drawn)
        if set(names) - set(RANKING):
            values |= self._calibration(drawn)
        return {name: values[name] for name in names}

    def _ranking(self, drawn: Integers) -> dict[str, Floats]:
        """Return what depends on the order alone; a column is a group of equal scores."""
        everybody, churned = self._grouped(drawn), self._grouped(drawn * self._churned)
        seen, found = np.cumsum(everybody, axis=1), np.cumsum(churned, axis=1)
        size, churners = drawn.shape[1], found[:, -1].copy()
        top = max(1, size // BINS)
        found_in_top = _found_in(top, everybody, churned, seen, found)

        everybody, churned, seen, found = (part[:, self._with_churners] for part in (everybody, churned, seen, found))
        stayed_above = _row_sums(churned, seen - found) - _row_sums(churned, everybody - churned) / 2  # a tie is half
        precision = found / np.maximum(seen, 1)  # the first groups may not have been drawn
        return {
            "roc_auc": 1 - stayed_above / (churners * (size - churners)),
            "pr_auc": _row_sums(churned, precision) / churners,
            "lift_top_decile": found_in_top / top / (churners / size),
        }

    def _grouped(self, values: _Counts) -> _Counts:
        return values if len(self._ties) == values.shape[1] else np.add.reduceat(values, self._ties, axis=1)

    def _calibration(self, drawn: Integers) -> dict[str, Floats]:
        """Return what depends on the probabilities."""
        rows, size = drawn.shape
        gap = self._churned - self._score
        brier = drawn @ np.square(gap) / size
        rate = drawn @ self._churned / size
        # The drawn customers one by one: bins of equal count are then the same columns in every row.
        one_by_one = np.repeat(np.tile(gap, rows), drawn.ravel()).reshape(rows, size)
        starts = size - np.array([*bin_starts(size)[1:], size])[::-1]  # bins are counted from the lowest probability
        ece = np.abs(np.add.reduceat(one_by_one, starts, axis=1)).sum(axis=1) / size
        return {"brier": brier, "brier_skill": 1 - brier / (rate * (1 - rate)), "ece": ece}


def _row_sums(left: _Counts, right: _Counts) -> Floats:
    products: Floats = np.einsum("ij,ij->i", left, right)
    return products


def _found_in(top: int, everybody: _Counts, churned: _Counts, seen: _Counts, found: _Counts) -> Floats:
    """Return the churners among the first `top` customers; of a group that the cut goes through, the group's share."""
    rows, cut = np.arange(len(seen)), (seen <= top).sum(axis=1)
    cut = np.minimum(cut, seen.shape[1] - 1)
    everybody, churned, seen, found = (part[rows, cut] for part in (everybody, churned, seen, found))
    inside: Floats = found - churned * (seen - top) / np.maximum(everybody, 1)
    return inside


def bin_starts(size: int) -> Integers:
    """Return where each of 10 bins of equal count begins, as numpy's array_split cuts; fewer for fewer than 10."""
    return np.cumsum([0, *(len(part) for part in np.array_split(np.empty(size), min(BINS, size)))])[:-1]


def ece(churned: Integers, probability: Floats) -> float:
    """Return the expected calibration error over 10 bins of equal count: mean |share churned − mean probability|."""
    counts = np.ones((1, len(churned)), dtype=int)
    return float(Scored(churned, probability).metrics(counts, ("ece",))["ece"][0])


def sampling_ece(probability: Floats) -> float:
    """Return the ECE expected of perfect probabilities: chance alone moves each bin's rate by E|N(0, σ)| = σ·√(2/π)."""
    ascending = np.sort(probability)
    variance = np.add.reduceat(ascending * (1 - ascending), bin_starts(len(ascending)))
    return float(np.sqrt(2 / np.pi * variance).sum() / len(ascending))


def wilson(found: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Return the 95 % Wilson interval of the share `found` of `size`: inside [0, 1], also when all or none are."""
    centre = (found + _Z**2 / 2) / (size + _Z**2)
    half_width = _Z * np.sqrt(found * (size - found) / size + _Z**2 / 4) / (size + _Z**2)
    return np.clip(centre - half_width, 0, 1), np.clip(centre + half_width, 0, 1)

"""The numbers behind the plots: bins, curves and intervals of a score against what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from trainer.report.content import Floats, Labels

Z95: Final = 1.959963984540054  # the standard normal's 97.5 % point
BINS: Final = 10


class Bin(NamedTuple):
    """Customers of similar probability: what was said, what happened, and the Wilson interval of that."""

    customers: int
    predicted: float
    observed: float
    low: float
    high: float


class Decile(NamedTuple):
    """The first `share` of all customers, riskiest first: what part of all who left, over what part of everybody."""

    share: float
    left: float  # of this tenth alone
    found: float  # share of all who left, up to here
    lift: float  # of this tenth alone


class ThresholdCurve(NamedTuple):
    """For each threshold: of whom it flags, how many left; of whom left, how many it flags."""

    threshold: Floats
    precision: Floats
    recall: Floats
    f1: Floats
    flagged: Floats


class Confusion(NamedTuple):
    """Customers by what was said and what happened."""

    flagged_left: int
    flagged_stayed: int
    passed_left: int
    passed_stayed: int

    @property
    def precision(self) -> float | None:
        """Of the flagged, the share who left; None when nobody is flagged."""
        flagged = self.flagged_left + self.flagged_stayed
        return self.flagged_left / flagged if flagged else None

    @property
    def recall(self) -> float | None:
        """Of those who left, the share flagged; None when nobody left."""
        left = self.flagged_left + self.passed_left
        return self.flagged_left / left if left else None

    @property
    def customers(self) -> int:
        """Everybody."""
        return sum(self)


def both_kinds(churned: Labels) -> bool:
    """Return whether somebody left and somebody stayed: otherwise nothing can be ranked."""
    return 0 < int(churned.sum()) < len(churned)


def wilson(count: int, of: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson interval of a share, 95 % unless told; (0, 1) of nothing."""
    if of == 0:
        return 0.0, 1.0
    share, extra = count / of, z * z / of
    centre = (share + extra / 2) / (1 + extra)
    half = z * np.sqrt(share * (1 - share) / of + extra / (4 * of)) / (1 + extra)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def auc(churned: Labels, score: Floats) -> tuple[float, float, float]:
    """Return ROC-AUC with its 95 % interval by DeLong's variance. Both kinds of customers are needed."""
    left, ranks = churned == 1, rankdata(score)
    above_stayed = (ranks[left] - rankdata(score[left])) / (~left).sum()
    below_left = 1 - (ranks[~left] - rankdata(score[~left])) / left.sum()
    value = float(above_stayed.mean())
    variance = above_stayed.var(ddof=1) / left.sum() + below_left.var(ddof=1) / (~left).sum() if _several(left) else 1
    half = Z95 * float(np.sqrt(variance))
    return value, max(0.0, value - half), min(1.0, value + half)


def _several(left: Labels) -> bool:
    return 1 < int(left.sum()) < len(left) - 1


def calibration(churned: Labels, probability: Floats) -> list[Bin]:
    """Return up to ten bins of about equal count, lowest probability first."""
    return [
        Bin(len(rows), float(probability[rows].mean()), float(churned[rows].mean()), *wilson(hits, len(rows)))
        for rows in np.array_split(np.argsort(probability, kind="stable"), BINS)
        if len(rows) and (hits := int(churned[rows].sum())) >= 0
    ]


def deciles(churned: Labels, probability: Floats) -> list[Decile]:
    """Return the tenths of the customers, riskiest first."""
    order, shared = np.argsort(-probability, kind="stable"), shared_among_equals(churned, probability)
    found, ends = np.cumsum(shared[order]), np.cumsum([len(rows) for rows in np.array_split(order, BINS)])
    return [
        Decile(end / len(order), left, float(found[end - 1] / found[-1]), left / float(churned.mean()))
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
        if end > start and (left := float(shared[order[start:end]].mean())) >= 0
    ]


def shared_among_equals(churned: Labels, probability: Floats) -> Floats:
    """Return for each customer the share who left of those with the same probability: their order is no one's merit."""
    _, group = np.unique(probability, return_inverse=True)
    shares: Floats = np.bincount(group, churned) / np.bincount(group)
    return shares[group]


def threshold_curve(churned: Labels, probability: Floats) -> ThresholdCurve:
    """Return the curve at 1 %, 2 %, … 99 %; precision is missing where under 0.5 % are flagged."""
    threshold = np.arange(1, 100) / 100
    of_left, of_all = (np.sort(part) for part in (probability[churned == 1], probability))
    hits = len(of_left) - np.searchsorted(of_left, threshold)
    flagged = len(of_all) - np.searchsorted(of_all, threshold)
    some = flagged > 0.005 * len(of_all)  # of the last few every precision is chance
    precision = np.divide(hits, flagged, out=np.full(len(threshold), np.nan), where=some)
    return ThresholdCurve(
        threshold, precision, hits / len(of_left), 2 * hits / (flagged + len(of_left)), flagged / len(of_all)
    )


def confusion(churned: Labels, probability: Floats, threshold: float) -> Confusion:
    """Return the counts when whoever reaches the threshold is flagged."""
    flagged, left = probability >= threshold, churned == 1
    pairs = ((flagged, left), (flagged, ~left), (~flagged, left), (~flagged, ~left))
    return Confusion(*(int((said & happened).sum()) for said, happened in pairs))

"""The points of the ROC and precision-recall curves, which the manifest does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.churn.threshold import ranking_cuts

if TYPE_CHECKING:
    from trainer.arrays import Floats, Integers

POINTS: Final = 300  # more make no visible difference
SETTLED: Final = 20  # leavers; with fewer, precision is mostly chance


def roc(churned: Integers, score: Floats) -> tuple[Floats, Floats]:
    """Return the false and true positive rates as the threshold falls from above every score."""
    _, found, flagged = ranking_cuts(churned, score)
    stayed = flagged - found
    return _thinned(np.append(0.0, stayed / stayed[-1]), np.append(0.0, found / found[-1]))


def precision_recall(churned: Integers, score: Floats) -> tuple[Floats, Floats]:
    """Return recall and precision as the threshold falls; precision is flat until SETTLED leavers are found."""
    _, found, flagged = ranking_cuts(churned, score)
    settled = found >= min(SETTLED, found[-1] / 2)
    recall, precision = (found / found[-1])[settled], (found / flagged)[settled]
    return _thinned(np.append(0.0, recall), np.append(precision[0], precision))


def _thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    rows = np.unique(np.linspace(0, len(x) - 1, POINTS).astype(int))
    return x[rows], y[rows]

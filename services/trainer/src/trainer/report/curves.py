"""The points of the two curves that the manifest has no table of: ROC, and precision against recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trainer.churn.threshold import cuts

if TYPE_CHECKING:
    from trainer.report.content import Floats, Labels

POINTS: Final = 300  # more the eye cannot tell apart
SETTLED: Final = 20  # leavers: of the first few customers every precision is chance


def roc(churned: Labels, score: Floats) -> tuple[Floats, Floats]:
    """Return which share of those who stayed is flagged, and of those who left, as the line falls from above all."""
    _, found, flagged = cuts(churned, score)
    stayed = flagged - found
    return _thinned(np.append(0.0, stayed / stayed[-1]), np.append(0.0, found / found[-1]))


def precision_recall(churned: Labels, score: Floats) -> tuple[Floats, Floats]:
    """Return recall and precision as the line falls, level until the first SETTLED leavers are found."""
    _, found, flagged = cuts(churned, score)
    settled = found >= min(SETTLED, found[-1] / 2)
    recall, precision = (found / found[-1])[settled], (found / flagged)[settled]
    return _thinned(np.append(0.0, recall), np.append(precision[0], precision))


def _thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    rows = np.unique(np.linspace(0, len(x) - 1, POINTS).astype(int))
    return x[rows], y[rows]

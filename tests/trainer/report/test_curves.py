"""The drawn curves: their areas are the published figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, roc_auc_score

from trainer.report import curves

if TYPE_CHECKING:
    from trainer.report.data import ReportData


@pytest.mark.parametrize("digits", [9, 1])
def test_the_area_under_a_drawn_curve_is_the_published_metric(data: ReportData, digits: int) -> None:
    score = data.probability.round(digits)  # one digit makes many ties
    assert auc(*curves.roc(data.churned, score)) == pytest.approx(roc_auc_score(data.churned, score), abs=1e-3)
    recall, precision = curves.precision_recall(data.churned, score)
    assert (recall[0], recall[-1]) == (0.0, 1.0)
    assert precision[-1] == pytest.approx(data.churned.mean())
    settled = data.churned.sum() * recall >= curves.SETTLED
    area = np.sum(np.diff(recall[settled], prepend=0.0) * precision[settled])
    assert area == pytest.approx(average_precision_score(data.churned, score), abs=0.03)
    assert len(curves.roc(np.arange(2_000) % 2, np.arange(2_000.0))[0]) <= curves.POINTS

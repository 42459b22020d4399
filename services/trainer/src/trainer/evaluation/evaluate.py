"""The manifest's evaluation: the model's metrics, curves and groups, and its baselines' metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trainer.churn.threshold import ranking_cuts
from trainer.evaluation.bootstrap import bootstrap
from trainer.evaluation.groups import group_metrics
from trainer.evaluation.metrics import bin_starts, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    import numpy.typing as npt

    from trainer.arrays import Floats, Integers
    from trainer.churn.threshold import ThresholdPolicy
    from trainer.evaluation.baselines import Baseline
    from trainer.windows import Examples

    Rows: TypeAlias = list[dict[str, Any]]

CURVE_POINTS: Final = 50
DECILES: Final = 10


def evaluate(
    test: Examples,
    probability: Floats,
    *,
    threshold: float,
    policy: ThresholdPolicy,
    baselines: Mapping[str, Baseline],
    horizon_days: int,
) -> dict[str, Any]:
    """Return the manifest's figures for the test window.

    The window must hold both classes, every probability be in [0, 1]. `policy` prices the threshold curve.
    """
    churned = test.churned.to_numpy()
    model = bootstrap(churned, probability)
    others = {name: bootstrap(churned, baseline.score, baseline.metrics) for name, baseline in baselines.items()}
    return {
        "metrics": model.to_json(),
        "customers": len(churned),
        "churn_rate": float(churned.mean()),
        "at_threshold": at_threshold(churned, probability, threshold),
        "deciles": deciles(churned, probability),
        "threshold_curve": threshold_curve(churned, probability, policy),
        "economics": policy.economics(),
        "calibration": calibration(churned, probability),
        "groups": group_metrics(test.features, churned, probability, horizon_days),
        "comparison": {
            name: {**other.to_json(), "roc_auc_difference": model.minus(other, "roc_auc")}
            for name, other in others.items()
        },
    }


def at_threshold(churned: Integers, probability: Floats, threshold: float) -> dict[str, Any]:
    """Return the confusion matrix at the threshold and its shares; a share of nobody is 0."""
    flagged = probability >= threshold
    tp, fp = int((flagged & (churned == 1)).sum()), int((flagged & (churned == 0)).sum())
    fn, tn = int(churned.sum()) - tp, int((churned == 0).sum()) - fp
    return {
        "threshold": threshold,
        "tn": tn, "fp": fp, "fn": fn, "tp": tp,
        "flagged_share": (tp + fp) / len(churned),
        "recall": tp / max(1, tp + fn),
        "precision": tp / max(1, tp + fp),
        "accuracy": (tp + tn) / len(churned),
    }  # fmt: skip


def deciles(churned: Integers, score: Floats) -> Rows:
    """Return lift and gain of each tenth, highest scores first; a tie across a cut is divided pro rata.

    `gain` is the share of all churners found so far, `lift` the tenth's churn rate over the overall rate.
    """
    _, found, flagged = ranking_cuts(churned, score)
    ends = len(churned) * np.arange(DECILES + 1) // DECILES
    found_by = np.interp(ends, [0, *flagged], [0, *found])
    size, churners, rate = np.diff(ends), np.diff(found_by), churned.mean()
    return _rows(
        decile=np.arange(1, DECILES + 1),
        customers=size,
        churn_rate=churners / size,
        lift=churners / size / rate,
        cumulative_lift=found_by[1:] / ends[1:] / rate,
        gain=found_by[1:] / found_by[-1],
    )


def threshold_curve(churned: Integers, probability: Floats, policy: ThresholdPolicy) -> Rows:
    """Return up to 50 thresholds with their results, from few flagged to all; `profit` is for these customers."""
    thresholds, found, flagged = ranking_cuts(churned, probability)
    points = np.unique(np.searchsorted(flagged, np.linspace(1, len(churned), CURVE_POINTS)))
    thresholds, found, flagged = thresholds[points], found[points], flagged[points]
    churners = churned.sum()
    return _rows(
        threshold=thresholds,
        precision=found / flagged,
        recall=found / churners,
        f1=2 * found / (flagged + churners),
        flagged_share=flagged / len(churned),
        profit=policy.profit(found, flagged),
    )


def calibration(churned: Integers, probability: Floats) -> Rows:
    """Return mean probability, churn rate and its 95% Wilson interval for each of the ECE's ten bins."""
    order, starts = np.argsort(probability, kind="stable"), bin_starts(len(churned))
    found, size = np.add.reduceat(churned[order], starts), np.diff([*starts, len(churned)])
    low, high = wilson(found, size)
    mean = np.add.reduceat(probability[order], starts) / size
    return _rows(mean_probability=mean, churn_rate=found / size, low=low, high=high, customers=size)


def _rows(**columns: npt.NDArray[Any]) -> Rows:
    return [dict(zip(columns, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)]

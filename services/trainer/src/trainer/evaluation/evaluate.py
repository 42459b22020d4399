"""How good the model is on the untouched window, with bootstrap intervals, beside what it has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from retention.scoring.churn import evidence
from trainer.churn.threshold import cuts
from trainer.evaluation.bootstrap import bootstrap
from trainer.evaluation.metrics import METRICS, bin_starts, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    import numpy.typing as npt
    import pandas as pd

    from trainer.churn.threshold import ThresholdPolicy
    from trainer.evaluation.metrics import Floats, Integers
    from trainer.evaluation.rivals import Rival
    from trainer.windows import Examples

    Rows: TypeAlias = list[dict[str, Any]]

TIERS: Final = ("lapsed", "single_order", "sparse", "repeat")
ACTIVE_DAYS: Final = (90, 365)
MIN_CUSTOMERS: Final = 20  # below, an interval of the ROC-AUC spans more than 0.4
CURVE_POINTS: Final = 50
DECILES: Final = 10


def evaluate(
    test: Examples,
    probability: Floats,
    *,
    threshold: float,
    policy: ThresholdPolicy,
    rivals: Mapping[str, Rival],
    horizon_days: int,
) -> dict[str, Any]:
    """Return the figures of the manifest: the model's on the test window, and beside them its rivals'.

    Both classes must be in the window, every probability finite and in [0, 1]. `policy` prices the threshold curve.
    """
    churned = test.churned.to_numpy()
    model = bootstrap(churned, probability)
    groups = _tiers(test.features, horizon_days) | _active(test.features)
    beside = {name: bootstrap(churned, rival.score, rival.metrics) for name, rival in rivals.items()}
    return {
        "metrics": model.to_json(),
        "customers": len(churned),
        "churn_rate": float(churned.mean()),
        "at_threshold": at_threshold(churned, probability, threshold),
        "deciles": deciles(churned, probability),
        "threshold_curve": threshold_curve(churned, probability, policy),
        "economics": policy.economics(),
        "calibration": calibration(churned, probability),
        "groups": {name: _group(churned[rows], probability[rows]) for name, rows in groups.items()},
        "comparison": {
            name: {**rival.to_json(), "roc_auc_difference": model.minus(rival, "roc_auc")}
            for name, rival in beside.items()
        },
    }


def at_threshold(churned: Integers, probability: Floats, threshold: float) -> dict[str, Any]:
    """Return the confusion at the threshold; a share of nobody is 0."""
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
    """Return lift and gain of each tenth, highest scores first; a tie that a cut goes through is shared by both sides.

    `gain` is the share of all churners found so far, `lift` the tenth's churn rate over everybody's.
    """
    _, found, flagged = cuts(churned, score)
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
    """Return what up to 50 thresholds would do, from few flagged to all; `profit` is for these customers."""
    thresholds, found, flagged = cuts(churned, probability)
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
    """Return the ten bins of the ECE: the mean probability, the churn rate and its 95 % Wilson interval."""
    order, starts = np.argsort(probability, kind="stable"), bin_starts(len(churned))
    found, size = np.add.reduceat(churned[order], starts), np.diff([*starts, len(churned)])
    low, high = wilson(found, size)
    mean = np.add.reduceat(probability[order], starts) / size
    return _rows(mean_probability=mean, churn_rate=found / size, low=low, high=high, customers=size)


def _tiers(features: pd.DataFrame, horizon_days: int) -> dict[str, npt.NDArray[np.bool_]]:
    figures = features[["Frequency", "Recency"]].astype(int).to_numpy().tolist()
    tier = np.array([evidence(frequency, recency, horizon_days) for frequency, recency in figures])
    return {name: tier == name for name in TIERS}


def _active(features: pd.DataFrame) -> dict[str, npt.NDArray[np.bool_]]:
    return {f"active_{days}_days": (features["Recency"] <= days).to_numpy() for days in ACTIVE_DAYS}


def _group(churned: Integers, probability: Floats) -> dict[str, Any]:
    """Return the metrics within a group; null where it is too small or has one class only."""
    customers, churners = len(churned), int(churned.sum())
    measurable = customers >= MIN_CUSTOMERS and 0 < churners < customers
    return {
        "customers": customers,
        "churn_rate": churners / customers if customers else None,
        "metrics": bootstrap(churned, probability).to_json() if measurable else dict.fromkeys(METRICS),
    }


def _rows(**columns: npt.NDArray[Any]) -> Rows:
    return [dict(zip(columns, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True)]

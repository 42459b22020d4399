"""A small, sound bundle for tests to load, spoil or serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retention.features import pipelines
from retention.registry.bundle import to_bytes, write_bundle
from retention.scoring.churn import NO_SEASON, ChurnModel, Shift
from retention.scoring.feature_only import Assumption, FeatureOnlyModel
from retention.scoring.formula import Formula, Term
from retention.scoring.segments import NET, Segment, SegmentModel
from retention.scoring.single_order import Cell, SingleOrderRates

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

KEY = b"k" * 32
VERSION = "20260101T000000Z-0000000"

METRIC = {"value": 0.74, "low": 0.72, "high": 0.76}
# The parts of a manifest that describe the model.
CARD: dict[str, Any] = {
    "created_at": "2026-01-01T00:00:00Z",
    "git_revision": "3f9c2ab",
    "windows": {
        "training_as_of": ["2011-03-14T00:00:00Z"],
        "test_as_of": "2011-09-11T00:00:00Z",
        "horizon_days": 90,
    },
    "rows": {"training": 2000, "test": 700, "customers": 800},
    "threshold": {"value": 0.4, "policy": "recall ≥ 0.80 out of fold"},
    "metrics": dict.fromkeys(("roc_auc", "pr_auc", "lift_top_decile", "brier", "brier_skill", "ece"), METRIC),
    "grade": {"grade": "B", "rule": "a rule", "would_be": "B", "capped_because": None, "sentence": "It is good."},
    "gate": {"passed": True, "checks": [{"name": "ranking", "passed": True, "reason": "ROC-AUC 0.740"}]},
    "comparison": {"longest_silent_first": {"roc_auc": METRIC}},
}


def small_model(base_log_odds: float = -0.3) -> ChurnModel:
    """Return a model with seasonal shifts in November and December and a single-order table of three cells."""
    terms = (Term("Frequency", "log1p", 1.2, -0.8), Term("Recency", "log1p", 3.5, 0.4))
    cells = (
        Cell(60.0, 5.0, 120, -0.1, -0.4, 0.2),
        Cell(60.0, None, 80, -0.7, -1.1, -0.3),
        Cell(None, None, 290, 1.05, 0.85, 1.25),
    )
    return ChurnModel(
        Formula(base_log_odds, terms, _diagonal(3)),
        SingleOrderRates(0.3, cells),
        (*NO_SEASON[:10], Shift(-0.2, 0.01), Shift(0.25, 0.02)),
        0.4,
        90,
    )


def small_bundle(
    folder: Path, *, base_log_odds: float = -0.3, key: bytes = KEY, without: Container[str] = (), money: str = NET
) -> None:
    """Write a bundle to the new `folder`, named after its version; `without` names parts to leave out."""
    by_id = small_model(base_log_odds)
    small_terms = tuple(Term(name, "log1p", 1.0, -0.1) for name in ("Frequency", "Monetary", "Recency", "Tenure"))
    assumptions = () if "assumptions" in without else _assumptions()
    small = FeatureOnlyModel(Formula(-0.2, small_terms, _diagonal(5, 0.0001)), 0.4, 90, assumptions)
    names = ("Loyal High-Value", "Potential Loyalists", "Occasional Buyers", "Churn Risk")
    segments = SegmentModel(
        (3.5, 1.2, 6.0), (1.0, 1.0, 1.0),
        tuple(Segment(i, name, "act", "offer", (float(i), -float(i), 0.0)) for i, name in enumerate(names)), money,
    )  # fmt: skip
    percentiles = {} if "percentiles" in without else {name: list(range(101)) for name in pipelines.FEATURES}
    files = {
        "churn.json": to_bytes({"by_id": by_id.to_json(), "feature_only": small.to_json()}),
        "segments.json": to_bytes(segments.to_json()),
        "reference.json": to_bytes({"as_of": "2011-12-10T00:00:00Z", "customers": 100, "percentiles": percentiles}),
    }
    golden: list[dict[str, float]] = [
        dict.fromkeys((*pipelines.FEATURES, "month"), 3.0),
        {**dict.fromkeys(pipelines.FEATURES, 3.0), "Frequency": 1.0, "month": 12.0},
    ]
    manifest: dict[str, Any] = {
        "version": folder.name,
        "features": list(by_id.features),
        **({} if "card" in without else CARD),
        "golden_predictions": [
            {
                "features": features,
                "churn_probability": by_id.probability(features),
                "cluster": segments.segment(3.0, features["Frequency"], 3.0).cluster,
            }
            for features in golden
        ],
    }
    folder.mkdir(parents=True)
    write_bundle(folder, manifest, files, key)


def _diagonal(size: int, variance: float = 0.01) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(variance if row == column else 0.0 for column in range(size)) for row in range(size))


def _assumptions() -> tuple[Assumption, ...]:
    return tuple(
        Assumption(missing, ("Frequency", "Monetary", *known), 3.0, (0.0,) * (2 + len(known)))
        for missing, other in (("Recency", "Tenure"), ("Tenure", "Recency"))
        for known in ((), (other,))
    )

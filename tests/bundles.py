"""A small sound bundle, for tests that need one to load, spoil or serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retention import pipelines
from retention.bundle import to_bytes, write_bundle
from retention.churn import Assumption, ChurnModel, FeatureOnlyModel, Term
from retention.segments import Segment, SegmentModel

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

KEY = b"k" * 32
VERSION = "20260101T000000Z-0000000"


def small_bundle(folder: Path, *, base_log_odds: float = -0.3, key: bytes = KEY, without: Container[str] = ()) -> None:
    """Write a bundle into the new `folder`, whose name is its version; `without` leaves out what it needs."""
    by_id = ChurnModel(base_log_odds, (Term("Frequency", 1.2, -0.8), Term("Recency", 3.5, 0.4)), _diagonal(3), 0.4, 90)
    small_terms = tuple(Term(name, 1.0, -0.1) for name in ("Frequency", "Monetary", "Recency", "Tenure"))
    small = FeatureOnlyModel(
        ChurnModel(-0.2, small_terms, _diagonal(5), 0.4, 90), () if "assumptions" in without else _assumptions()
    )
    names = ("Loyal High-Value", "Potential Loyalists", "Occasional Buyers", "Churn Risk")
    segments = SegmentModel(
        (3.5, 1.2, 6.0), (1.0, 1.0, 1.0),
        tuple(Segment(i, name, "act", "offer", (float(i), -float(i), 0.0)) for i, name in enumerate(names)),
    )  # fmt: skip
    percentiles = {} if "percentiles" in without else {name: list(range(101)) for name in pipelines.FEATURES}
    files = {
        "churn.json": to_bytes({"by_id": by_id.to_json(), "feature_only": small.to_json()}),
        "segments.json": to_bytes(segments.to_json()),
        "reference.json": to_bytes({"as_of": "2011-12-10T00:00:00Z", "customers": 100, "percentiles": percentiles}),
    }
    golden = dict.fromkeys(pipelines.FEATURES, 3.0)
    manifest: dict[str, Any] = {
        "version": folder.name,
        "features": list(by_id.features),
        "golden_predictions": [
            {
                "features": golden,
                "churn_probability": by_id.probability(golden),
                "cluster": segments.segment(3.0, 3.0, 3.0).cluster,
            }
        ],
    }
    folder.mkdir(parents=True)
    write_bundle(folder, manifest, files, key)


def _diagonal(size: int) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(0.01 if row == column else 0.0 for column in range(size)) for row in range(size))


def _assumptions() -> tuple[Assumption, ...]:
    return tuple(
        Assumption(missing, ("Frequency", "Monetary", *known), 3.0, (0.0,) * (2 + len(known)))
        for missing, other in (("Recency", "Tenure"), ("Tenure", "Recency"))
        for known in ((), (other,))
    )

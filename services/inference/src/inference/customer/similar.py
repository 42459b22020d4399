"""Similar customers: the nearest in recency, frequency and money, on the scale of the segments."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from inference.customer.responses import SimilarCustomer
    from retention.registry.bundle import Bundle
    from retention.scoring.segments import SegmentModel

SHOWN: Final = 5


def most_similar(
    features: Mapping[str, Any], scores: Iterable[Mapping[str, Any]], bundle: Bundle, as_of: datetime
) -> list[SimilarCustomer]:
    """Return the SHOWN nearest in standardised log recency, frequency and money, scored no later than `as_of`.

    Scores of another version are skipped: one answer comes from one version.
    """

    def distance(score: Mapping[str, Any]) -> tuple[float, int]:
        return math.dist(here, _scaled(score, bundle.segments)), score["_id"]

    here = _scaled(features, bundle.segments)
    known_then = (each for each in scores if each["as_of"] <= as_of and each["model_version"] == bundle.version)
    return [
        {
            "customer_id": score["_id"],
            "segment": score["segment"],
            "churn_probability": score["churn_probability"],
            "Frequency": score["Frequency"],
            "Monetary": score["Monetary"],
            "net_monetary": score.get("net_monetary"),
            "Recency": score["Recency"],
        }
        for score in heapq.nsmallest(SHOWN, known_then, key=distance)
    ]


def _scaled(of: Mapping[str, Any], segments: SegmentModel) -> list[float]:
    # The means cancel in a distance.
    axes = zip(segments.features, segments.scale, strict=True)
    # A score of an older release has no net money.
    return [math.log1p(max(0.0, of.get(name, of["Monetary"]))) / scale for name, scale in axes]

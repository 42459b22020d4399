"""Segment summaries: size, mean recency, frequency and net money, and share of revenue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inference.customer.responses import SegmentSummary
    from retention.features.pipelines import Pipeline
    from retention.registry.bundle import Bundle


# Scores of an older release lack net money for a few seconds after a deploy.
_WORTH: Final = {"$ifNull": ["$net_monetary", "$Monetary"]}


def segment_summary_pipeline() -> Pipeline:
    """Return the pipeline that gives one document per segment; runs on `scores`. `revenue` is after returns."""
    means = {"recency": "$Recency", "frequency": "$Frequency", "churn_probability": "$churn_probability"}
    return [
        {
            "$group": {
                "_id": "$segment",  # each name is one cluster; grouping by both takes 1.5 times as long
                "cluster": {"$max": "$cluster"},
                "model_version": {"$first": "$model_version"},
                "customers": {"$sum": 1},
                "revenue": {"$sum": _WORTH},
                "flagged": {"$sum": "$churn_prediction"},
                **{name: {"$avg": field} for name, field in means.items()},
            }
        }
    ]


def segment_summaries(found: Sequence[Mapping[str, Any]], bundle: Bundle | None) -> list[SegmentSummary]:
    """Return the segments by descending revenue; shares of customers, and of revenue, add up to 1.

    A segment that returned more than it ordered has no share of the revenue. `action` is given when `bundle` is the
    model that scored.
    """
    total = sum(each["customers"] for each in found)
    revenue = math.fsum(max(0.0, each["revenue"]) for each in found)
    actions = {(bundle.version, each.segment): each.action for each in bundle.segments.segments} if bundle else {}
    ordered = sorted(found, key=lambda each: (-each["revenue"], each["cluster"]))
    return [
        {
            "segment": each["_id"],
            "cluster": each["cluster"],
            "customers": each["customers"],
            "share": each["customers"] / total,
            "recency": each["recency"],
            "frequency": each["frequency"],
            "monetary": each["revenue"] / each["customers"],
            # Without any revenue a segment's share is its share of the customers.
            "revenue_share": max(0.0, each["revenue"]) / revenue if revenue else each["customers"] / total,
            "churn_probability": each["churn_probability"],
            "flagged": each["flagged"],
            "action": actions.get((each["model_version"], each["_id"])),
            "model_version": each["model_version"],
        }
        for each in ordered
    ]

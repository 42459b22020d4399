"""The segments, counted: how many, how lately, how often and for how much, and what share of the money is theirs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inference.customer.responses import SegmentSummary
    from retention.features.pipelines import Pipeline
    from retention.registry.bundle import Bundle


def segments_pipeline() -> Pipeline:
    """Return one document per segment and cluster; runs on `scores`."""
    means = {"recency": "$Recency", "frequency": "$Frequency", "churn_probability": "$churn_probability"}
    return [
        {
            "$group": {
                "_id": "$segment",  # a name stands for one cluster; two fields would take half as long again
                "cluster": {"$max": "$cluster"},
                "model_version": {"$first": "$model_version"},
                "customers": {"$sum": 1},
                "revenue": {"$sum": "$Monetary"},
                "flagged": {"$sum": "$churn_prediction"},
                **{name: {"$avg": field} for name, field in means.items()},
            }
        }
    ]


def summary(found: Sequence[Mapping[str, Any]], bundle: Bundle | None) -> list[SegmentSummary]:
    """Return the segments, those with the most money first; the shares of customers, and of money, add up to 1.

    What to do about one is said by the model that made it, when that is `bundle`.
    """
    everybody = sum(each["customers"] for each in found)
    revenue = math.fsum(each["revenue"] for each in found)
    actions = {(bundle.version, each.segment): each.action for each in bundle.segments.segments} if bundle else {}
    ordered = sorted(found, key=lambda each: (-each["revenue"], each["cluster"]))
    return [
        {
            "segment": each["_id"],
            "cluster": each["cluster"],
            "customers": each["customers"],
            "share": each["customers"] / everybody,
            "recency": each["recency"],
            "frequency": each["frequency"],
            "monetary": each["revenue"] / each["customers"],
            # What is given away has no value to share: then everybody's part is what it is of the customers.
            "revenue_share": each["revenue"] / revenue if revenue else each["customers"] / everybody,
            "churn_probability": each["churn_probability"],
            "flagged": each["flagged"],
            "action": actions.get((each["model_version"], each["_id"])),
            "model_version": each["model_version"],
        }
        for each in ordered
    ]

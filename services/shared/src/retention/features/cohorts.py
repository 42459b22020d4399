"""The cohort pipeline: customers by the month of their first order and the months since; plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import datetime

    from retention.features.pipelines import Pipeline

# Months since year 0.
_MONTH: Final[dict[str, Any]] = {"$add": [{"$multiply": [12, {"$year": "$_id.day"}]}, {"$month": "$_id.day"}, -1]}


def cohorts(as_of: datetime) -> Pipeline:
    """Count customers by month of first order and months since, one document per pair. Runs on `orders`.

    Only whole months before `as_of` count: half a month would look like lost customers.
    """
    start_of_month = as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return [
        {"$match": {"_id.kind": "order", "_id.day": {"$lt": start_of_month}}},
        {"$group": {"_id": "$_id.customer_id", "first": {"$min": _MONTH}, "months": {"$addToSet": _MONTH}}},
        {"$unwind": "$months"},
        {
            "$group": {
                "_id": {"first": "$first", "since": {"$subtract": ["$months", "$first"]}},
                "customers": {"$sum": 1},
            }
        },
        {"$sort": {"_id.first": 1, "_id.since": 1}},
    ]

"""Cohorts: of those who first ordered in one month, how many ordered again so many months later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_MONTH: Final = {
    "$add": [{"$multiply": [12, {"$year": "$_id.day"}]}, {"$month": "$_id.day"}, -1]
}  # months since year 0


def cohort_pipeline(as_of: datetime) -> list[dict[str, Any]]:
    """Count customers by month of their first order and months since, one document each. Runs on `orders`.

    Only the whole months before `as_of`: half a month would look like customers lost.
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


def cohort_counts(documents: Iterable[dict[str, Any]], as_of: datetime) -> pd.DataFrame:
    """Return customers by first month ("2011-03") × months since, from the documents of `cohort_pipeline`.

    Column 0 is the cohort's size. A cell is 0 when nobody ordered, missing when its month is not over by `as_of`.
    Months without a new customer have no row; empty when no month is over.
    """
    found = {(row["_id"]["first"], row["_id"]["since"]): row["customers"] for row in documents}
    months = sorted({first for first, _ in found})
    if not months:
        return pd.DataFrame()
    newest = 12 * as_of.year + as_of.month - 2  # the last whole month
    counts = [
        [float(found.get((first, since), 0)) if first + since <= newest else np.nan for since in _upto(newest, months)]
        for first in months
    ]
    names = [f"{first // 12}-{first % 12 + 1:02}" for first in months]
    return pd.DataFrame(counts, index=pd.Index(names, name="first_month"), columns=_upto(newest, months))


def _upto(newest: int, months: list[int]) -> range:
    return range(newest - months[0] + 1)

"""The cohort table: of the customers who first ordered in one month, how many ordered again in each later month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def cohort_counts(documents: Iterable[dict[str, Any]], as_of: datetime) -> pd.DataFrame:
    """Return customers by first month ("2011-03") × months since, from the documents of `retention.features.cohorts`.

    Column 0 is the cohort's size. A cell is 0 when nobody ordered, missing when its month is not over by `as_of`.
    A month without new customers has no row; the table is empty when no month is over.
    """
    customers = {(row["_id"]["first"], row["_id"]["since"]): row["customers"] for row in documents}
    first_months = sorted({first for first, _ in customers})
    if not first_months:
        return pd.DataFrame()
    last_whole_month = 12 * as_of.year + as_of.month - 2
    months_since = range(last_whole_month - first_months[0] + 1)
    counts = [
        [
            float(customers.get((first, since), 0)) if first + since <= last_whole_month else np.nan
            for since in months_since
        ]
        for first in first_months
    ]
    names = [f"{first // 12}-{first % 12 + 1:02}" for first in first_months]
    return pd.DataFrame(counts, index=pd.Index(names, name="first_month"), columns=months_since)

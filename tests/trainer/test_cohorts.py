"""The cohort table: repeat customers by month, whole months only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from retention.features.cohorts import cohorts
from trainer.cohorts import cohort_counts

if TYPE_CHECKING:
    from pymongo.database import Database

AS_OF = datetime(2011, 12, 10, tzinfo=UTC)


def order(customer: int, day: datetime, kind: str = "order") -> dict[str, Any]:
    return {"_id": {"customer_id": customer, "invoice": f"{customer}-{day:%j}", "day": day, "kind": kind}}


def test_cohorts_count_repeat_customers_in_whole_months_only(database: Database[dict[str, Any]]) -> None:
    def day(month: int, of_month: int = 5, year: int = 2011) -> datetime:
        return datetime(year, month, of_month, tzinfo=UTC)

    database["orders"].insert_many(
        [
            *(order(1, day(12, year=2010)), order(1, day(1)), order(1, day(1, 6)), order(1, day(11))),
            *(order(2, day(12, year=2010)), order(2, day(2), "return")),
            *(order(3, day(10)), order(3, day(11)), order(3, day(12))),
            order(4, day(12)),
            order(5, day(9), "return"),
        ]
    )
    documents = database["orders"].aggregate(cohorts(AS_OF))
    counts = cohort_counts(documents, AS_OF)
    assert list(counts.index) == ["2010-12", "2011-10"]
    assert np.array_equal(counts.columns, range(12))
    first, last = counts.to_numpy()
    assert first.tolist() == [2, 1, *[0] * 9, 1]
    assert last[:2].tolist() == [1, 1]
    assert np.isnan(last[2:]).all()


def test_without_orders_there_are_no_cohorts() -> None:
    assert cohort_counts([], AS_OF).empty

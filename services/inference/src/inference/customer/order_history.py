"""A customer's orders and returns: one query, and the answer made from it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from retention.clock import DAY, rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inference.customer.responses import Orders
    from retention.features.pipelines import Pipeline

RECENT: Final = 10
MONTHS: Final = 12


def order_history_pipeline(customer_id: int, as_of: datetime) -> Pipeline:
    """Return the pipeline that gives one document about the orders and returns before `as_of`; runs on `orders`.

    `total` has counts and sums by kind, `months` the orders by month, `recent` the latest ones.
    """
    whose = {"_id.customer_id": customer_id, "_id.day": {"$lt": as_of}}
    since = {"_id.kind": "order", "_id.day": {"$gte": _month_start(as_of - DAY, back=MONTHS - 1)}}
    month = {"$dateToString": {"date": "$_id.day", "format": "%Y-%m"}}
    ends = {"first": {"$min": "$first_at"}, "last": {"$max": "$last_at"}}
    # The invoice breaks ties, so that the answer does not depend on the storage order.
    latest = {"_id.day": -1, "last_at": -1, "_id.invoice": -1, "_id.kind": 1}
    return [
        {"$match": whose},
        {"$project": {"products": 0, "returned_lines": 0}},  # up to a megabyte for a large customer
        {
            "$facet": {
                "total": [{"$group": {"_id": "$_id.kind", "n": {"$sum": 1}, "value": {"$sum": "$value"}, **ends}}],
                "months": [
                    {"$match": since},
                    {"$group": {"_id": month, "n": {"$sum": 1}, "value": {"$sum": "$value"}}},
                ],
                "recent": [{"$sort": latest}, {"$limit": RECENT}],
            }
        },
    ]


def order_history(found: Mapping[str, Any], as_of: datetime) -> Orders:
    """Return the result of `order_history_pipeline`, empty months included; KeyError without any order."""
    total = {each["_id"]: each for each in found["total"]}
    months = {each["_id"]: each for each in found["months"]}
    names = [f"{_month_start(as_of - DAY, back=back):%Y-%m}" for back in reversed(range(MONTHS))]
    ordered, returned = total["order"], total.get("return", {"n": 0, "value": 0.0})
    return {
        "first_order_at": rfc3339(ordered["first"]),
        "last_order_at": rfc3339(ordered["last"]),
        "orders": ordered["n"],
        "returns": returned["n"],
        "monetary": _money(ordered["value"]),
        "returned": _money(returned["value"]),
        "net_monetary": _money(ordered["value"] - returned["value"]),
        "by_month": [
            {"month": name, "orders": months[name]["n"], "value": _money(months[name]["value"])}
            if name in months
            else {"month": name, "orders": 0, "value": 0.0}
            for name in names
        ],
        "recent": [
            {
                "invoice": each["_id"]["invoice"],
                "day": f"{each['_id']['day']:%Y-%m-%d}",
                "kind": each["_id"]["kind"],
                "value": _money(each["value"]),
                "units": each["units"],
                "lines": each["lines"],
            }
            for each in found["recent"]
        ],
    }


def _month_start(instant: datetime, *, back: int) -> datetime:
    """Return the first day of the month that lies `back` months before `instant`, in its time zone."""
    months = 12 * instant.year + instant.month - 1 - back
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=instant.tzinfo)


def _money(value: float) -> float:
    # Rounded twice, like the features: a sum of half a cent, off by its last bit, would go up or down by chance.
    return round(round(float(value), 6), 2) + 0.0  # −0.0 becomes 0.0

"""What a customer ordered and returned: asked once, put into words that JSON has."""

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


def orders_pipeline(customer_id: int, as_of: datetime) -> Pipeline:
    """Return one document about the customer's orders and returns before `as_of`; runs on `orders`.

    `total` counts and adds them up by kind, `months` the orders by month, `recent` has the latest.
    """
    whose = {"_id.customer_id": customer_id, "_id.day": {"$lt": as_of}}
    since = {"_id.kind": "order", "_id.day": {"$gte": _month_start(as_of - DAY, back=MONTHS - 1)}}
    month = {"$dateToString": {"date": "$_id.day", "format": "%Y-%m"}}
    ends = {"first": {"$min": "$first_at"}, "last": {"$max": "$last_at"}}
    # Of days and instants that are equal the invoice decides, so that an answer does not depend on how they lie.
    latest = {"_id.day": -1, "last_at": -1, "_id.invoice": -1, "_id.kind": 1}
    return [
        {"$match": whose},
        {"$project": {"products": 0, "returned_lines": 0}},  # a large customer's are a megabyte
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


def orders_answer(found: Mapping[str, Any], as_of: datetime) -> Orders:
    """Return what `orders_pipeline` found, months without an order among the others; KeyError without any order."""
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
    """Return the first of the month so many months before that of `instant`, in its time zone."""
    months = 12 * instant.year + instant.month - 1 - back
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=instant.tzinfo)


def _money(value: float) -> float:
    # Twice, as the features are: a sum that is half a cent but for its last bit would go now up, now down.
    return round(round(float(value), 6), 2)

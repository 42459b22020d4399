"""The numbers of loads of whole orders: a higher one is later, and a line's `Load` is that of the load it stands in.

They are kept apart from `loads`, because the record of a request expires and an order's standing does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from retention.store.connection import Database


def take(database: Database, load_id: str, last_day: datetime, *, anew: bool = False) -> int:
    """Return the number of this load: that of its earlier run, or with `anew` or without an earlier run the next one.

    `last_day` is the last day that the load knows of: of a file the day of its last line, of a request today.
    """
    sequences, clock = database[schema.SEQUENCES], database[schema.CLOCK]
    known = None if anew else sequences.find_one({"load": load_id}, sort=[("_id", -1)])
    if known is not None:
        return int(known["_id"])
    counts = clock.find_one_and_update(
        {"_id": schema.REFRESH_ID}, {"$inc": {"sequence": 1}}, upsert=True, return_document=True
    )
    number = int((counts or {})["sequence"])
    sequences.insert_one({"_id": number, "load": load_id, "last_day": last_day})
    return number


def last_days(database: Database, numbers: Iterable[int]) -> dict[int, datetime]:
    """Return the last day of each of these loads, by number."""
    found = database[schema.SEQUENCES].find({"_id": {"$in": sorted(set(numbers))}})
    return {each["_id"]: each["last_day"] for each in found}

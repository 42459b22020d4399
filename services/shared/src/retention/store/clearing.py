"""Deletes everything for a load that replaces it; requests that post lines meanwhile are told to send them again.

`clearing` and `cleared` in the clock's document are equal unless everything is being deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retention.errors import UnavailableError
from retention.store import schema

if TYPE_CHECKING:
    from retention.store.connection import Database
    from retention.store.file_loads import FileLoads


def clear(database: Database, loads: FileLoads, load_id: str) -> None:
    """Delete everything but the record of this load: rows, derived documents, the records of other loads."""
    database[schema.CLOCK].update_one({"_id": schema.REFRESH_ID}, {"$inc": {"clearing": 1}}, upsert=True)
    loads.mark_stopped()  # after a kill halfway, no load may look finished
    for collection in (schema.INTENTS, *schema.COLLECTIONS):  # a line that is deleted must not come back by an intent
        if collection != schema.LOADS:
            database[collection].delete_many({"_id": {"$ne": schema.REFRESH_ID}})
    database[schema.CLOCK].update_one({"_id": schema.REFRESH_ID}, {"$unset": {"as_of": ""}})
    loads.forget_others(load_id)


def admit_requests(database: Database) -> None:
    """Accept posted lines again after everything was deleted."""
    cleared = [{"$set": {"cleared": "$clearing"}}]
    database[schema.CLOCK].update_one({"_id": schema.REFRESH_ID, "clearing": {"$gt": 0}}, cleared)


def times_cleared(database: Database, known: int | None = None) -> int:
    """Return how many times everything has been deleted.

    Raises UnavailableError during a deletion, or after one since `known` was returned.
    """
    counts = database[schema.CLOCK].find_one({"_id": schema.REFRESH_ID}) or {}
    clearing: int = counts.get("clearing", 0)
    if clearing != counts.get("cleared", 0) or known not in {None, clearing}:
        raise UnavailableError("everything is being deleted for another load: nothing was kept, send it again")
    return clearing

"""What the records of files and requests in `loads` share: which are active, what is not derived yet, how they end.

A record is `dirty` from its claim until all derived data contains its rows. Its writer renews `active_at`, by the
server's clock; a writer that is silent for SILENT_S seconds counts as dead, and others derive its rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Collection as Sized
    from collections.abc import Iterable, Mapping

    from retention.store.connection import Collection, Database
    from retention.store.ledger import Ledger

LOADING: Final = "loading"  # a file
POSTING: Final = "posting"  # a request; a file does not wait for it
FINISHED: Final = "finished"
STOPPED: Final = "stopped"
SILENT_S: Final = 15  # a request has 5; a file renews its record every 5

CLAIMED_NOW: Final = {"$currentDate": {"claimed_at": True, "active_at": True}}
SILENT: Final = {"$expr": {"$lt": ["$active_at", {"$subtract": ["$$NOW", SILENT_S * 1000]}]}}


class Loads:
    """The records in `loads`."""

    def __init__(self, database: Database) -> None:
        self._loads: Collection = database[schema.LOADS]

    def dirty(self, besides: str) -> list[Any]:
        """Return the ids of the other dirty records whose writer is gone."""
        gone = {"$or": [{"status": {"$nin": [LOADING, POSTING]}}, SILENT]}
        return [load["_id"] for load in self._loads.find({"_id": {"$ne": besides}, "dirty": True, **gone}, {"_id": 1})]

    def cleaned(self, load_ids: Sized[Any]) -> None:
        """Record that all derived data contains the rows of these loads."""
        if load_ids:
            self._loads.update_many({"_id": {"$in": list(load_ids)}}, {"$unset": {"dirty": ""}})

    def _finish(self, which: Mapping[str, Any], ledger: Ledger, ended: Mapping[str, Any], drop: Iterable[str]) -> bool:
        """Record the account, and that the derived data is up to date; return whether the record existed."""
        finished = {"status": FINISHED, **ended, **ledger.to_document()}
        change = {"$set": finished, "$unset": dict.fromkeys(["dirty", *drop], "")}
        return self._loads.update_one(which, change).matched_count > 0

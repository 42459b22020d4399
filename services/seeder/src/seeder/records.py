"""The records of loads: who is at work, how far they came, what was accounted for. One load at a time."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from retention.errors import LockedError, RetentionError
from retention.store import schema
from retention.store.driver_errors import driver_errors
from retention.store.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pymongo.collection import Collection

    from seeder.sources.source import Source

ACTIVE_S: Final = 15  # a load says three times as often that it is under way


class Records:
    """The records, one per input. `dirty`: its rows may not be in what is derived yet."""

    def __init__(self, collection: Collection[dict[str, Any]]) -> None:
        self._loads = collection

    def finished(self, load_id: str) -> dict[str, Any] | None:
        """Return the record of a finished load of the same content, if there is one."""
        return self._loads.find_one({"_id": load_id, "status": "finished"})

    def unfinished(self, load_id: str) -> list[str]:
        """Return what other files were not loaded to their end."""
        stopped = {
            "_id": {"$ne": load_id},
            "status": {"$ne": "finished"},
            "invented": False,
            "sha256": {"$exists": True},
        }
        return [load["description"] for load in self._loads.find(stopped)]

    def others_invented(self, load_id: str) -> set[bool]:
        """Return which kinds of other loads there are: {True} when all were invented, empty when there is none."""
        return set(self._loads.distinct("invented", {"_id": {"$ne": load_id}}))

    def of_another_scheme(self) -> bool:
        """Tell whether there are rows whose ids were made in another way: the same line would come in twice."""
        return self._loads.find_one({"id_scheme": {"$ne": schema.ID_SCHEME}}) is not None

    def dates(self, load_id: str) -> str | None:
        """Return the order in which an earlier run of this load read the dates; None when there was none."""
        record = self._loads.find_one({"_id": load_id}) or {}
        order: str | None = record.get("dates")
        return order

    def account(self, load_id: str) -> Ledger:
        """Return what an earlier run of this load has accounted for; an empty ledger when there was none."""
        record = self._loads.find_one({"_id": load_id, "ledger": {"$exists": True}})
        return Ledger.from_document(record["ledger"]) if record else Ledger()

    @contextmanager
    def claim(self, source: Source, at: datetime) -> Iterator[bool]:
        """Record that the load is under way, and that it still is, until it is not.

        Gives whether an earlier run of it left rows that may not be in what is derived. Raises LockedError when another
        load is under way. One that was killed stops counting after ACTIVE_S seconds.
        """
        claim = {"_id": source.load_id}
        record = {
            "status": "loading",
            "dirty": True,
            "name": source.name,
            "size": source.size,
            **({} if source.invented else {"sha256": source.load_id.removeprefix("sha256:")}),
            "description": source.description,
            "dates": source.dates.order,
            "invented": source.invented,
            "started_at": at,
            "id_scheme": schema.ID_SCHEME,
        }
        times = {"claimed_at": True, "active_at": True}  # the server's clock: one for all
        before = self._loads.find_one_and_update(claim, {"$set": record, "$currentDate": times}, upsert=True)
        now = self._loads.find_one(claim, {"active_at": 1, "claimed_at": 1}) or {}
        active = {"status": "loading", "active_at": {"$gt": now["active_at"] - timedelta(seconds=ACTIVE_S)}}
        other = self._loads.find_one({**active, "_id": {"$ne": source.load_id}}, sort=[("claimed_at", 1)])
        if other and (other["claimed_at"], other["_id"]) < (now["claimed_at"], source.load_id):
            self._loads.replace_one(claim, before) if before else self._loads.delete_one(claim)
            raise LockedError(f"another load is under way ({other['description']}): try again when it is done")
        with self._beating(claim):
            yield bool(before and before.get("dirty"))

    @contextmanager
    def _beating(self, claim: dict[str, str]) -> Iterator[None]:
        done = threading.Event()

        def beat() -> None:
            while not done.wait(ACTIVE_S / 3):
                with (
                    suppress(RetentionError),
                    driver_errors(),
                ):  # the next one may get through; the load itself will say
                    self._loads.update_one(claim, {"$currentDate": {"active_at": True}})

        thread = threading.Thread(target=beat, name="still-loading")
        thread.start()
        try:
            yield
        except BaseException:
            with suppress(RetentionError), driver_errors():
                self._loads.update_one({**claim, "status": "loading"}, {"$set": {"status": "stopped"}})
            raise
        finally:
            done.set()
            thread.join()

    def checkpoint(self, load_id: str, ledger: Ledger) -> None:
        """Record how far the load came. Its rows are journaled, so a kill costs at most what came since."""
        self._loads.update_one({"_id": load_id}, {"$set": {"ledger": ledger.to_document()}})

    def finish(self, load_id: str, ledger: Ledger, at: datetime) -> None:
        """Record that a load is complete and everything derived is fresh."""
        finished = {"status": "finished", "finished_at": at, **ledger.to_document()}
        change = {"$set": finished, "$unset": {"ledger": "", "dirty": ""}}
        if not self._loads.update_one({"_id": load_id}, change).matched_count:
            raise LockedError("another load took over while this one was not heard of: run the same command again")

    def forget(self, load_id: str) -> None:
        """Delete the record of a load that brought nothing."""
        self._loads.delete_one({"_id": load_id})

    def forget_others(self, load_id: str) -> None:
        """Delete all other records, and what this load has accounted for: the rows are gone."""
        self._loads.update_one({"_id": load_id}, {"$unset": {"ledger": ""}})
        self._loads.delete_many({"_id": {"$ne": load_id}})

    def mark_stopped(self) -> None:
        """Record that none is whole any more, before rows are deleted."""
        self._loads.update_many({}, {"$set": {"status": "stopped", "dirty": True}})

    def dirty(self, load_id: str) -> list[Any]:
        """Return the ids of other records whose rows may not be in what is derived, their writers being gone."""
        silent = {"$lt": ["$active_at", {"$subtract": ["$$NOW", ACTIVE_S * 1000]}]}
        gone = {"$expr": {"$or": [{"$not": {"$in": ["$status", ["loading", "posting"]]}}, silent]}}
        return [load["_id"] for load in self._loads.find({"_id": {"$ne": load_id}, "dirty": True, **gone}, {"_id": 1})]

    def cleaned(self, load_ids: list[Any]) -> None:
        """Record that the rows of these loads are in what is derived."""
        if load_ids:
            self._loads.update_many({"_id": {"$in": load_ids}}, {"$unset": {"dirty": ""}})

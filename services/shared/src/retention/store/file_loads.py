"""The records of files and invented shops: which load is running, and its account so far. One load runs at a time."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from retention.errors import LockedError, RetentionError
from retention.store import schema
from retention.store.driver_errors import driver_errors
from retention.store.ledger import Ledger
from retention.store.loads import CLAIMED_NOW, FINISHED, LOADING, SILENT_S, STOPPED, Loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


class File(NamedTuple):
    """The input of a load, as its record describes it."""

    load_id: str
    name: str
    size: int
    description: str
    dates: str
    invented: bool

    def to_document(self) -> dict[str, Any]:
        """Return the fields stored in `loads`."""
        content = {} if self.invented else {"sha256": self.load_id.removeprefix("sha256:")}
        return {name: value for name, value in self._asdict().items() if name != "load_id"} | content


class FileLoads(Loads):
    """The records, one per input."""

    def finished(self, load_id: str) -> dict[str, Any] | None:
        """Return the record of a finished load of the same content, if there is one."""
        return self._loads.find_one({"_id": load_id, "status": FINISHED})

    def unfinished(self, besides: str) -> list[str]:
        """Return the descriptions of other files whose load is unfinished."""
        stopped = {"_id": {"$ne": besides}, "status": {"$ne": FINISHED}, "invented": False, "sha256": {"$exists": True}}
        return [load["description"] for load in self._loads.find(stopped)]

    def others_invented(self, load_id: str) -> set[bool]:
        """Return the `invented` values of the other loads: {True} when all are invented, empty without others."""
        return set(self._loads.distinct("invented", {"_id": {"$ne": load_id}}))

    def of_another_scheme(self) -> bool:
        """Return whether stored rows have ids made in another way: the same line would be inserted twice."""
        return self._loads.find_one({"id_scheme": {"$ne": schema.ID_SCHEME}}) is not None

    def dates(self, load_id: str) -> str | None:
        """Return the date order that an earlier run of this load used; None without an earlier run."""
        record = self._loads.find_one({"_id": load_id}) or {}
        order: str | None = record.get("dates")
        return order

    def account(self, load_id: str) -> Ledger:
        """Return the account of an earlier run of this load; an empty ledger without one."""
        record = self._loads.find_one({"_id": load_id, "ledger": {"$exists": True}})
        return Ledger.from_document(record["ledger"]) if record else Ledger()

    def look(self, load_id: str, before: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return what another run of this load found before its first insert; None without one.

        That run is unfinished, or ended since the claim that found the record `before`.
        """
        record = self._loads.find_one({"_id": load_id, "look": {"$exists": True}}) or {}
        ended = record.get("finished_at")
        found: dict[str, Any] | None = record.get("look")
        return found if ended is None or ended != (before or {}).get("finished_at") else None

    def begin(self, load_id: str, look: Mapping[str, Any]) -> None:
        """Record what was found, before the first insert: from now on another run resumes this one."""
        self._loads.update_one({"_id": load_id}, {"$set": {"look": look}, "$unset": {"finished_at": "", "ledger": ""}})

    @contextmanager
    def claim(self, file: File, at: datetime) -> Iterator[Mapping[str, Any] | None]:
        """Record that the load is under way, and renew the record inside the context.

        Yields the record of an earlier run, None without one. Raises LockedError when another load is under way; a load
        that was killed counts for SILENT_S seconds.
        """
        claim = {"_id": file.load_id}
        record = {
            "status": LOADING,
            "dirty": True,
            **file.to_document(),
            "started_at": at,
            "id_scheme": schema.ID_SCHEME,
        }
        before = self._loads.find_one_and_update(claim, {"$set": record, **CLAIMED_NOW}, upsert=True)
        now = self._loads.find_one(claim, {"active_at": 1, "claimed_at": 1}) or {}
        active = {"status": LOADING, "active_at": {"$gt": now["active_at"] - timedelta(seconds=SILENT_S)}}
        other = self._loads.find_one({**active, "_id": {"$ne": file.load_id}}, sort=[("claimed_at", 1)])
        if other and (other["claimed_at"], other["_id"]) < (now["claimed_at"], file.load_id):
            self.release(file.load_id, before)
            raise LockedError(f"another load is under way ({other['description']}): try again when it is done")
        with self._beating(claim):
            yield before

    @contextmanager
    def _beating(self, claim: dict[str, str]) -> Iterator[None]:
        done = threading.Event()

        def beat() -> None:
            while not done.wait(SILENT_S / 3):
                # The next beat may succeed; the load itself reports the error.
                with suppress(RetentionError), driver_errors():
                    self._loads.update_one(claim, {"$currentDate": {"active_at": True}})

        thread = threading.Thread(target=beat, name="still-loading")
        thread.start()
        try:
            yield
        except BaseException:
            with suppress(RetentionError), driver_errors():
                self._loads.update_one({**claim, "status": LOADING}, {"$set": {"status": STOPPED}})
            raise
        finally:
            done.set()
            thread.join()

    def checkpoint(self, load_id: str, ledger: Ledger) -> None:
        """Record the account so far. Its rows are journaled, so a kill costs at most the rows since."""
        self._loads.update_one({"_id": load_id}, {"$set": {"ledger": ledger.to_document()}})

    def finish(self, load_id: str, ledger: Ledger, at: datetime) -> None:
        """Record that the load is complete and the derived data up to date."""
        if not self._finish({"_id": load_id}, ledger, {"finished_at": at}, drop=["ledger"]):
            raise LockedError("another load took over while this one was silent: run the same command again")

    def forget(self, load_id: str) -> None:
        """Delete the record of a load that inserted nothing."""
        self._loads.delete_one({"_id": load_id})

    def release(self, load_id: str, before: Mapping[str, Any] | None) -> None:
        """Put a record back as it was before a claim that wrote nothing, unless another run of the load writes."""
        if self.look(load_id, before) is not None and "look" not in (before or {}):
            return
        self._loads.replace_one({"_id": load_id}, before) if before else self.forget(load_id)

    def forget_others(self, load_id: str) -> None:
        """Delete all other records, and the account of this load: the rows are gone."""
        self._loads.update_one({"_id": load_id}, {"$unset": {"ledger": ""}})
        self._loads.delete_many({"_id": {"$ne": load_id}})

    def mark_stopped(self) -> None:
        """Mark every load as stopped, before rows are deleted."""
        self._loads.update_many({}, {"$set": {"status": STOPPED, "dirty": True}})

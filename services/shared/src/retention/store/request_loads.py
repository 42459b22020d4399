"""The records of requests, in `loads` beside those of files: which are running, what they touched, their answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from retention.store import schema
from retention.store.loads import CLAIMED_NOW, FINISHED, POSTING, SILENT, STOPPED, Loads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from retention.features.pipelines import Touched
    from retention.store.connection import Database
    from retention.store.ledger import Ledger

REQUEST_PREFIX: Final = "request:"
KEPT: Final = timedelta(days=30)
MAX_HEALED: Final = 100  # at once: their customers are held in memory

_AFTER_REQUESTS: Final = REQUEST_PREFIX[:-1] + ";"
REQUESTS: Final = {"$gte": REQUEST_PREFIX, "$lt": _AFTER_REQUESTS}
# Two ranges of _id: finds a handful of files among any number of requests.
_FILES: Final = {"$or": [{"_id": {"$lt": REQUEST_PREFIX}}, {"_id": {"$gte": _AFTER_REQUESTS}}]}
_WHILE_AT_WORK: Final = ("dirty", "touched", "claimed_by")


class Request(NamedTuple):
    """A request, as its record describes it."""

    load_id: str
    body_sha256: str
    size: int  # bytes
    line_count: int
    at: datetime

    def to_document(self) -> dict[str, Any]:
        """Return the fields stored in `loads`."""
        return {
            "name": "POST /transactions",
            "size": self.size,
            "description": f"POST /transactions: {self.line_count:,} lines",
            "started_at": self.at,
            "id_scheme": schema.ID_SCHEME,
            "body_sha256": self.body_sha256,
        }


class RequestLoads(Loads):
    """The records, one per request; `process` names this process, which knows which of its requests are running."""

    def __init__(self, database: Database, process: str) -> None:
        super().__init__(database)
        self._process = process
        self._ids_are_ours = False  # of the requests: once true, it stays true

    def beside_invented(self) -> bool | None:
        """Return whether the stored shop is invented: a real file will replace it, posted lines included.

        None when stored rows have ids made in another way: the same line would be inserted twice.
        """
        files = list(self._loads.find(_FILES, {"invented": 1, "id_scheme": 1}))
        if not self._ids_are_ours:
            other = {"_id": REQUESTS, "id_scheme": {"$ne": schema.ID_SCHEME}}
            self._ids_are_ours = self._loads.find_one(other, {"_id": 1}) is None
        if not self._ids_are_ours or any(load.get("id_scheme") != schema.ID_SCHEME for load in files):
            return None
        return any(load.get("invented") for load in files)

    def claim(self, request: Request, *, touched: Touched, duplicate: int, invented: bool) -> Mapping[str, Any] | None:
        """Return the request's record: claimed by us, or with `answer` when it is finished.

        It keeps the `duplicate` of the first attempt, whose own lines do not count as duplicates. None while another
        attempt is running. A record with another `body_sha256` belongs to another request with the same
        id, and is returned unclaimed.
        """
        claimed = {
            "$set": {
                "status": POSTING,
                "dirty": True,
                "touched": [list(pair) for pair in sorted(touched)],
                "claimed_by": self._process,
            },
            # A stopped --drop may have deleted the rows of a finished request.
            "$unset": dict.fromkeys(["expires_at", "finished_at", "answer"], ""),
            **CLAIMED_NOW,
        }
        first = {**request.to_document(), "invented": invented, "duplicate": duplicate}
        try:
            change = {**claimed, "$setOnInsert": first}
            record = self._claim({"status": {"$exists": False}}, request, change, new=True)
        except DuplicateKeyError:
            record = None
        return record or self._claim_again(request, claimed)

    def _claim_again(self, request: Request, claimed: dict[str, Any]) -> Mapping[str, Any] | None:
        gone = [{"status": {"$nin": [POSTING, FINISHED]}}, {"status": POSTING, "claimed_by": self._process}]
        free = {"$or": [*gone, {"status": POSTING, **SILENT}], "body_sha256": request.body_sha256}
        taken = self._claim(free, request, claimed, new=False)
        if taken is not None:
            return taken
        record = self._loads.find_one({"_id": request.load_id})
        settled = record and (record["body_sha256"] != request.body_sha256 or record["status"] == FINISHED)
        return record if settled else None

    def _claim(
        self, which: dict[str, Any], request: Request, change: dict[str, Any], *, new: bool
    ) -> dict[str, Any] | None:
        record: dict[str, Any] | None = self._loads.find_one_and_update(
            {"_id": request.load_id, **which}, change, upsert=new, return_document=ReturnDocument.AFTER
        )
        return record

    def finish(self, request: Request, ledger: Ledger, answer: Mapping[str, Any]) -> bool:
        """Record the answer, and that the derived data is up to date; return whether the record still existed.

        It is gone if a load deleted everything during the request: some of the request's rows may be gone, too.
        """
        ended: dict[str, Any] = {"expires_at": request.at + KEPT, "answer": answer}
        if ledger.inserted:  # without new lines the data is no fresher
            ended["finished_at"] = request.at
        which = {"_id": request.load_id, "status": POSTING}
        return self._finish(which, ledger, ended, drop=[*_WHILE_AT_WORK, "duplicate"])

    def died(self, besides: Sequence[str]) -> list[dict[str, Any]]:
        """Return at most MAX_HEALED dirty records of requests whose process is gone, except `besides`."""
        gone = {"$or": [{"status": {"$ne": POSTING}}, SILENT]}
        which = {"_id": {**REQUESTS, "$nin": besides}, "dirty": True, "touched": {"$exists": True}, **gone}
        return list(self._loads.find(which).limit(MAX_HEALED))

    def healed(self, record: Mapping[str, Any]) -> None:
        """Record that all derived data contains a request's rows, unless it was claimed again meanwhile."""
        same = {"_id": record["_id"], "claimed_at": record["claimed_at"]}
        kept = {"status": STOPPED, "expires_at": record["started_at"] + KEPT}  # the client was not answered
        self._loads.update_one(same, {"$set": kept, "$unset": dict.fromkeys(_WHILE_AT_WORK, "")})

    @staticmethod
    def touched(record: Mapping[str, Any]) -> set[tuple[int, str]]:
        """Return the customers and invoices that a request touched, by its record."""
        return {(customer_id, invoice) for customer_id, invoice in record["touched"]}

"""The records of requests, in `loads` beside those of files: who is at work, what was touched, what was answered."""

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
_REQUESTS: Final = {"$gte": REQUEST_PREFIX, "$lt": _AFTER_REQUESTS}
# Two ranges of _id: a handful of files are found among any number of requests.
_FILES: Final = {"$or": [{"_id": {"$lt": REQUEST_PREFIX}}, {"_id": {"$gte": _AFTER_REQUESTS}}]}
_WHILE_AT_WORK: Final = ("dirty", "touched", "claimed_by")


class Request(NamedTuple):
    """What the record of a request says of it."""

    load_id: str
    body_sha256: str
    size: int  # bytes
    line_count: int
    at: datetime

    def to_document(self) -> dict[str, Any]:
        """Return it as it stands in `loads`."""
        return {
            "name": "POST /transactions",
            "size": self.size,
            "description": f"POST /transactions: {self.line_count:,} lines",
            "started_at": self.at,
            "id_scheme": schema.ID_SCHEME,
            "body_sha256": self.body_sha256,
        }


class RequestLoads(Loads):
    """The records, one per request; `process` names ours, of whose requests we know which are at work."""

    def __init__(self, database: Database, process: str) -> None:
        super().__init__(database)
        self._process = process
        self._ids_are_ours = False  # of the requests: once seen, they stay so

    def beside_invented(self) -> bool | None:
        """Tell whether the shop that is there is invented: a real file will replace it, requests and all.

        None when rows are stored whose ids were made in another way: the same line would come in twice.
        """
        files = list(self._loads.find(_FILES, {"invented": 1, "id_scheme": 1}))
        if not self._ids_are_ours:
            other = {"_id": _REQUESTS, "id_scheme": {"$ne": schema.ID_SCHEME}}
            self._ids_are_ours = self._loads.find_one(other, {"_id": 1}) is None
        if not self._ids_are_ours or any(load.get("id_scheme") != schema.ID_SCHEME for load in files):
            return None
        return any(load.get("invented") for load in files)

    def claim(self, request: Request, *, touched: Touched, duplicate: int, invented: bool) -> Mapping[str, Any] | None:
        """Return the request's record: ours to work on from now on, or with `answer` when it is finished.

        Its `duplicate` is the number that its first attempt was told: what that one inserted is not counted as there
        before. None while another attempt is at work; another `body_sha256` is of another request with the same id,
        and is not claimed.
        """
        claimed = {
            "$set": {
                "status": POSTING,
                "dirty": True,
                "touched": [list(pair) for pair in sorted(touched)],
                "claimed_by": self._process,
            },
            # A stopped --drop may have deleted the rows of a finished one.
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
        """Record that everything derived is fresh, and the answer; return whether the record was still there.

        It is not when a load deletes everything while the request is at work: some of its rows may be gone.
        """
        ended: dict[str, Any] = {"expires_at": request.at + KEPT, "answer": answer}
        if ledger.inserted:  # lines that brought nothing make no data fresh
            ended["finished_at"] = request.at
        which = {"_id": request.load_id, "status": POSTING}
        return self._finish(which, ledger, ended, drop=[*_WHILE_AT_WORK, "duplicate"])

    def died(self, besides: Sequence[str]) -> list[dict[str, Any]]:
        """Return at most MAX_HEALED dirty records of requests whose process is gone, without those of `besides`."""
        gone = {"$or": [{"status": {"$ne": POSTING}}, SILENT]}
        which = {"_id": {**_REQUESTS, "$nin": besides}, "dirty": True, "touched": {"$exists": True}, **gone}
        return list(self._loads.find(which).limit(MAX_HEALED))

    def healed(self, record: Mapping[str, Any]) -> None:
        """Record that everything derived contains a request's rows, unless it was claimed again meanwhile."""
        same = {"_id": record["_id"], "claimed_at": record["claimed_at"]}
        kept = {"status": STOPPED, "expires_at": record["started_at"] + KEPT}  # the client was not answered
        self._loads.update_one(same, {"$set": kept, "$unset": dict.fromkeys(_WHILE_AT_WORK, "")})

    @staticmethod
    def touched(record: Mapping[str, Any]) -> set[tuple[int, str]]:
        """Return the customers and invoices that a record says were touched."""
        return {(customer_id, invoice) for customer_id, invoice in record["touched"]}

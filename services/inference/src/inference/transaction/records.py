"""The records of requests, in `loads` beside those of files: who is at work, what was touched, what was answered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from inference.errors import InProgressError, KeyReusedError, OtherIdsError
from inference.transaction.posts import LOAD_PREFIX
from retention.errors import UnavailableError
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Collection as Sized
    from collections.abc import Mapping, Sequence

    from inference.database.connection import Collection
    from inference.transaction.posts import Post
    from inference.transaction.responses import Ingested
    from retention.features.pipelines import Touched
    from retention.store.ledger import Ledger

POSTING: Final = "posting"  # not "loading": a file need not wait for a request
FINISHED: Final = "finished"
STOPPED: Final = "stopped"  # what it brought is derived; the client was not told
SILENT_S: Final = 15  # a request has 5; who is silent for longer has died
KEPT: Final = timedelta(days=30)
MAX_HEALED: Final = 100  # at once: their customers are held in memory

_AFTER_REQUESTS: Final = LOAD_PREFIX[:-1] + ";"
_REQUESTS: Final = {"$gte": LOAD_PREFIX, "$lt": _AFTER_REQUESTS}
# Two ranges of _id: a handful of files are found among any number of requests.
_FILES: Final = {"$or": [{"_id": {"$lt": LOAD_PREFIX}}, {"_id": {"$gte": _AFTER_REQUESTS}}]}
_SILENT: Final = {"$expr": {"$lt": ["$active_at", {"$subtract": ["$$NOW", SILENT_S * 1000]}]}}
_WHILE_AT_WORK: Final = {"dirty": "", "touched": "", "claimed_by": ""}


class Records:
    """The records, one per request. `dirty`: its rows may not be in what is derived yet."""

    def __init__(self, loads: Collection, process: str) -> None:
        self._loads = loads
        self._process = process  # of our own requests we know which are at work
        self._ids_are_ours = False  # of the requests: once seen, they stay so

    async def are_beside_invented(self) -> bool:
        """Tell whether the shop that is there is invented, so that a real file will replace it, requests and all.

        Raises OtherIdsError when rows are stored whose ids were made in another way.
        """
        files: list[dict[str, Any]] = await self._loads.find(_FILES, {"invented": 1, "id_scheme": 1}).to_list(None)
        other = {"_id": _REQUESTS, "id_scheme": {"$ne": schema.ID_SCHEME}}
        if not self._ids_are_ours:
            self._ids_are_ours = await self._loads.find_one(other, {"_id": 1}) is None
        if not self._ids_are_ours or any(load.get("id_scheme") != schema.ID_SCHEME for load in files):
            raise OtherIdsError("the stored lines have ids of another version")
        return any(load.get("invented") for load in files)

    async def claim(self, post: Post, *, touched: Touched, duplicate: int, invented: bool) -> Mapping[str, Any]:
        """Return the request's record: ours to work on from now on, or, with `answer`, of one that is finished.

        Its `duplicate` is the number that its first attempt was told: what that one inserted is not counted as there
        before. Raises InProgressError while another one is at work, KeyReusedError when it had another body.
        """
        claimed = {
            "$set": {
                "status": POSTING,
                "dirty": True,
                "touched": [list(pair) for pair in sorted(touched)],
                "claimed_by": self._process,
            },
            # Of one whose rows a stopped --drop may have deleted.
            "$unset": {"expires_at": "", "finished_at": "", "answer": ""},
            "$currentDate": {"claimed_at": True, "active_at": True},  # the server's clock: one for all
        }
        first = {
            "name": "POST /transactions",
            "size": post.size,
            "description": f"POST /transactions: {post.line_count:,} lines",
            "invented": invented,
            "started_at": post.at,
            "id_scheme": schema.ID_SCHEME,
            "body_sha256": post.body_sha256,
            "duplicate": duplicate,
        }
        try:
            change = {**claimed, "$setOnInsert": first}
            record = await self._claim({"status": {"$exists": False}}, post, change, new=True)
        except DuplicateKeyError:
            record = None
        return record or await self._claim_again(post, claimed)

    async def _claim_again(self, post: Post, claimed: dict[str, Any]) -> Mapping[str, Any]:
        gone = [{"status": {"$nin": [POSTING, FINISHED]}}, {"status": POSTING, "claimed_by": self._process}]
        free = {"$or": [*gone, {"status": POSTING, **_SILENT}], "body_sha256": post.body_sha256}
        taken = await self._claim(free, post, claimed, new=False)
        if taken is not None:
            return taken
        record: dict[str, Any] | None = await self._loads.find_one({"_id": post.load_id})
        if record and record["body_sha256"] != post.body_sha256:
            raise KeyReusedError("the same key with another body")
        if record and record["status"] == FINISHED:
            return record
        raise InProgressError("the first request with this key is under way")

    async def _claim(
        self, which: dict[str, Any], post: Post, change: dict[str, Any], *, new: bool
    ) -> dict[str, Any] | None:
        record: dict[str, Any] | None = await self._loads.find_one_and_update(
            {"_id": post.load_id, **which}, change, upsert=new, return_document=ReturnDocument.AFTER
        )
        return record

    async def finish(self, post: Post, account: Ledger, answer: Ingested) -> None:
        """Record that everything derived is fresh, and the answer; UnavailableError when the record was taken away.

        That happens when a load deletes everything while the request is at work: some of its rows may be gone.
        """
        kept = {"status": FINISHED, "expires_at": post.at + KEPT, "answer": answer}
        fresh = {"finished_at": post.at} if account.inserted else {}  # lines that brought nothing make no data fresh
        change = {"$set": {**kept, **fresh, **account.to_document()}, "$unset": {**_WHILE_AT_WORK, "duplicate": ""}}
        if not (await self._loads.update_one({"_id": post.load_id, "status": POSTING}, change)).matched_count:
            raise UnavailableError("the data was replaced meanwhile")

    async def died(self, besides: Sequence[str]) -> list[dict[str, Any]]:
        """Return the records of requests whose rows may not be in what is derived, their process being gone.

        At most MAX_HEALED, and none of those `besides`.
        """
        gone = {"$or": [{"status": {"$ne": POSTING}}, _SILENT]}
        found = self._loads.find(
            {"_id": {**_REQUESTS, "$nin": besides}, "dirty": True, "touched": {"$exists": True}, **gone}
        )
        records: list[dict[str, Any]] = await found.limit(MAX_HEALED).to_list(None)
        return records

    async def healed(self, record: Mapping[str, Any]) -> None:
        """Record that what a request brought is derived, unless it was claimed again meanwhile."""
        same = {"_id": record["_id"], "claimed_at": record["claimed_at"]}
        kept = {"status": STOPPED, "expires_at": record["started_at"] + KEPT}
        await self._loads.update_one(same, {"$set": kept, "$unset": _WHILE_AT_WORK})

    @staticmethod
    def touched(record: Mapping[str, Any]) -> Sized[tuple[int, str]]:
        """Return what a record says was touched."""
        return {(customer_id, invoice) for customer_id, invoice in record["touched"]}

"""Where posted lines go: into the database, accounted for, and into everything that is derived from them."""

from __future__ import annotations

import asyncio
import logging
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

import pymongo
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError, OperationFailure

from inference.transaction import posts
from inference.transaction.derived import refresh
from inference.transaction.posts import InProgressError, NotDerivableError, NotStoredError, Post, Reply
from inference.transaction.records import KEPT, Records
from retention.errors import RetentionError, UnavailableError
from retention.lines.documents import line_id
from retention.store import schema
from retention.store.driver_errors import DUPLICATE_KEY, refused_as

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inference.database.connection import Connection

logger = logging.getLogger(__name__)

TIMEOUT_MS: Final = 5_000  # for a request, the wait for its turn included; 1,000 lines take 0.2 s
AT_WORK: Final = 4  # requests at once: each holds one of the driver's threads, five per processor
HEAL_EVERY_S: Final = 15
JOURNALED: Final = pymongo.WriteConcern(w=1, j=True)


class Transactions(Protocol):
    """What the API does with posted lines. Raises UnavailableError when it is not done within TIMEOUT_MS."""

    async def add(self, post: Post) -> Reply:
        """Return the account of the request's lines when every customer they touch is fresh.

        The same request again finishes what was begun, or gets the answer that was given. Raises KeyReusedError,
        InProgressError, OtherIdsError, NotStoredError, NotDerivableError.
        """

    async def keep_healing(self) -> None:
        """Finish, until cancelled, what requests left undone whose process died."""


class MongoTransactions:
    """Transactions in MongoDB, beside other writers. Building it connects to nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._db = connection.database.with_options(write_concern=JOURNALED)
        self._records = Records(self._db[schema.LOADS], process=uuid.uuid4().hex)
        self._turns = asyncio.Semaphore(AT_WORK)
        self._at_work: set[str] = set()
        self._not_healed: set[str] = set()

    async def add(self, post: Post) -> Reply:
        """Do it within one deadline, in turn; a server that is away is told so at once."""
        with self._marked(post.load_id):
            await self._connection.ping()
            async with self._connection.asking(TIMEOUT_MS), self._turns:
                try:
                    return await self._add(post)
                except (NotStoredError, NotDerivableError) as error:
                    logger.warning("the database refuses a request", extra=_reason(post.load_id, error))
                    raise

    async def _add(self, post: Post) -> Reply:
        clearing = await self._clearing(None)
        invented = await self._records.are_beside_invented()
        missing, touched = await self._missing(post.documents), _touched(post.documents)
        there = len(post.documents) - len(missing)
        # Before the first row: should we die after it, the record says what to derive again.
        record = await self._records.claim(post, touched=touched, duplicate=there, invented=invented)
        if "answer" in record:
            return Reply(record["answer"], replayed=True)
        with refused_as(NotStoredError):
            await self._put_aside(post)
            taken = await self._insert(missing)
        with refused_as(NotDerivableError):
            refreshed = await refresh(self._db, touched)
        account = posts.ledger(post, duplicate=record.get("duplicate", there) + taken)
        answer = posts.answer(post, account, refreshed)
        await self._clearing(clearing)
        await self._records.finish(post, account, answer)
        return Reply(answer, replayed=False, touched={customer_id for customer_id, _ in touched})

    async def _clearing(self, known: int | None) -> int:
        """Return how often everything was deleted; UnavailableError while it is, or was since `known` was returned."""
        counts = await self._db[schema.CLOCK].find_one({"_id": schema.REFRESH_ID}) or {}
        clearing: int = counts.get("clearing", 0)
        if clearing != counts.get("cleared", 0) or known not in {None, clearing}:
            raise UnavailableError("everything is being deleted for another load: nothing was kept, send it again")
        return clearing

    async def _missing(self, documents: Sequence[bytes]) -> list[bytes]:
        # Asking first is 20 times faster than having the server report duplicates one by one.
        ids = [ObjectId(line_id(document)) for document in documents]
        found = self._db[schema.TRANSACTIONS].find({"_id": {"$in": ids}}, {"_id": 1})
        there = {known["_id"].binary for known in await found.to_list(None)}
        return [document for document in documents if line_id(document) not in there]

    async def _insert(self, documents: Sequence[bytes]) -> int:
        """Insert, and return how many another writer had inserted at the same moment."""
        if not documents:
            return 0
        # The command itself: insert_many would decode every document to see whether it has an id.
        answer = await self._db.command(
            "insert",
            schema.TRANSACTIONS,
            documents=[RawBSONDocument(document) for document in documents],
            ordered=False,
            writeConcern=JOURNALED.document,
        )
        return _duplicates([*answer.get("writeErrors", []), *filter(None, [answer.get("writeConcernError")])])

    async def _put_aside(self, post: Post) -> None:
        """Keep the rows that cannot be understood, once however often the request comes."""
        if not post.rejected:
            return
        rows: list[dict[str, Any]] = [
            {"_id": {"load": post.load_id, "row": row}, **rejection._asdict(), "expires_at": post.at + KEPT}
            for row, rejection in post.rejected
        ]
        try:
            await self._db[schema.QUARANTINE].insert_many(rows, ordered=False)
        except BulkWriteError as error:
            _duplicates([*error.details["writeErrors"], *error.details["writeConcernErrors"]])

    async def keep_healing(self) -> None:
        """Look at once, then every HEAL_EVERY_S seconds: one that died lately is not silent for long enough yet."""
        while True:
            try:
                await self._heal()
            except UnavailableError:
                pass  # logged; the next look may get through
            except Exception:  # healing must not end
                logger.exception("unexpected error while finishing what requests left undone")
            await asyncio.sleep(HEAL_EVERY_S)

    async def _heal(self) -> None:
        tried: list[str] = []
        while died := await self._died(besides=tried):
            for record in died:
                tried.append(record["_id"])
                try:
                    await self._heal_one(record)
                except RetentionError as error:  # the others need not wait for this one
                    self._log_once(record["_id"], error)

    async def _died(self, besides: Sequence[str]) -> list[dict[str, Any]]:
        async with self._connection.asking():
            return await self._records.died(besides)

    async def _heal_one(self, record: dict[str, Any]) -> None:
        async with self._connection.asking(TIMEOUT_MS), self._turns:
            with refused_as(NotDerivableError):
                await refresh(self._db, self._records.touched(record))
            await self._records.healed(record)
        self._not_healed.discard(record["_id"])
        logger.info("finished what a request left undone")

    def _log_once(self, load_id: str, error: RetentionError) -> None:
        if load_id not in self._not_healed:
            self._not_healed.add(load_id)
            logger.warning("what a request left undone cannot be finished yet", extra=_reason(load_id, error))

    @contextmanager
    def _marked(self, load_id: str) -> Iterator[None]:
        if load_id in self._at_work:
            raise InProgressError("the first request with this key is under way")
        self._at_work.add(load_id)
        try:
            yield
        finally:
            self._at_work.discard(load_id)


def _reason(load_id: str, error: RetentionError) -> dict[str, str]:
    return {"load_id": load_id, "reason": f"{type(error).__name__}: {error}"}


def _touched(documents: Sequence[bytes]) -> set[tuple[int, str]]:
    """Return the customers and invoices of these lines, also of those that are there: a retry heals."""
    lines = map(RawBSONDocument, documents)
    return {(line["CustomerID"], line["InvoiceNo"]) for line in lines if "CustomerID" in line}


def _duplicates(failures: Sequence[dict[str, Any]]) -> int:
    """Return how many of the failures say that the document is there; OperationFailure for any other."""
    others = [failure for failure in failures if failure["code"] != DUPLICATE_KEY]
    if others:
        raise OperationFailure(others[0]["errmsg"], others[0]["code"])
    return len(failures)

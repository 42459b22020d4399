"""The seeder's side of the database: what goes into it and what comes out of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pymongo
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from retention.errors import CannotWriteError
from retention.lines.documents import line_id
from retention.store import schema
from seeder.connection import UNAUTHORIZED, open_database, wait_until_it_answers, went_away
from seeder.derived import Refreshed, is_outdated, refresh
from seeder.quarantine_count import QuarantineCount
from seeder.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pymongo.collection import Collection
    from pymongo.database import Database

    from retention.lines.rules import Rejection
    from retention.store.ledger import Ledger

T = TypeVar("T")

DUPLICATE_KEY: Final = 11000
JOURNALED: Final = pymongo.WriteConcern(w=1, j=True)  # 25 of 25 kills of the server lost rows without `j`

# A load under way ends within half a minute of losing its server; one that is killed and started again takes 10 s.
CHUNK_TIMEOUT_S: Final = 5  # also until a server is found to be away; inserting a chunk takes 20 ms
OUTAGE_S: Final = 20
MAX_MESSAGE: Final = 8 << 20  # bytes: half of what the driver takes for a document; MongoDB takes 48 MB at a time
MAX_TOUCHED: Final = 5_000  # customers' invoices; beyond, deriving everything is as fast
MAX_NEW: Final = 20_000  # lines of a chunk; beyond, looking which invoices they touch takes as long

GIB: Final = 1 << 30
MIN_FREE_SHARE: Final = 0.15  # of the disk, but never more than MAX_FREE: WiredTiger needs room to recover
MAX_FREE: Final = 10 * GIB


_CLEARED: Final = [{"$set": {"cleared": "$clearing"}}]


class _Encoded:
    """Documents that are encoded already, one behind the other, as the message to the server carries them.

    The driver copies the bytes of whatever says that it is a RawBSONDocument. One such object for a chunk, instead of
    5,000: 0.3 s of a load's 3.5.
    """

    __slots__ = ("raw",)
    _type_marker = RawBSONDocument._type_marker  # noqa: SLF001 - what it is told by

    def __init__(self, raw: bytes) -> None:
        self.raw = raw


class Store:
    """One database. Every write is acknowledged by the journal: a kill of the server loses nothing that we counted."""

    def __init__(self, database: Database[dict[str, Any]], waiting: Callable[[str], Any]) -> None:
        self._db = database.with_options(write_concern=JOURNALED)
        self._waiting = waiting
        self._may_overlap = True
        self.stopping: Callable[[], bool] = lambda: False  # asked while the server is away
        self.touched: set[tuple[int, str]] | None = set()  # by what was inserted; None for more than MAX_TOUCHED
        self.loads = Records(self._db[schema.LOADS])

    def prepare(self) -> None:
        """Let posts in again; find out whether any row can be there already, and whether the disk can take more."""
        self._db[schema.CLOCK].update_one({"_id": schema.REFRESH_ID, "clearing": {"$gt": 0}}, _CLEARED)
        self._may_overlap = self._db[schema.TRANSACTIONS].find_one({}, {"_id": 1}) is not None
        if not self._may_overlap:
            self.touched = None
        self._check_disk()

    def make_indexes(self) -> None:
        """Make the indexes that are missing; on a first load after its rows, which is faster than with each."""
        for collection, indexes in schema.INDEXES.items():
            for index in indexes:
                self._db[collection].create_index([(field, 1) for field in index.fields], **index.options)

    def _check_disk(self) -> None:
        try:
            disk = self._db.command("dbStats")
        except OperationFailure as error:
            if error.code != UNAUTHORIZED:
                raise
            self._waiting("this user may not see how much disk space is free (dbStats): going on without that check")
            return
        total = disk.get("fsTotalSize", 0)  # not every hosted MongoDB says
        free, needed = total - disk.get("fsUsedSize", 0), max(GIB, min(MIN_FREE_SHARE * total, MAX_FREE))
        if total and free < needed:
            raise CannotWriteError(
                f"MongoDB's disk has {free / GIB:.1f} GiB free of {total / GIB:.1f}, and needs {needed / GIB:.1f} to "
                "recover after a crash: free some, or give it a larger disk"
            )

    def clear(self, load_id: str) -> None:
        """Delete everything but the record of the load that asks: rows, what is derived from them, other loads."""
        # Whoever posts lines meanwhile is told to send them again.
        self._db[schema.CLOCK].update_one({"_id": schema.REFRESH_ID}, {"$inc": {"clearing": 1}}, upsert=True)
        self.loads.mark_stopped()  # killed halfway, no load must look finished
        for collection in schema.COLLECTIONS:
            if collection != schema.LOADS:
                self._db[collection].delete_many({"_id": {"$ne": schema.REFRESH_ID}})
        self._db[schema.CLOCK].update_one({"_id": schema.REFRESH_ID}, {"$unset": {"as_of": ""}})
        self.loads.forget_others(load_id)

    def insert(self, documents: Sequence[bytes]) -> int:
        """Insert what is not there yet, journaled, and return how many that were. Waits for a server that went away."""
        new = self._by_chunk(lambda _: self._missing(documents) if self._may_overlap else documents)
        taken = self._by_chunk(lambda again: self._insert(self._missing(new) if again else new))
        if self.touched is not None:
            self._touch(new)
        return len(new) - taken

    def _insert(self, documents: Sequence[bytes]) -> int:
        """Insert, and return how many another run had inserted at the same moment."""
        encoded = b"".join(documents)
        if len(encoded) > MAX_MESSAGE and len(documents) > 1:
            half = len(documents) // 2
            return self._insert(documents[:half]) + self._insert(documents[half:])
        if not documents:
            return 0
        # The command itself: insert_many would decode every document to see whether it has an id.
        answer = self._db.command(
            "insert",
            schema.TRANSACTIONS,
            documents=[_Encoded(encoded)],
            ordered=False,
            writeConcern=self._db.write_concern.document,
        )
        failures = [*answer.get("writeErrors", []), *filter(None, [answer.get("writeConcernError")])]
        others = [failure for failure in failures if failure["code"] != DUPLICATE_KEY]
        if others:
            raise OperationFailure(others[0]["errmsg"], others[0]["code"])
        return len(failures)

    def _missing(self, documents: Sequence[bytes]) -> list[bytes]:
        # Asking first is 20 times faster than having the server report 5,000 duplicates one by one.
        ids = [ObjectId(line_id(document)) for document in documents]
        there = {found["_id"].binary for found in self._db[schema.TRANSACTIONS].find({"_id": {"$in": ids}}, {"_id": 1})}
        return [document for document in documents if line_id(document) not in there]

    def _touch(self, documents: Sequence[bytes]) -> None:
        if self.touched is None or len(documents) > MAX_NEW:
            self.touched = None
            return
        for document in map(RawBSONDocument, documents):
            if "CustomerID" in document:
                self.touched.add((document["CustomerID"], document["InvoiceNo"]))
        if len(self.touched) > MAX_TOUCHED:
            self.touched = None

    def put_aside(self, load_id: str, rejected: Sequence[tuple[int, Rejection]]) -> None:
        """Keep the rows that cannot be understood, once however often the load is run."""
        if rejected:
            rows = [{"_id": {"load": load_id, "row": row}, **rejection._asdict()} for row, rejection in rejected]
            self._by_chunk(lambda _: _insert_once(self._db[schema.QUARANTINE], rows))

    def quarantine_counts(self) -> list[QuarantineCount]:
        """Return how many rows of each load were quarantined, by reason."""
        groups = self._db[schema.QUARANTINE].aggregate([
            {"$group": {"_id": {"load": "$_id.load", "reason": "$reason"}, "rows": {"$sum": 1}}},
            {"$lookup": {"from": schema.LOADS, "localField": "_id.load", "foreignField": "_id", "as": "loads"}},
            {"$sort": {"_id": 1}},
        ])  # fmt: skip
        return [
            QuarantineCount(
                group["_id"]["load"],
                next((load["description"] for load in group["loads"]), "a load of which nothing was kept"),
                group["_id"]["reason"],
                group["rows"],
            )
            for group in groups
        ]

    def quarantined_rows(self, load_id: str) -> Iterator[dict[str, Any]]:
        """Return the quarantined rows of a load, in their order."""
        return self._db[schema.QUARANTINE].find({"_id.load": load_id}, sort=[("_id", 1)])

    def checkpoint(self, load_id: str, ledger: Ledger) -> None:
        """Record how far the load came."""
        self._by_chunk(lambda _: self.loads.checkpoint(load_id, ledger))

    def patiently(self, step: Callable[[bool], T], *, timeout_s: float | None = None) -> T:
        """Do a step that can be done again, until the server stayed up for it; tell it whether it is done again.

        Raises UnavailableError when the server is away for longer than OUTAGE_S seconds.
        """
        again = False
        while True:
            try:
                with pymongo.timeout(timeout_s):
                    return step(again)
            except PyMongoError as error:
                if not went_away(error):
                    raise
            self._waiting("MongoDB went away; waiting")
            wait_until_it_answers(self._db, wait_s=OUTAGE_S, waiting=self._waiting, stopping=self.stopping)
            again = True

    def _by_chunk(self, step: Callable[[bool], T]) -> T:
        return self.patiently(step, timeout_s=CHUNK_TIMEOUT_S)

    def refresh(self, touched: set[tuple[int, str]] | None = None) -> Refreshed:
        """Derive orders, the clock and the customers from the transactions, in the database."""
        return refresh(self._db, touched)

    def is_outdated(self) -> bool:
        """Return whether another version, with other definitions, derived some of it."""
        return is_outdated(self._db)


def _insert_once(collection: Collection[dict[str, Any]], documents: list[dict[str, Any]]) -> None:
    """Insert what is not there yet."""
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        failures = [*error.details["writeErrors"], *error.details["writeConcernErrors"]]
        others = [failed for failed in failures if failed["code"] != DUPLICATE_KEY]
        if others:
            raise OperationFailure(others[0]["errmsg"], others[0]["code"]) from None


@contextmanager
def open_store(uri: str, db_name: str, *, wait_s: float, waiting: Callable[[str], Any]) -> Iterator[Store]:
    """Connect, waiting for a server that is not there yet; driver errors inside the context become ours."""
    with open_database(uri, db_name, wait_s=wait_s, waiting=waiting) as database:
        yield Store(database, waiting)

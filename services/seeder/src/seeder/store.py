"""The seeder's side of the database: the one file here that knows the driver."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pymongo
from bson import ObjectId
from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

from retention import pipelines, schema
from retention.clock import day_after
from retention.errors import (
    BadConfigurationError,
    BadDataError,
    CannotWriteError,
    LockedError,
    NotPermittedError,
    RetentionError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from pymongo.database import Database

    from retention.lines import Rejection
    from seeder.ledger import Ledger
    from seeder.source import Source

DUPLICATE_KEY: Final = 11000
_AUTHENTICATION_FAILED: Final = 18
_UNAUTHORIZED: Final = 13
_OUT_OF_DISK: Final = 14031

ACTIVE_S: Final = 15  # a load says three times as often that it is under way


class Refreshed(NamedTuple):
    """What is derived from the transactions now."""

    orders: int
    customers: int
    clock: datetime


class Store:
    """One database. Every write is acknowledged by the journal: a kill of the server loses nothing that we counted."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._db = database.with_options(write_concern=pymongo.WriteConcern(w=1, j=True))
        self._may_overlap = True

    def prepare(self) -> None:
        """Make the indexes, and find out whether any row can be there already."""
        for collection, indexes in schema.INDEXES.items():
            for field, sparse in indexes:
                self._db[collection].create_index(field, sparse=sparse)
        self._may_overlap = self._db[schema.TRANSACTIONS].find_one({}, {"_id": 1}) is not None

    def clear(self, load_id: str) -> None:
        """Delete everything but the record of the load that asks: rows, what is derived from them, other loads."""
        others = {"_id": {"$ne": load_id}}
        # Killed halfway, no load must look finished.
        self._db[schema.LOADS].update_many(others, {"$set": {"status": "stopped"}})
        for collection in schema.COLLECTIONS:
            if collection != schema.LOADS:
                self._db[collection].delete_many({})
        self._db[schema.LOADS].delete_many(others)

    def finished_load(self, load_id: str) -> dict[str, Any] | None:
        """Return the record of a finished load of the same content, if there is one."""
        return self._db[schema.LOADS].find_one({"_id": load_id, "status": "finished"})

    def unfinished(self, load_id: str) -> list[str]:
        """Return what other loads of real data were stopped before their end."""
        stopped = {"_id": {"$ne": load_id}, "status": {"$ne": "finished"}, "invented": False}
        return [load["description"] for load in self._db[schema.LOADS].find(stopped)]

    def others_invented(self, load_id: str) -> set[bool]:
        """Return which kinds of other loads there are: {True} when all were invented, empty when there is none."""
        return {load["invented"] for load in self._db[schema.LOADS].find({"_id": {"$ne": load_id}})}

    @contextmanager
    def loading(self, source: Source, at: datetime) -> Iterator[None]:
        """Record that the load is under way, and that it still is, until it is not.

        Raises LockedError when another one is. One that was killed stops counting after ACTIVE_S seconds.
        """
        claim = {"_id": source.load_id}
        record = {
            "status": "loading",
            "description": source.description,
            "invented": source.invented,
            "started_at": at,
            "id_scheme": schema.ID_SCHEME,
        }
        times = {"claimed_at": True, "active_at": True}  # the server's clock: one for all
        before = self._db[schema.LOADS].find_one_and_update(claim, {"$set": record, "$currentDate": times}, upsert=True)
        now = self._db[schema.LOADS].find_one(claim, {"active_at": 1, "claimed_at": 1}) or {}
        active = {"status": "loading", "active_at": {"$gt": now["active_at"] - timedelta(seconds=ACTIVE_S)}}
        other = self._db[schema.LOADS].find_one({**active, "_id": {"$ne": source.load_id}}, sort=[("claimed_at", 1)])
        if other and (other["claimed_at"], other["_id"]) < (now["claimed_at"], source.load_id):
            if before is None:
                self._db[schema.LOADS].delete_one(claim)
            raise LockedError(f"another load is under way ({other['description']}): try again when it is done")
        with self._beating(claim):
            yield

    @contextmanager
    def _beating(self, claim: dict[str, str]) -> Iterator[None]:
        done = threading.Event()

        def beat() -> None:
            while not done.wait(ACTIVE_S / 3):
                with suppress(PyMongoError):  # the next one may get through, and the load itself will say
                    self._db[schema.LOADS].update_one(claim, {"$currentDate": {"active_at": True}})

        thread = threading.Thread(target=beat, name="still-loading")
        thread.start()
        try:
            yield
        except BaseException:
            with suppress(PyMongoError):
                self._db[schema.LOADS].update_one({**claim, "status": "loading"}, {"$set": {"status": "stopped"}})
            raise
        finally:
            done.set()
            thread.join()

    def finish_load(self, load_id: str, ledger: Ledger, at: datetime) -> None:
        """Record that a load is complete and everything derived is fresh."""
        finished = {"status": "finished", "finished_at": at, **ledger.to_document()}
        if not self._db[schema.LOADS].update_one({"_id": load_id}, {"$set": finished}).matched_count:
            raise LockedError("another load took over while this one was not heard of: run the same command again")

    def forget_load(self, load_id: str) -> None:
        """Delete the record of a load that brought nothing."""
        self._db[schema.LOADS].delete_one({"_id": load_id})

    def insert(self, documents: Sequence[tuple[bytes, dict[str, object]]]) -> int:
        """Insert what is not there yet, journaled, and return how many that were."""
        new: list[dict[str, Any]] = [{"_id": ObjectId(line_id), **line} for line_id, line in documents]
        if self._may_overlap:
            # Asking first is 20 times faster than having the server report 5,000 duplicates one by one.
            there = {found["_id"] for found in self._of_ids([line["_id"] for line in new])}
            new = [line for line in new if line["_id"] not in there]
        return _insert_new(self._db[schema.TRANSACTIONS], new)

    def put_aside(self, load_id: str, rejected: Sequence[tuple[int, Rejection]]) -> None:
        """Keep the rows that cannot be understood, once however often the load is run."""
        rows = [{"_id": {"load": load_id, "row": row}, **rejection._asdict()} for row, rejection in rejected]
        _insert_new(self._db[schema.QUARANTINE], rows)

    def refresh(self) -> Refreshed:
        """Derive orders, the clock and the customers from the transactions, in the database."""
        self._db[schema.TRANSACTIONS].aggregate([*pipelines.orders(), _merge_into(schema.ORDERS)], allowDiskUse=True)
        # An id starts with its line's instant, so the last id is of the last line: no scan.
        last = self._db[schema.TRANSACTIONS].find_one({}, sort=[("_id", pymongo.DESCENDING)])
        if last is None:
            raise BadDataError("there are no transactions: every row of the input was quarantined")
        clock = day_after(last["InvoiceDate"])
        self._db[schema.ORDERS].aggregate(
            [*pipelines.customers(clock), _merge_into(schema.CUSTOMERS)], allowDiskUse=True
        )
        self._db[schema.CLOCK].replace_one({"_id": schema.CLOCK_ID}, {"as_of": clock}, upsert=True)
        orders = self._db[schema.ORDERS].count_documents({"_id.kind": "order"})
        return Refreshed(orders, self._db[schema.CUSTOMERS].count_documents({}), clock)

    def _of_ids(self, ids: list[ObjectId]) -> Iterator[dict[str, Any]]:
        return self._db[schema.TRANSACTIONS].find({"_id": {"$in": ids}}, {"_id": 1})


def _insert_new(collection: pymongo.collection.Collection[dict[str, Any]], documents: list[dict[str, Any]]) -> int:
    """Insert; another run may be inserting the same ids at this moment, and then its document is ours."""
    if not documents:
        return 0
    try:
        return len(collection.insert_many(documents, ordered=False).inserted_ids)
    except BulkWriteError as error:
        failures = [*error.details["writeErrors"], *error.details["writeConcernErrors"]]
        others = [failed for failed in failures if failed["code"] != DUPLICATE_KEY]
        if others:
            raise OperationFailure(others[0]["errmsg"], others[0]["code"]) from None
        return int(error.details["nInserted"])


def _merge_into(collection: str) -> dict[str, Any]:
    return {"$merge": {"into": collection, "on": "_id", "whenMatched": "replace", "whenNotMatched": "insert"}}


@contextmanager
def open_store(uri: str, db_name: str, *, wait_s: float, waiting: Callable[[str], Any]) -> Iterator[Store]:
    """Connect, waiting for a server that is not there yet; a wrong password is an error at once.

    Driver errors inside the context become ours: UnavailableError, NotPermittedError, CannotWriteError.
    """
    with _driver_errors(), _client(uri) as client:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                client.admin.command("ping")
                client[db_name][schema.LOADS].find_one({}, {"_id": 1})
                break
            except ConnectionFailure as error:
                if time.monotonic() > deadline:
                    raise UnavailableError(
                        f"MongoDB does not answer after {wait_s:.0f} s: {_first_words(error)}"
                    ) from None
                waiting("waiting for MongoDB")
                time.sleep(1)
        yield Store(client[db_name])


def _first_words(error: ConnectionFailure) -> str:
    return str(error).partition(" (configured timeouts")[0]  # what follows are the driver's insides


def _client(uri: str) -> pymongo.MongoClient[dict[str, Any]]:
    try:
        return pymongo.MongoClient(
            uri, tz_aware=True, serverSelectionTimeoutMS=1000, connectTimeoutMS=5000, appname="seeder"
        )
    except (PyMongoError, ValueError) as error:  # the driver's words may hold the password
        raise BadConfigurationError(f"MONGO_URI cannot be used: {type(error).__name__} (see .env.example)") from None


@contextmanager
def _driver_errors() -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code in {_AUTHENTICATION_FAILED, _UNAUTHORIZED}:
            raise NotPermittedError(f"MongoDB refuses this user: {error}") from None
        if error.code == _OUT_OF_DISK:
            raise CannotWriteError(f"MongoDB is out of disk space: free some and run again: {error}") from None
        raise RetentionError(f"MongoDB: {error}") from error
    except ConnectionFailure as error:
        raise UnavailableError(
            f"MongoDB went away: {_first_words(error)}: run the same command again, it goes on"
        ) from None
    except PyMongoError as error:
        raise RetentionError(f"MongoDB: {error}") from error

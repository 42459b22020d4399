"""The trainer's side of the database: the one file here that knows the driver. Writes scores and nothing else."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pymongo
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from retention.clock import rfc3339
from retention.errors import (
    BadConfigurationError,
    BadDataError,
    CannotWriteError,
    NotEnoughDataError,
    NotPermittedError,
    RetentionError,
    UnavailableError,
)
from retention.features import pipelines
from retention.features.cohorts import cohorts
from retention.scoring.churn import MONTH
from retention.scoring.pipeline import NO_MATCHING_BRANCH
from retention.store import schema, score_steps
from retention.store.derivation_steps import of_another_definition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    import pandas as pd
    from pymongo.database import Database

    from retention.features.pipelines import Pipeline
    from retention.store.score_steps import Tally

T = TypeVar("T")
R = TypeVar("R")

_REFUSED: Final = {13, 18}  # unauthorised, authentication failed
_OUT_OF_DISK: Final = 14031
_BATCH: Final = 10_000  # ids at a time: 0.1 MB


class Store:
    """One database, asked for customers as they were at an instant."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._db = database

    def clock(self) -> datetime:
        """Return the instant the data is as of; NotEnoughDataError before the first load."""
        clock = self._db[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})
        if clock is None:
            raise NotEnoughDataError("no data: load some first ('python -m seeder --help')")
        as_of: datetime = clock["as_of"]
        return as_of

    def first_order_day(self) -> datetime:
        """Return the day of the earliest order; NotEnoughDataError when there is none."""
        first = next(self._db[schema.ORDERS].aggregate(pipelines.first_order_day()), None)
        if first is None:
            raise NotEnoughDataError("no orders: no line has a customer, a quantity and a price")
        day: datetime = first["day"]
        return day

    def customers(self, as_of: datetime) -> pd.DataFrame:
        """Return the customers with an order before `as_of`: a row each, by id: `pipelines.FEATURES` and month."""
        import pandas as pd  # noqa: PLC0415 - 80 MB that scoring in the database does not need

        found = self._db[schema.ORDERS].aggregate(pipelines.customers(as_of), allowDiskUse=True)
        columns = ["_id", *pipelines.FEATURES, MONTH]
        frame = pd.DataFrame([[customer[column] for column in columns] for customer in found], columns=columns)
        return frame.set_index("_id").sort_index().astype(float)

    def buyers(self, start: datetime, end: datetime) -> set[int]:
        """Return who ordered in [start, end)."""
        return {buyer["_id"] for buyer in self._db[schema.ORDERS].aggregate(pipelines.buyers(start, end))}

    def order_days(self, start: datetime, end: datetime) -> list[datetime]:
        """Return the days in [start, end) with an order."""
        days: list[datetime] = self._db[schema.ORDERS].distinct(
            "_id.day", {"_id.kind": "order", "_id.day": {"$gte": start, "$lt": end}}
        )
        return days

    def cohorts(self, as_of: datetime) -> pd.DataFrame:
        """Return how many customers of each first month ordered again so many months later."""
        from trainer.cohorts import cohort_counts  # noqa: PLC0415 - pandas, as above

        return cohort_counts(self._db[schema.ORDERS].aggregate(cohorts(as_of), allowDiskUse=True), as_of)

    def fingerprint(self) -> str:
        """Return a text that differs whenever the data does: loads only add, and every line counts."""
        loads = sorted(load["_id"] for load in self._db[schema.LOADS].find({"status": "finished"}, {"_id": 1}))
        lines = self._db[schema.TRANSACTIONS].estimated_document_count()
        return hashlib.sha256(repr((rfc3339(self.clock()), loads, lines)).encode()).hexdigest()

    def score(self, stages: Pipeline) -> None:
        """Replace `scores` by what the stages make of every customer, in one step: readers see the old or the new.

        BadDataError when a customer lacks a feature; the scores are then those of before. One scorer at a time.
        """
        following = self._db[schema.NEXT_SCORES]
        following.drop()  # of a run that was killed
        with _lacking_features():
            _side_by_side(self._score_some, [[{"$match": half}, *stages] for half in self._halves()])
        _side_by_side(lambda index: self._make_index(following.name, index), schema.SCORE_INDEXES)
        following.rename(schema.SCORES, dropTarget=True)

    def _halves(self) -> list[dict[str, Any]]:
        """Return a filter for the customers with the lower ids, and one for the others."""
        customers = self._db[schema.CUSTOMERS]
        skip = customers.estimated_document_count() // 2
        middle = next(iter(customers.find({}, {"_id": 1}, sort=[("_id", 1)], skip=skip, limit=1)), {"_id": 0})
        return [{"_id": {"$lt": middle["_id"]}}, {"_id": {"$gte": middle["_id"]}}]

    def _score_some(self, stages: Pipeline) -> None:
        # Two at once, which $out cannot: 1,000,000 customers in 8 s instead of 13 on two busy cores. Read as they lie,
        # and not by the index of ids that the match would suggest.
        self._db[schema.CUSTOMERS].aggregate(score_steps.everybody(stages), allowDiskUse=True, hint={"$natural": 1})

    def _make_index(self, collection: str, index: schema.Index) -> None:
        self._db[collection].create_index([(field, 1) for field in index.fields], **index.options)

    def tallies(self) -> tuple[Tally, Tally]:
        """Return the tally of the customers and that of the scores."""
        customers, scores = _side_by_side(self._tally, [schema.CUSTOMERS, schema.SCORES])
        return customers, scores

    def _tally(self, collection: str) -> Tally:
        return score_steps.tally(self._db[collection].aggregate(score_steps.counts()))

    def score_moved(self, stages: Pipeline, *, above: int) -> int:
        """Score again the customers above this revision that are not scored as they are; return how many they were."""
        found = 0
        for ids in self._batches(schema.CUSTOMERS, score_steps.behind(above)):
            with _lacking_features():
                self._db[schema.CUSTOMERS].aggregate(score_steps.mended(stages, ids))
            found += len(ids)
        return found

    def forget_gone(self) -> int:
        """Delete the scores of customers who are no longer there; return how many they were."""
        return sum(
            self._db[schema.SCORES].delete_many({"_id": {"$in": ids}}).deleted_count
            for ids in self._batches(schema.SCORES, score_steps.gone())
        )

    def has_customers(self) -> bool:
        """Return whether there is anybody to score."""
        return self._db[schema.CUSTOMERS].find_one({}, {"_id": 1}) is not None

    def has_outdated_customers(self) -> bool:
        """Return whether a customer was derived by another definition of the features than this version's."""
        return self._db[schema.CUSTOMERS].find_one(of_another_definition(schema.CUSTOMERS), {"_id": 1}) is not None

    def _batches(self, collection: str, pipeline: Pipeline) -> Iterator[list[int]]:
        """Yield the ids that the pipeline finds in `collection`."""
        found = (document["_id"] for document in self._db[collection].aggregate(pipeline))
        while ids := list(islice(found, _BATCH)):
            yield ids


def _side_by_side(run: Callable[[T], R], works: Sequence[T]) -> list[R]:
    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


@contextmanager
def _lacking_features() -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code != NO_MATCHING_BRANCH:
            raise
        raise BadDataError(OUTDATED) from None


OUTDATED: Final = (
    "a customer's features were derived by another version of this program: load any file again "
    "('python -m seeder load FILE'), which derives everybody, then run the same command; the scores are those of before"
)


@contextmanager
def open_store(uri: str, db_name: str, *, wait_s: float) -> Iterator[Store]:
    """Connect, waiting up to `wait_s` for the server; UnavailableError or NotPermittedError otherwise."""
    with _client(uri) as client:
        deadline = time.monotonic() + wait_s
        try:
            while not _answers(client):
                if time.monotonic() > deadline:
                    raise UnavailableError(f"MongoDB does not answer after {wait_s:.0f} s")
                time.sleep(1)
            yield Store(client[db_name])
        except OperationFailure as error:
            if error.code in _REFUSED:
                raise NotPermittedError(f"MongoDB refuses this user: {error}") from None
            if error.code == _OUT_OF_DISK:
                raise CannotWriteError(
                    "MongoDB is out of disk space: free some and run the same command again"
                ) from None
            raise RetentionError(f"MongoDB: {error}") from error
        except ConnectionFailure as error:
            raise UnavailableError(f"MongoDB went away: {error}: run the same command again") from None


def _client(uri: str) -> pymongo.MongoClient[dict[str, Any]]:
    try:
        return pymongo.MongoClient(uri, tz_aware=True, serverSelectionTimeoutMS=1000, appname="trainer")
    except (PyMongoError, ValueError) as error:  # the driver's words may hold the password
        raise BadConfigurationError(f"MONGO_URI cannot be used: {type(error).__name__} (see .env.example)") from None


def _answers(client: pymongo.MongoClient[dict[str, Any]]) -> bool:
    try:
        client.admin.command("ping")
    except ConnectionFailure:
        return False
    return True

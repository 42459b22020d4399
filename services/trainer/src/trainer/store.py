"""The trainer's side of the database: the one file here that knows the driver. Reads; never writes."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pymongo
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from retention import pipelines, schema
from retention.clock import rfc3339
from retention.errors import (
    BadConfigurationError,
    NotEnoughDataError,
    NotPermittedError,
    RetentionError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pymongo.database import Database

_REFUSED: Final = {13, 18}  # unauthorised, authentication failed


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
        """Return the customers with an order before `as_of`: one row each, by id, the columns `pipelines.FEATURES`."""
        found = self._db[schema.ORDERS].aggregate(pipelines.customers(as_of), allowDiskUse=True)
        columns = ["_id", *pipelines.FEATURES]
        frame = pd.DataFrame([[customer[column] for column in columns] for customer in found], columns=columns)
        return frame.set_index("_id").sort_index().astype(float)

    def buyers(self, start: datetime, end: datetime) -> set[int]:
        """Return who ordered in [start, end)."""
        return {buyer["_id"] for buyer in self._db[schema.ORDERS].aggregate(pipelines.buyers(start, end))}

    def fingerprint(self) -> str:
        """Return a text that differs whenever the data does: loads only add, and every line counts."""
        loads = sorted(load["_id"] for load in self._db[schema.LOADS].find({"status": "finished"}, {"_id": 1}))
        lines = self._db[schema.TRANSACTIONS].estimated_document_count()
        return hashlib.sha256(repr((rfc3339(self.clock()), loads, lines)).encode()).hexdigest()


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

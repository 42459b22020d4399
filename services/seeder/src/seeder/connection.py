"""The connection: opened with patience, and the driver's errors in our words."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pymongo
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from retention.errors import (
    BadConfigurationError,
    CannotWriteError,
    NotPermittedError,
    RetentionError,
    StoppedError,
    UnavailableError,
)
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database

    Documents = dict[str, Any]

UNAUTHORIZED: Final = 13
_AUTHENTICATION_FAILED: Final = 18
_OUT_OF_DISK: Final = 14031


@contextmanager
def open_database(
    uri: str, db_name: str, *, wait_s: float, waiting: Callable[[str], Any]
) -> Iterator[Database[Documents]]:
    """Connect, waiting for a server that is not there yet; a wrong password is an error at once.

    Driver errors inside the context become ours.
    """
    with driver_errors(), _client(uri) as client:
        database = client[db_name]
        wait_until_it_answers(database, wait_s=wait_s, waiting=waiting)
        yield database


def wait_until_it_answers(
    database: Database[Documents],
    *,
    wait_s: float,
    waiting: Callable[[str], Any],
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Return when the server takes our password and answers.

    Raises UnavailableError after `wait_s` seconds, StoppedError when `stopping`.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            with pymongo.timeout(2):
                database[schema.LOADS].find_one({}, {"_id": 1})
        except PyMongoError as error:
            if not went_away(error):
                raise
            if stopping():
                raise StoppedError("stopped while MongoDB was away: run the same command again, it goes on") from None
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"MongoDB does not answer after {wait_s:.0f} s: {_first_words(error)}: "
                    "run the same command again when it does"
                ) from None
        else:
            return
        waiting("waiting for MongoDB")
        time.sleep(1)


def went_away(error: PyMongoError) -> bool:
    """Tell whether the server could not be asked, or did not answer in time: it may later."""
    return isinstance(error, ConnectionFailure) or error.timeout


def _first_words(error: PyMongoError) -> str:
    return str(error).partition(" (configured timeouts")[0]  # what follows are the driver's insides


def _client(uri: str) -> pymongo.MongoClient[Documents]:
    try:
        return pymongo.MongoClient(
            uri,
            tz_aware=True,
            serverSelectionTimeoutMS=1000,
            connectTimeoutMS=5000,
            retryReads=False,  # we wait ourselves, and say so
            appname="seeder",
        )
    except (PyMongoError, ValueError) as error:  # the driver's words may hold the password
        raise BadConfigurationError(f"MONGO_URI cannot be used: {type(error).__name__} (see .env.example)") from None


@contextmanager
def driver_errors() -> Iterator[None]:
    """Turn the driver's errors into UnavailableError, NotPermittedError, CannotWriteError or RetentionError."""
    try:
        yield
    except OperationFailure as error:
        if error.code in {_AUTHENTICATION_FAILED, UNAUTHORIZED}:
            raise NotPermittedError(f"MongoDB refuses this user: {error}") from None
        if error.code == _OUT_OF_DISK:
            raise CannotWriteError(f"MongoDB is out of disk space: free some and run again: {error}") from None
        raise RetentionError(f"MongoDB: {str(error)[:300]}") from error  # it may quote a whole document
    except ConnectionFailure as error:
        raise UnavailableError(
            f"MongoDB went away: {_first_words(error)}: run the same command again, it goes on"
        ) from None
    except PyMongoError as error:
        raise RetentionError(f"MongoDB: {error}") from error

"""The connection to MongoDB: how it is opened, waited for, and retried."""

from __future__ import annotations

import contextvars
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pymongo
from pymongo.errors import PyMongoError

from retention.errors import StoppedError, UnavailableError
from retention.store import schema
from retention.store.driver_errors import driver_errors, driver_message, is_away, uri_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from pymongo import collection, database

    Database: TypeAlias = database.Database[dict[str, Any]]
    Collection: TypeAlias = collection.Collection[dict[str, Any]]
    Client: TypeAlias = pymongo.MongoClient[dict[str, Any]]

T = TypeVar("T")
R = TypeVar("R")

JOURNALED: Final = pymongo.WriteConcern(w=1, j=True)  # 25 of 25 kills of the server lost rows without `j`
_POLL_S: Final = 1
_PROBE_S: Final = 2


def _silent(_: str) -> None:
    pass


def _never() -> bool:
    return False


def open_client(uri: str, *, appname: str, **options: Any) -> Client:  # noqa: ANN401 - the driver's options
    """Return a client that connects when it is first used; BadConfigurationError when `uri` is invalid."""
    with uri_errors():
        return pymongo.MongoClient(
            uri,
            appname=appname,
            **{"tz_aware": True, "serverSelectionTimeoutMS": 1000, "connectTimeoutMS": 5000, **options},
        )


@contextmanager
def open_database(
    uri: str,
    db_name: str,
    *,
    appname: str,
    wait_s: float,
    waiting: Callable[[str], Any] = _silent,
    **options: Any,  # noqa: ANN401 - the driver's options
) -> Iterator[Database]:
    """Connect, waiting up to `wait_s` for the server; a wrong password is an error at once.

    Driver errors inside the context become ours.
    """
    with driver_errors(), open_client(uri, appname=appname, **options) as client:
        database = client[db_name]
        until_it_answers(lambda: probe(database), wait_s=wait_s, waiting=waiting)
        yield database


def journaled(database: Database) -> Database:
    """Return the database with every write acknowledged by the journal: a kill of the server loses none."""
    return database.with_options(write_concern=JOURNALED)


def probe(database: Database) -> None:
    """Return when the server accepts our password and answers; fail after 2 s."""
    with pymongo.timeout(_PROBE_S):
        database[schema.LOADS].find_one({}, {"_id": 1})


def until_it_answers(
    ask: Callable[[], T],
    *,
    wait_s: float,
    waiting: Callable[[str], Any] = _silent,
    stopping: Callable[[], bool] = _never,
) -> T:
    """Return what `ask` returns, asking again while the server is away.

    Raises UnavailableError after `wait_s` seconds, StoppedError when `stopping`.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return ask()
        except PyMongoError as error:
            if not is_away(error):
                raise
            if stopping():
                raise StoppedError("stopped while MongoDB was away: run the same command again to continue") from None
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"MongoDB does not answer after {wait_s:.0f} s: {driver_message(error)}: "
                    "run the same command again when it does"
                ) from None
        waiting("waiting for MongoDB")
        time.sleep(_POLL_S)


def with_retry(
    step: Callable[[bool], T],
    database: Database,
    *,
    outage_s: float,
    timeout_s: float | None = None,
    waiting: Callable[[str], Any] = _silent,
    stopping: Callable[[], bool] = _never,
) -> T:
    """Return the result of `step`, repeated until the server stays up throughout; it is told whether it repeats.

    Raises UnavailableError when the server is away for longer than `outage_s` seconds.
    """
    again = False
    while True:
        try:
            with pymongo.timeout(timeout_s):
                return step(again)
        except PyMongoError as error:
            if not is_away(error):
                raise
        waiting("MongoDB went away; waiting")
        until_it_answers(lambda: probe(database), wait_s=outage_s, waiting=waiting, stopping=stopping)
        again = True


def run_each(run: Callable[[T], R], works: Sequence[T], *, at_once: bool) -> list[R]:
    """Return `run(work)` for each of `works`: `at_once`, in a thread each, otherwise in turn in the caller's thread.

    A deadline set by `pymongo.timeout` holds in every thread.
    """
    if not at_once:
        return [run(work) for work in works]
    with ThreadPoolExecutor(len(works)) as threads:
        running = [threads.submit(contextvars.copy_context().run, run, work) for work in works]
        return [each.result() for each in running]

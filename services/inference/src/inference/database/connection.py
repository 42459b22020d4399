"""The connection to the database: one pooled client, a deadline for every query, one error for every failure.

The only file here that knows motor. Look-ups go through motor; writers use retention.store, in threads.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from contextlib import asynccontextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure, PyMongoError

from retention.errors import UnavailableError
from retention.store.driver_errors import driver_message, is_replaced, uri_errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from concurrent.futures import ThreadPoolExecutor

    from motor.core import AgnosticCollection, AgnosticDatabase

    from inference.settings import Settings
    from retention.store import connection as store

    Database: TypeAlias = AgnosticDatabase[dict[str, Any]]
    Collection: TypeAlias = AgnosticCollection[dict[str, Any]]

T = TypeVar("T")

logger = logging.getLogger(__name__)

TIMEOUT_MS: Final = 500  # a look-up takes 1 ms; without a limit a frozen server holds a request for 45 s
# A thread gets this share of the deadline, so that its turn is free when the caller is answered: the driver looks for a
# server every 0.5 s, and may end as much later.
_THREAD_SHARE: Final = 0.9


class Connection:
    """One pooled client. Building it connects to nothing; BadConfigurationError when MONGO_URI is not an address."""

    def __init__(self, settings: Settings) -> None:
        with uri_errors():
            self._client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
                settings.mongo_uri,
                appname="inference",
                tz_aware=True,
                tzinfo=UTC,
                timeoutMS=TIMEOUT_MS,
                serverSelectionTimeoutMS=TIMEOUT_MS,
                connectTimeoutMS=TIMEOUT_MS,
                socketTimeoutMS=TIMEOUT_MS,
            )
        self.database: Database = self._client[settings.db_name]
        # The driver's client inside motor's: both share one pool and one monitor. A second client took 3 more threads.
        self.store_database: store.Database = self.database.delegate
        self._answers = True

    @asynccontextmanager
    async def asking(self, timeout_ms: int = TIMEOUT_MS) -> AsyncIterator[None]:
        """Set one deadline for all look-ups inside; any failure of the database is an UnavailableError."""
        try:
            # The driver's deadline frees its threads; ours bounds the answer when all of them are taken.
            with pymongo.timeout(timeout_ms / 1000):
                async with asyncio.timeout(timeout_ms / 1000):
                    yield
        except (PyMongoError, TimeoutError) as error:
            if self._answers:
                logger.warning("the database does not answer", extra={"reason": driver_message(error)})
            self._answers = False
            raise UnavailableError("the database does not answer") from error
        else:
            if not self._answers:
                logger.info("the database answers again")
            self._answers = True

    async def in_thread(
        self,
        threads: ThreadPoolExecutor,
        work: Callable[[], T],
        *,
        timeout_ms: int = TIMEOUT_MS,
        ended: Callable[[], object] = lambda: None,
    ) -> T:
        """Return what `work` returns, run in one of `threads`, within one deadline; errors as in `asking`.

        The deadline includes the wait for a thread. The driver stops the thread's work slightly before it.
        `ended` is called once, when the thread has ended or will never start.
        """
        async with self.asking(timeout_ms):
            with pymongo.timeout(_THREAD_SHARE * timeout_ms / 1000):
                running = threads.submit(contextvars.copy_context().run, work)
            running.add_done_callback(lambda _: ended())
            return await asyncio.wrap_future(running)

    async def ping(self) -> None:
        """Return when the server answers; UnavailableError within TIMEOUT_MS when it does not."""
        async with self.asking():
            await self.database.command("ping")

    def close(self) -> None:
        """Close the pool."""
        self._client.close()


async def retry_if_replaced(ask: Callable[[], Awaitable[T]]) -> T:
    """Return what `ask` returns; ask again if the collection was replaced meanwhile. `asking` sets the deadline."""
    while True:
        try:
            return await ask()
        except OperationFailure as error:
            if not is_replaced(error):
                raise

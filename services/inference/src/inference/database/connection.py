"""The connection to the database: one pooled client, a deadline for what is asked, our word for every failure.

The only file here that knows motor.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import OperationFailure, PyMongoError

from retention.errors import BadConfigurationError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from motor.core import AgnosticCollection, AgnosticDatabase

    from inference.settings import Settings
    from retention.errors import RetentionError

    Database: TypeAlias = AgnosticDatabase[dict[str, Any]]
    Collection: TypeAlias = AgnosticCollection[dict[str, Any]]

T = TypeVar("T")

logger = logging.getLogger(__name__)

TIMEOUT_MS: Final = 500  # a look-up takes 1 ms; without a limit a frozen server holds a request for 45 s
MAX_WORDS: Final = 300  # characters of the driver's, in the log

DUPLICATE_KEY: Final = 11000
# https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
_AWAY: Final = {6, 7, 43, 89, 91, 134, 175, 189, 237, 9001, 10107, 11600, 11601, 11602, 13435, 13436}
_TOO_SLOW: Final = {24, 50, 64, 202, 262}
_REPLACED: Final = {43, 175, 237}  # what a question gets when its collection is dropped, also by a rename over it
_CONFLICT: Final = 112
_UNTIL_THE_OPERATOR_HELPS: Final = {13, 18, 14031}  # nobody is let in, or the disk is full: not this request's fault
_PASSING: Final = frozenset({*_AWAY, *_TOO_SLOW, _CONFLICT, *_UNTIL_THE_OPERATOR_HELPS})


class Connection:
    """One pooled client. Building it connects to nothing; BadConfigurationError when MONGO_URI is not an address."""

    def __init__(self, settings: Settings) -> None:
        try:
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
        except (PyMongoError, ValueError) as error:
            # The driver's words may hold the password.
            raise BadConfigurationError(
                f"MONGO_URI cannot be used: {type(error).__name__} (see .env.example)"
            ) from None
        self.database: Database = self._client[settings.db_name]
        self._answers = True

    @asynccontextmanager
    async def asking(self, timeout_ms: int = TIMEOUT_MS) -> AsyncIterator[None]:
        """One deadline for all that is asked inside; UnavailableError for every way in which the database fails."""
        try:
            # The driver's deadline frees its threads; ours bounds the answer when they are all taken.
            with pymongo.timeout(timeout_ms / 1000):
                async with asyncio.timeout(timeout_ms / 1000):
                    yield
        except (PyMongoError, TimeoutError) as error:
            if self._answers:
                logger.warning("the database does not answer", extra={"reason": words(error)})
            self._answers = False
            raise UnavailableError("the database does not answer") from error
        else:
            if not self._answers:
                logger.info("the database answers again")
            self._answers = True

    async def ping(self) -> None:
        """Return when the server answers; UnavailableError within TIMEOUT_MS when it does not."""
        async with self.asking():
            await self.database.command("ping")

    def close(self) -> None:
        """Close the pool."""
        self._client.close()


async def asked_again_if_replaced(ask: Callable[[], Awaitable[T]]) -> T:
    """Return what `ask` does, asking again when the collection was replaced meanwhile; `asking` has the deadline."""
    while True:
        try:
            return await ask()
        except OperationFailure as error:
            if error.code not in _REPLACED:
                raise


@contextmanager
def refused_as(kind: type[RetentionError]) -> Iterator[None]:
    """Raise `kind`, with the driver's words, when the database answers that it never will; other failures go on."""
    try:
        yield
    except OperationFailure as error:
        if passes(error):
            raise
        raise kind(words(error)) from error


def passes(error: OperationFailure) -> bool:
    """Tell whether the same may succeed later: after an outage, in time, or when another writer is through."""
    if error.code == DUPLICATE_KEY:
        return (error.details or {}).get("keyPattern") == {"_id": 1}
    return error.timeout or error.code in _PASSING


def words(error: Exception) -> str:
    """Return what the driver says, cut; of a server's answer the message, without the documents it is about."""
    details = (error.details if isinstance(error, OperationFailure) else None) or {}
    return f"{type(error).__name__}: {details.get('errmsg', error)}".removesuffix(": ")[:MAX_WORDS]

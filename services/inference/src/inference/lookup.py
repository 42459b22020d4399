"""Questions to the database, each named for what it asks. The only file here that knows the driver."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import PyMongoError

from retention import pipelines, schema
from retention.errors import BadConfigurationError, CustomerNotFoundError, NoOrdersError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping

    from motor.core import AgnosticDatabase

    from inference.settings import Settings

T = TypeVar("T")
logger = logging.getLogger(__name__)

TIMEOUT_MS: Final = 500  # a look-up takes 1 ms; without a limit a frozen server holds a request for 45 s
STATE_TIMEOUT_MS: Final = 400  # asked before a look-up: both together stay under a second
STATE_AGE_S: Final = 1.0
COUNT_AGE_S: Final = 5.0


class DataState(NamedTuple):
    """How fresh the data is: the instant the stored features are as of, and when the last load ended."""

    clock: datetime | None  # None before the first load
    loaded_at: datetime | None


class Shared(Generic[T]):
    """The answer to one question, for everybody who asks within `age_s`; a failure is shared only while it lasts."""

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, T]], *, age_s: float) -> None:
        self._ask = ask
        self._age_s = age_s
        self._asked_at = 0.0
        self._answer: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """Return the answer, asking when nobody is and the last one is old."""
        answer = self._answer
        if answer is None or (answer.done() and (answer.exception() or self._is_old())):
            self._asked_at = time.monotonic()
            answer = self._answer = asyncio.create_task(self._ask())
        return await asyncio.shield(answer)

    def _is_old(self) -> bool:
        return time.monotonic() - self._asked_at > self._age_s


class Customers(Protocol):
    """What the API asks about customers. Every method raises UnavailableError within a second when it cannot know."""

    async def features(self, customer_id: int, as_of: datetime) -> Mapping[str, Any]:
        """Return every feature of the customer as of `as_of`; CustomerNotFoundError or NoOrdersError without any."""

    async def state(self) -> DataState:
        """Return how fresh the data is, at most STATE_AGE_S old."""

    async def ping(self) -> None:
        """Return when the database answers."""

    async def count(self) -> int:
        """Return about how many transactions are stored, at most COUNT_AGE_S old."""

    def close(self) -> None:
        """Let the connections go."""


class MongoCustomers:
    """Customers in MongoDB, through one pooled client. Building it connects to nothing."""

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
        self._db: AgnosticDatabase[dict[str, Any]] = self._client[settings.db_name]
        self._answers = True
        self.state = Shared(self._ask_state, age_s=STATE_AGE_S)
        self.count = Shared(self._ask_count, age_s=COUNT_AGE_S)

    async def features(self, customer_id: int, as_of: datetime) -> Mapping[str, Any]:
        """Return the stored features when they are as of then, else the same pipeline's result for one customer."""
        async with self._asking():
            stored: dict[str, Any] | None = await self._db[schema.CUSTOMERS].find_one({"_id": customer_id})
            if stored is not None and stored["as_of"] == as_of:
                return stored
            computed = self._db[schema.ORDERS].aggregate(pipelines.customers(as_of, [customer_id]))
            found: list[dict[str, Any]] = await computed.to_list(1)
            if found:
                return found[0]
            if await self._db[schema.TRANSACTIONS].find_one({"CustomerID": customer_id}, {"_id": 1}) is None:
                raise CustomerNotFoundError
            raise NoOrdersError

    async def _ask_state(self) -> DataState:
        async with self._asking(STATE_TIMEOUT_MS):
            clock: dict[str, Any] | None = await self._db[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})
            load: dict[str, Any] | None = await self._db[schema.LOADS].find_one(
                {"status": "finished"}, {"finished_at": 1}, sort=[("finished_at", pymongo.DESCENDING)]
            )
        return DataState(clock["as_of"] if clock else None, load["finished_at"] if load else None)

    async def ping(self) -> None:
        """Ask the server for a sign of life."""
        async with self._asking():
            await self._db.command("ping")

    async def _ask_count(self) -> int:
        async with self._asking():
            return int(await self._db[schema.TRANSACTIONS].estimated_document_count())

    def close(self) -> None:
        """Close the pool."""
        self._client.close()

    @asynccontextmanager
    async def _asking(self, timeout_ms: int = TIMEOUT_MS) -> AsyncIterator[None]:
        """One deadline for all that is asked inside, and our word for every way in which the database fails."""
        try:
            # The driver's deadline frees its threads; ours bounds the answer when they are all taken.
            with pymongo.timeout(timeout_ms / 1000):
                async with asyncio.timeout(timeout_ms / 1000):
                    yield
        except (PyMongoError, TimeoutError) as error:
            if self._answers:
                logger.warning("the database does not answer", extra={"reason": f"{type(error).__name__}: {error}"})
            self._answers = False
            raise UnavailableError("the database does not answer") from error
        else:
            if not self._answers:
                logger.info("the database answers again")
            self._answers = True

"""Questions to the database, each named for what it asks."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from retention import pipelines, schema
from retention.errors import CustomerNotFoundError, NoOrdersError
from retention.refresh import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from datetime import datetime

    from inference.connection import Connection

T = TypeVar("T")

STATE_TIMEOUT_MS: Final = 400  # asked before a look-up: both together stay under a second
STATE_AGE_S: Final = 1.0
COUNT_AGE_S: Final = 5.0


class DataState(NamedTuple):
    """How fresh the data is: the instant the stored features are as of, and when lines last came in."""

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

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:
        """Return every feature of the customer, and the instant that they are as of, as `as_of`.

        With `or_later` that may be a later instant than the one asked about: one that they are stored as of, since
        lines of later days were posted. CustomerNotFoundError or NoOrdersError without any.
        """

    async def state(self) -> DataState:
        """Return how fresh the data is, at most STATE_AGE_S old."""

    async def ping(self) -> None:
        """Return when the database answers."""

    async def count(self) -> int:
        """Return about how many transactions are stored, at most COUNT_AGE_S old."""


class MongoCustomers:
    """Customers in MongoDB. Building it connects to nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._db = connection.database
        self.state = Shared(self._ask_state, age_s=STATE_AGE_S)
        self.count = Shared(self._ask_count, age_s=COUNT_AGE_S)

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:
        """Return the stored features when they are as of then, else the same pipeline's result for one customer.

        What another version stored, by another definition of the features, is not returned: it may lack some.
        """
        async with self._connection.asking():
            stored: dict[str, Any] | None = await self._db[schema.CUSTOMERS].find_one({"_id": customer_id})
            if stored and or_later:
                as_of = max(as_of, stored["as_of"])
            ours = DEFINITIONS[schema.CUSTOMERS]
            if stored and stored["as_of"] == as_of and stored.get("definition") == ours:
                return stored
            computed = self._db[schema.ORDERS].aggregate(pipelines.customers(as_of, [customer_id]))
            found: list[dict[str, Any]] = await computed.to_list(1)
            if found:
                return found[0]
            if await self._db[schema.TRANSACTIONS].find_one({"CustomerID": customer_id}, {"_id": 1}) is None:
                raise CustomerNotFoundError
            raise NoOrdersError

    async def _ask_state(self) -> DataState:
        async with self._connection.asking(STATE_TIMEOUT_MS):
            clock: dict[str, Any] | None = await self._db[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})
            load: dict[str, Any] | None = await self._db[schema.LOADS].find_one(
                {"status": "finished"}, {"finished_at": 1}, sort=[("finished_at", -1)]
            )
        return DataState(clock["as_of"] if clock else None, load.get("finished_at") if load else None)

    async def ping(self) -> None:
        """Ask the server for a sign of life."""
        async with self._connection.asking():
            await self._db.command("ping")

    async def _ask_count(self) -> int:
        async with self._connection.asking():
            return int(await self._db[schema.TRANSACTIONS].estimated_document_count())

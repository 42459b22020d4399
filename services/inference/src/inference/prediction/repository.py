"""Questions to the database, each named for what it asks."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from inference.database.coalesced import Coalesced
from inference.database.connection import TIMEOUT_MS
from retention.errors import CustomerNotFoundError, NoOrdersError, RetentionError
from retention.features import pipelines
from retention.store import schema
from retention.store.derivation_steps import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Mapping
    from datetime import datetime

    from inference.database.connection import Connection

T = TypeVar("T")
Found: TypeAlias = "Mapping[str, Any] | RetentionError"  # a customer's features, or why there are none

STATE_TIMEOUT_MS: Final = 400  # asked before a look-up: both together stay under a second
STATE_AGE_S: Final = 1.0
COUNT_AGE_S: Final = 5.0
# No feature: an instant takes as long to decode as ten numbers, and these are half of what a customer takes.
NOT_ASKED_FOR: Final = dict.fromkeys(("first_order_at", "last_order_at", "unmatched_returns", "matched_returned"), 0)


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
        if answer is None or (answer.done() and (self._is_old() or answer.exception())):
            self._asked_at = time.monotonic()
            answer = self._answer = asyncio.create_task(self._ask())
        return answer.result() if answer.done() else await asyncio.shield(answer)

    def _is_old(self) -> bool:
        return time.monotonic() - self._asked_at > self._age_s


class Customers(Protocol):
    """What the API asks about customers. Every method raises UnavailableError within a second when it cannot know."""

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:
        """Return every feature of the customer, and the instant that they are as of, as `as_of`.

        With `or_later` that may be a later instant than the one asked about: one that they are stored as of, since
        lines of later days were posted. CustomerNotFoundError or NoOrdersError without any.
        """

    async def features_of(
        self, customer_ids: Collection[int], as_of: datetime, *, or_later: bool = False
    ) -> Mapping[int, Found]:
        """Return the same of many: under each id the features, or the error that `features` would raise for it."""

    async def state(self) -> DataState:
        """Return how fresh the data is, at most STATE_AGE_S old."""

    async def count(self) -> int:
        """Return about how many transactions are stored, at most COUNT_AGE_S old."""


class MongoCustomers:
    """Customers in MongoDB. Building it connects to nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._db = connection.database
        self._stored = Coalesced(self._ask_stored, timeout_s=TIMEOUT_MS / 1000)
        self._not_stored = Coalesced(self._ask_computed, timeout_s=TIMEOUT_MS / 1000)
        self.state = Shared(self._ask_state, age_s=STATE_AGE_S)
        self.count = Shared(self._ask_count, age_s=COUNT_AGE_S)

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:
        """Return the stored features when they are as of then, else the same pipeline's result for one customer.

        What another version stored, by another definition of the features, is not returned: it may lack some.
        """
        asked_at = time.monotonic()
        stored = await self._stored(customer_id)
        as_of = _instant(stored, as_of, or_later=or_later)
        if stored and _answers(stored, as_of):
            return stored
        left_s = max(0.001, TIMEOUT_MS / 1000 - (time.monotonic() - asked_at))
        found: Found
        if or_later:  # as of the clock, mostly ids that nobody has: those who try many at once are two queries
            found = await self._not_stored((as_of, customer_id), timeout_s=left_s) or CustomerNotFoundError()
        else:  # another day's takes its time, and nobody else's
            async with self._connection.asking(int(1000 * left_s)):
                found = (await self._computed(as_of, [customer_id]))[customer_id]
        if isinstance(found, RetentionError):
            raise found
        return found

    async def features_of(
        self, customer_ids: Collection[int], as_of: datetime, *, or_later: bool = False
    ) -> Mapping[int, Found]:
        """Ask once for what is stored, and once for each instant that others must be computed as of: mostly one."""
        async with self._connection.asking():
            stored = await self._ask_stored(customer_ids)
            found: dict[int, Found] = {}
            missing: dict[datetime, list[int]] = {}
            for customer_id in set(customer_ids):
                customer = stored.get(customer_id)
                instant = _instant(customer, as_of, or_later=or_later)
                if customer and _answers(customer, instant):
                    found[customer_id] = customer
                else:
                    missing.setdefault(instant, []).append(customer_id)
            for instant, its in missing.items():
                found |= await self._computed(instant, its)
            return found

    async def _ask_stored(self, customer_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        # One batch: the server would stop after 101 documents, to be asked for more.
        asked = self._db[schema.CUSTOMERS].find(
            {"_id": {"$in": list(customer_ids)}}, NOT_ASKED_FOR, batch_size=len(customer_ids) + 1
        )
        async with self._connection.asking():
            return {customer["_id"]: customer for customer in await asked.to_list(None)}

    async def _ask_computed(self, keys: Collection[tuple[datetime, int]]) -> dict[tuple[datetime, int], Found]:
        found: dict[tuple[datetime, int], Found] = {}
        async with self._connection.asking():
            for as_of in {as_of for as_of, _ in keys}:  # mostly one
                its = await self._computed(as_of, [customer_id for instant, customer_id in keys if instant == as_of])
                found |= {(as_of, customer_id): each for customer_id, each in its.items()}
        return found

    async def _computed(self, as_of: datetime, customer_ids: Collection[int]) -> dict[int, Found]:
        """Return what the pipelines make of these customers as of this instant."""
        asked = self._db[schema.ORDERS].aggregate(
            pipelines.customers(as_of, list(customer_ids)), batchSize=len(customer_ids) + 1
        )
        found: dict[int, Found] = {customer["_id"]: customer for customer in await asked.to_list(None)}
        return found | await self._why_none([each for each in customer_ids if each not in found], as_of)

    async def _why_none(self, customer_ids: Collection[int], as_of: datetime) -> dict[int, RetentionError]:
        """Return the errors; who came later is not known yet."""
        if not customer_ids:
            return {}
        lines = {"CustomerID": {"$in": list(customer_ids)}, "InvoiceDate": {"$lt": as_of}}
        known = set(await self._db[schema.TRANSACTIONS].distinct("CustomerID", lines))
        return {each: NoOrdersError() if each in known else CustomerNotFoundError() for each in customer_ids}

    async def _ask_state(self) -> DataState:
        async with self._connection.asking(STATE_TIMEOUT_MS):
            clock: dict[str, Any] | None = await self._db[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})
            load: dict[str, Any] | None = await self._db[schema.LOADS].find_one(
                {"status": "finished"}, {"finished_at": 1}, sort=[("finished_at", -1)]
            )
        return DataState(clock["as_of"] if clock else None, load.get("finished_at") if load else None)

    async def _ask_count(self) -> int:
        async with self._connection.asking():
            return int(await self._db[schema.TRANSACTIONS].estimated_document_count())


def _instant(stored: Mapping[str, Any] | None, as_of: datetime, *, or_later: bool) -> datetime:
    """Return the instant to answer as of: with `or_later` the one that the customer is stored as of, when it is."""
    return max(as_of, stored["as_of"]) if stored and or_later else as_of


def _answers(stored: Mapping[str, Any], as_of: datetime) -> bool:
    """Tell whether what is stored is of that instant, and made by our definition of the features."""
    return bool(stored["as_of"] == as_of and stored.get("definition") == DEFINITIONS[schema.CUSTOMERS])

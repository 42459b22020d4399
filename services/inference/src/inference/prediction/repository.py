"""Queries about single customers: features as of an instant, and the state of the data."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from inference.database.batching import LookupBatcher
from inference.database.connection import TIMEOUT_MS
from inference.database.shared import SharedAnswer
from retention.errors import CustomerNotFoundError, NoOrdersError, RetentionError
from retention.features import pipelines
from retention.store import schema
from retention.store import shop as shops
from retention.store.derivation_steps import DEFINITIONS
from retention.store.driver_errors import is_unauthorized

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from inference.database.connection import Connection
    from retention.store.shop import Shop

Found: TypeAlias = "Mapping[str, Any] | RetentionError"  # a customer's features, or why there are none

STATE_TIMEOUT_MS: Final = 400  # state and look-up, one after the other, stay under a second
STATE_AGE_S: Final = 1.0
COUNT_AGE_S: Final = 5.0
# No answer needs these, and decoding them took half of the time: an instant takes as long as ten numbers.
LEFT_OUT: Final = dict.fromkeys(("first_order_at", "last_order_at", "unmatched_returns", "matched_returned"), 0)


class DataState(NamedTuple):
    """How fresh the data is: the instant the stored features are as of, and when lines last came in."""

    clock: datetime | None  # None before the first load
    loaded_at: datetime | None
    shop: Shop | None = None  # None before the first load, and where a release without it made the database


class Customers(Protocol):
    """What the API asks about customers. Every method raises UnavailableError within a second if it cannot know."""

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:
        """Return all features of the customer, and the instant they are as of, as `as_of`.

        With `or_later` it may be later than `as_of`: the instant of the stored features, because lines of later
        days were posted. CustomerNotFoundError or NoOrdersError if there are none.
        """

    async def features_of(
        self, customer_ids: Collection[int], as_of: datetime, *, or_later: bool = False
    ) -> Mapping[int, Found]:
        """Return by id the features, or the error that `features` would raise."""

    async def state(self) -> DataState:
        """Return how fresh the data is, at most STATE_AGE_S old."""

    async def count(self) -> int:
        """Return the approximate number of stored transactions, at most COUNT_AGE_S old."""


class MongoCustomers:
    """Customers in MongoDB. The constructor connects to nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._db = connection.database
        self._shop: Shop | None = None
        self._stored = LookupBatcher(self._find_stored, timeout_s=TIMEOUT_MS / 1000)
        self._not_stored = LookupBatcher(self._compute_keys, timeout_s=TIMEOUT_MS / 1000)
        self.state = SharedAnswer(self._find_state, age_s=STATE_AGE_S)
        self.count = SharedAnswer(self._estimate_count, age_s=COUNT_AGE_S)

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:
        """Return the stored features if they are as of that instant, else compute them with the same pipeline.

        Features stored by another version's definition are not returned: some may be missing.
        """
        started = time.monotonic()
        stored = await self._stored(customer_id)
        as_of = _instant(stored, as_of, or_later=or_later)
        if stored and _answers(stored, as_of):
            return stored
        left_s = max(0.001, TIMEOUT_MS / 1000 - (time.monotonic() - started))
        found: Found
        if or_later:  # as of the clock: mostly unknown ids, which share two queries
            found = await self._not_stored((as_of, customer_id), timeout_s=left_s) or CustomerNotFoundError()
        else:  # a past day: a query of its own, which delays no other
            async with self._connection.asking(int(1000 * left_s)):
                found = (await self._compute(as_of, [customer_id]))[customer_id]
        if isinstance(found, RetentionError):
            raise found
        return found

    async def features_of(
        self, customer_ids: Collection[int], as_of: datetime, *, or_later: bool = False
    ) -> Mapping[int, Found]:
        """Query once for stored features, and once per instant for those to compute: mostly one instant."""
        async with self._connection.asking():
            stored = await self._find_stored(customer_ids)
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
                found |= await self._compute(instant, its)
            return found

    async def _find_stored(self, customer_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        # One batch: by default the server stops after 101 documents and must be asked for more.
        cursor = self._db[schema.CUSTOMERS].find(
            {"_id": {"$in": list(customer_ids)}}, LEFT_OUT, batch_size=len(customer_ids) + 1
        )
        async with self._connection.asking():
            return {customer["_id"]: customer for customer in await cursor.to_list(None)}

    async def _compute_keys(self, keys: Collection[tuple[datetime, int]]) -> dict[tuple[datetime, int], Found]:
        found: dict[tuple[datetime, int], Found] = {}
        async with self._connection.asking():
            for as_of in {as_of for as_of, _ in keys}:  # mostly one
                its = await self._compute(as_of, [customer_id for instant, customer_id in keys if instant == as_of])
                found |= {(as_of, customer_id): each for customer_id, each in its.items()}
        return found

    async def _compute(self, as_of: datetime, customer_ids: Collection[int]) -> dict[int, Found]:
        """Return these customers' features as of this instant, computed by the pipelines, or why there are none."""
        cursor = self._db[schema.ORDERS].aggregate(
            pipelines.customers(as_of, list(customer_ids)), batchSize=len(customer_ids) + 1
        )
        found: dict[int, Found] = {customer["_id"]: customer for customer in await cursor.to_list(None)}
        return found | await self._why_missing([each for each in customer_ids if each not in found], as_of)

    async def _why_missing(self, customer_ids: Collection[int], as_of: datetime) -> dict[int, RetentionError]:
        """Return an error per customer; a customer who first bought later is not found."""
        if not customer_ids:
            return {}
        lines = {"CustomerID": {"$in": list(customer_ids)}, "InvoiceDate": {"$lt": as_of}}
        known = set(await self._db[schema.TRANSACTIONS].distinct("CustomerID", lines))
        return {each: NoOrdersError() if each in known else CustomerNotFoundError() for each in customer_ids}

    async def _find_state(self) -> DataState:
        async with self._connection.asking(STATE_TIMEOUT_MS):
            clock: dict[str, Any] | None = await self._db[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})
            load: dict[str, Any] | None = await self._db[schema.LOADS].find_one(
                {"status": "finished"}, {"finished_at": 1}, sort=[("finished_at", -1)]
            )
            self._shop = await self._find_shop()
        return DataState(clock["as_of"] if clock else None, load.get("finished_at") if load else None, self._shop)

    async def _find_shop(self) -> Shop | None:
        """Return the shop; what it was, once a deploy of a release without it has taken away the right to read it."""
        try:
            shop: dict[str, Any] | None = await self._db[schema.SHOP].find_one({"_id": schema.SHOP_ID})
        except Exception as error:
            if not is_unauthorized(error):
                raise
            return self._shop
        return shops.from_document(shop) if shop else None

    async def _estimate_count(self) -> int:
        async with self._connection.asking():
            return int(await self._db[schema.TRANSACTIONS].estimated_document_count())


def _instant(stored: Mapping[str, Any] | None, as_of: datetime, *, or_later: bool) -> datetime:
    """Return the instant to answer as of: with `or_later` the customer's stored one, if it is later."""
    return max(as_of, stored["as_of"]) if stored and or_later else as_of


def _answers(stored: Mapping[str, Any], as_of: datetime) -> bool:
    """Return whether stored features are as of that instant and made by our definition."""
    return bool(stored["as_of"] == as_of and stored.get("definition") == DEFINITIONS[schema.CUSTOMERS])

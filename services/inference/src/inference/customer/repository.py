"""Queries about many customers. Each one is served by an index."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, Final, Protocol

from inference.customer.order_history import order_history_pipeline
from inference.customer.segment_summary import segment_summary_pipeline
from inference.database.connection import retry_if_replaced
from inference.database.shared import SharedAnswer
from inference.errors import ScoresMissingError
from retention.features.pipelines import CONTRACT_FEATURES
from retention.lines.rules import MAX_CUSTOMER_ID
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from inference.customer.cursor import Place
    from inference.customer.requests import ListQuestion
    from inference.database.connection import Connection

    Document = Mapping[str, Any]

SEGMENTS_AGE_S: Final = 60.0
SEGMENTS_TIMEOUT_MS: Final = 15_000  # 1,000,000 customers took 6.4 s on a busy machine
NEIGHBOURS: Final = 200  # on either side; the nearest are shown

_LISTED: Final = (
    *CONTRACT_FEATURES, "net_monetary", "churn_probability", "churn_prediction", "evidence", "cluster", "segment",
    "as_of", "due", "model_version",
)  # fmt: skip
_BY_RISK, _BY_SEGMENT = ([(field, 1) for field in index.fields] for index in schema.SCORE_INDEXES)


class Ranking(Protocol):
    """All customers by their score. Every method raises UnavailableError within a second if it cannot know."""

    async def page(self, question: ListQuestion, after: Place | None) -> Sequence[Document]:
        """Return the scores after a place, in the requested order: one more than the page holds, if there is one.

        ScoresMissingError if customers exist but no scores.
        """

    async def segments(self) -> Sequence[Document]:
        """Return totals and means by segment, at most SEGMENTS_AGE_S old; ScoresMissingError as `page`.

        They are counted again once another model has scored. Counting may take SEGMENTS_TIMEOUT_MS; if a caller gives
        up earlier, the query continues for the next one.
        """

    async def orders(self, customer_id: int, as_of: datetime) -> Document:
        """Return the document of `order_history_pipeline`."""

    async def neighbours(self, customer_id: int, segment: str, churn_probability: float) -> Sequence[Document]:
        """Return up to NEIGHBOURS scores of the segment on either side of this place, without the customer's own."""


class MongoRanking:
    """The scores in MongoDB."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._scores = connection.database[schema.SCORES]
        self._customers = connection.database[schema.CUSTOMERS]
        self._orders = connection.database[schema.ORDERS]
        self._counted_of: str | None = None
        self._counted = self._new_count()

    async def page(self, question: ListQuestion, after: Place | None) -> Sequence[Document]:
        """Read one range of an index, no longer than the page even if many scores are equal."""
        async with self._connection.asking():
            found = await self._find_scores(question.limit + 1, **_bounds(question, after))
            if not found:
                await self._check_scored()
        return found

    async def segments(self) -> Sequence[Document]:
        """Count once for all callers, and again when any process has scored by another model."""
        scored_by = await self._scored_by()  # counting may take long, but an unreachable database is reported at once
        if scored_by != self._counted_of:
            self._counted_of, self._counted = scored_by, self._new_count()
        return await self._counted()

    def _new_count(self) -> SharedAnswer[Sequence[Document]]:
        return SharedAnswer(self._count_segments, age_s=SEGMENTS_AGE_S)

    async def _scored_by(self) -> str | None:
        """Return the version that made the scores, read from one of them; None without scores."""
        async with self._connection.asking():
            score: Document | None = await retry_if_replaced(
                lambda: self._scores.find_one({}, {"_id": 0, "model_version": 1})
            )
        return score["model_version"] if score else None

    async def _count_segments(self) -> Sequence[Document]:
        async with self._connection.asking(SEGMENTS_TIMEOUT_MS):
            found: list[dict[str, Any]] = await retry_if_replaced(
                lambda: self._scores.aggregate(segment_summary_pipeline()).to_list(None)
            )
            if not found:
                await self._check_scored()
        return found

    async def orders(self, customer_id: int, as_of: datetime) -> Document:
        """Run one aggregation."""
        async with self._connection.asking():
            found: list[dict[str, Any]] = await self._orders.aggregate(
                order_history_pipeline(customer_id, as_of)
            ).to_list(1)
        return found[0]

    async def neighbours(self, customer_id: int, segment: str, churn_probability: float) -> Sequence[Document]:
        """Read the segment's index upwards and downwards from the customer's place."""
        place = (churn_probability, customer_id)
        lower: dict[str, Any] = {
            "min": _key(segment, -1.0, 0),
            "max": _key(segment, *place),
            "sort": _descending(_BY_SEGMENT),
        }
        higher: dict[str, Any] = {
            "min": _key(segment, *_next(*place)),
            "max": _key(segment, 2.0, 0),
            "sort": _BY_SEGMENT,
        }
        async with self._connection.asking():
            sides = await asyncio.gather(*(
                self._find_scores(NEIGHBOURS, hint=_BY_SEGMENT, **side) for side in (lower, higher)
            ))  # fmt: skip
        return [score for side in sides for score in side if score["_id"] != customer_id]

    async def _find_scores(self, most: int, **which: Any) -> Sequence[Document]:  # noqa: ANN401 - arguments of find
        # One batch: the default is 101, and a cursor cannot continue once the scores are replaced.
        return await retry_if_replaced(
            lambda: self._scores.find(projection=_LISTED, limit=most, batch_size=most, **which).to_list(None)
        )

    async def _check_scored(self) -> None:
        """Raise ScoresMissingError if customers exist but no scores; an empty page is fine otherwise."""
        nobody = await retry_if_replaced(lambda: self._scores.find_one({}, {"_id": 1})) is None
        if nobody and await self._customers.find_one({}, {"_id": 1}) is not None:
            raise ScoresMissingError("no customer has been scored yet")


class Contacts(Protocol):
    """Customers' e-mails and text ids. Raises UnavailableError within a second if it cannot know."""

    async def find(self, customer_ids: Sequence[int]) -> Mapping[int, str] | None:
        """Return those that are kept, by ID; a number that is the shop's own has none. None: none is kept at all."""


class MongoContacts:
    """The collection `references` in MongoDB."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._references = connection.database[schema.REFERENCES]

    async def find(self, customer_ids: Sequence[int]) -> Mapping[int, str] | None:
        """Query once; a second time when nothing is found."""
        cursor = self._references.find({"_id": {"$in": list(customer_ids)}}, batch_size=len(customer_ids) + 1)
        async with self._connection.asking():
            kept = {found["_id"]: found["reference"] for found in await cursor.to_list(None)}
            return kept if kept or await self._references.find_one({}, {"_id": 1}) else None


def _bounds(question: ListQuestion, after: Place | None) -> dict[str, Any]:
    """Return arguments of find that start after a place; a filter alone would read every score of equal probability."""
    if question.sort == "customer_id":
        return {"filter": {"_id": {"$gt": after.customer_id if after else 0}}, "sort": [("_id", 1)]}
    first: tuple[float, int] = (question.min_churn or 0.0, 0)
    beyond: tuple[float, int] = (2.0, 0)
    ascending = question.sort == "churn_probability"
    if after is not None:
        first, beyond = (_next(*after), beyond) if ascending else (first, (after.churn_probability, after.customer_id))
    index = _BY_RISK if question.segment is None else _BY_SEGMENT
    return {
        "hint": index,
        "min": _key(question.segment, *first),
        "max": _key(question.segment, *beyond),
        "sort": index if ascending else _descending(index),
    }


def _key(segment: str | None, churn_probability: float, customer_id: int) -> dict[str, Any]:
    key = {"churn_probability": churn_probability, "_id": customer_id}
    return key if segment is None else {"segment": segment, **key}


def _next(churn_probability: float, customer_id: int) -> tuple[float, int]:
    """Return the least key above this one, since a lower bound is inclusive."""
    if customer_id < MAX_CUSTOMER_ID:
        return churn_probability, customer_id + 1
    return math.nextafter(churn_probability, 2.0), 0


def _descending(index: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(field, -direction) for field, direction in index]

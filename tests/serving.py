"""Customers in memory, some of which misbehave, and a models volume: what an API under test stands on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import httpx
from bundles import small_bundle

from inference.errors import KeyReusedError
from inference.health.repository import Loaded
from inference.prediction.repository import DataState
from inference.transaction import posts
from inference.transaction.posts import Post, Reply, ledger
from retention.errors import CustomerNotFoundError, NoOrdersError, UnavailableError
from retention.lines.documents import line_id

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from inference.customer.cursor import Place
    from inference.customer.requests import ListQuestion
    from inference.prediction.repository import Found
    from inference.transaction.responses import Ingested
    from retention.registry.bundle import Bundle
    from retention.registry.versions import Registry

Serve: TypeAlias = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

CLOCK = datetime(2011, 12, 10, tzinfo=UTC)
NOW = datetime(2011, 12, 12, 9, 30, tzinfo=UTC)
ORDERS = {
    12347: [(datetime(2011, 1, 5, 9, tzinfo=UTC), 100.0), (datetime(2011, 12, 7, 12, tzinfo=UTC), 250.5)],
    12348: [(datetime(2011, 11, 30, 15, tzinfo=UTC), 20.0)],
    12349: [],
    12378: [(datetime(2011, 8, 2, 10, tzinfo=UTC), 4008.62)],  # of the documentation's examples
}


class InMemoryCustomers:
    """Customers with (when, value) orders; one with none is known for other things. Passes the lookup's own tests."""

    def __init__(self, orders: Mapping[int, list[tuple[datetime, float]]], *, loaded_at: datetime | None = NOW) -> None:
        self._orders = orders
        self._loaded_at = loaded_at

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:  # noqa: ARG002 - nothing is posted here
        if customer_id not in self._orders:
            raise CustomerNotFoundError
        if not self._orders[customer_id]:
            raise NoOrdersError
        before = [(at, value) for at, value in self._orders[customer_id] if at < as_of]
        if not before:
            raise CustomerNotFoundError
        monetary = round(sum(value for _, value in before), 2)
        days = sorted((as_of - at) // timedelta(days=1) for at, _ in before)
        return {
            "month": as_of.month,
            "distinct_products": len(before),
            "Frequency": len(before),
            "Monetary": monetary,
            "net_monetary": monetary,
            "AvgOrderValue": round(monetary / len(before), 2),
            "Recency": days[0],
            "Tenure": days[-1],
            "as_of": as_of,
        }

    async def features_of(
        self, customer_ids: Collection[int], as_of: datetime, *, or_later: bool = False
    ) -> Mapping[int, Found]:
        found: dict[int, Found] = {}
        for customer_id in customer_ids:
            try:
                found[customer_id] = await self.features(customer_id, as_of, or_later=or_later)
            except (CustomerNotFoundError, NoOrdersError) as error:
                found[customer_id] = error
        return found

    async def state(self) -> DataState:
        return DataState(CLOCK, self._loaded_at)

    async def count(self) -> int:
        return sum(map(len, self._orders.values()))


class UnreachableCustomers(InMemoryCustomers):
    """A database that is away."""

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:  # noqa: ARG002
        raise UnavailableError(f"mongodb://user:secret@example.org is away {customer_id} {as_of}")

    async def state(self) -> DataState:
        raise UnavailableError("mongodb://user:secret@example.org is away")

    async def count(self) -> int:
        raise UnavailableError("mongodb://user:secret@example.org is away")


class BrokenCustomers(InMemoryCustomers):
    """A look-up with a bug."""

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:  # noqa: ARG002
        raise ZeroDivisionError(f"/app/secret {customer_id} {as_of}")


class InMemoryTransactions:
    """Lines by their id, and the requests that had a key. Passes the store's own tests of accounts and keys."""

    def __init__(self) -> None:
        self._ids: set[bytes] = set()
        self._answered: dict[str, tuple[str, Ingested]] = {}

    async def add(self, post: Post) -> Reply:
        body_sha256, answer = self._answered.get(post.load_id, (post.body_sha256, None))
        if body_sha256 != post.body_sha256:
            raise KeyReusedError
        if answer:
            return Reply(answer, replayed=True)
        ids = set(map(line_id, post.documents))
        account = ledger(post, duplicate=len(ids & self._ids))
        self._ids |= ids
        given = posts.answer(post, account, {})
        self._answered[post.load_id] = (post.body_sha256, given)
        return Reply(given, replayed=False)

    async def keep_healing(self) -> None:
        return


class UnreachableTransactions(InMemoryTransactions):
    """A database that is away."""

    async def add(self, post: Post) -> Reply:
        raise UnavailableError(f"mongodb://user:secret@example.org is away {post}")


class InMemoryRanking:
    """Scores in memory; of every customer the same orders. Passes the ranking's own tests of order and pages."""

    def __init__(self, scores: Sequence[Mapping[str, Any]] = ()) -> None:
        self._scores = scores

    async def page(self, question: ListQuestion, after: Place | None) -> Sequence[Mapping[str, Any]]:
        def key(score: Mapping[str, Any]) -> tuple[float, int]:
            return (0.0 if question.sort == "customer_id" else score["churn_probability"]), score["_id"]

        listed = [
            score
            for score in self._scores
            if question.segment in {None, score["segment"]} and score["churn_probability"] >= (question.min_churn or 0)
        ]
        descending = question.sort == "-churn_probability"
        listed.sort(key=key, reverse=descending)
        if after is not None:
            last = (0.0 if question.sort == "customer_id" else after.churn_probability), after.customer_id
            listed = [score for score in listed if (key(score) < last if descending else key(score) > last)]
        return listed[: question.limit + 1]

    async def segments(self) -> Sequence[Mapping[str, Any]]:
        return []

    async def orders(self, customer_id: int, as_of: datetime) -> Mapping[str, Any]:
        before = [(at, value) for at, value in ORDERS[customer_id] if at < as_of]
        total = {"n": len(before), "value": sum(value for _, value in before)}
        ends = {"first": before[0][0], "last": before[-1][0]}
        latest = [
            {"_id": {"invoice": f"5{n}", "day": at, "kind": "order"}, "value": value, "units": 6, "lines": 2}
            for n, (at, value) in enumerate(before)
        ]
        months = [{"_id": f"{at:%Y-%m}", "n": 1, "value": value} for at, value in before]
        return {"total": [{"_id": "order", **total, **ends}], "months": months, "recent": latest[::-1]}

    async def neighbours(self, customer_id: int, segment: str, churn_probability: float) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002 - all are near
        return [score for score in self._scores if score["segment"] == segment and score["_id"] != customer_id]


class InMemoryContacts:
    """References by ID; without any, every ID is the shop's own number."""

    def __init__(self, references: Mapping[int, str] | None = None) -> None:
        self._references = references

    async def find(self, customer_ids: Sequence[int]) -> Mapping[int, str] | None:
        return self._references and {each: self._references[each] for each in customer_ids if each in self._references}


class UnreachableRanking(InMemoryRanking):
    """A database that is away."""

    async def page(self, question: ListQuestion, after: Place | None) -> Sequence[Mapping[str, Any]]:
        raise UnavailableError(f"mongodb://user:secret@example.org is away {question} {after}")

    async def segments(self) -> Sequence[Mapping[str, Any]]:
        raise UnavailableError("mongodb://user:secret@example.org is away")

    async def orders(self, customer_id: int, as_of: datetime) -> Mapping[str, Any]:
        raise UnavailableError(f"mongodb://user:secret@example.org is away {customer_id} {as_of}")


class InMemoryScores:
    """Scores that nobody keeps true: there is no database."""

    async def rescore(self, bundle: Bundle | None, customer_ids: Collection[int]) -> None:  # noqa: ARG002
        return

    async def everybody(self, bundle: Bundle) -> int | None:  # noqa: ARG002
        return 0

    async def reconcile_forever(self) -> None:
        return


class InMemoryLoads:
    """One file, some of whose rows could not be understood."""

    async def loaded(self) -> Loaded:
        rows = {("inserted", ""): 90, ("duplicate", ""): 6, ("erased", ""): 0, ("quarantined", "Quantity_missing"): 4}
        return Loaded(rows, CLOCK - timedelta(hours=11))


class UnreachableLoads(InMemoryLoads):
    """A database that is away."""

    async def loaded(self) -> Loaded:
        raise UnavailableError("mongodb://user:secret@example.org is away")


class Models(NamedTuple):
    """A models volume and the key beside it."""

    registry: Registry
    key_file: Path

    def publish(self, version: str, **bundle: Any) -> None:
        """Write a small bundle and make it the champion."""
        small_bundle(self.registry.folder(version), **bundle)
        self.promote(version)

    def promote(self, version: str) -> None:
        """Move the pointer."""
        self.registry.live_dir.mkdir(parents=True, exist_ok=True)
        self.registry.promote(version, at=NOW, reason="test")

"""The segments, counted over everybody: shares that add up, once a minute, and nobody waits over a second."""

from __future__ import annotations

import asyncio
import math
from contextlib import closing
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest
from bundles import KEY, VERSION, small_bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from serving import InMemoryRanking, UnreachableRanking

from inference.customer.repository import MongoRanking
from inference.customer.responses import SegmentSummary
from inference.customer.segment_summary import segment_summaries
from inference.database.connection import Connection
from inference.database.shared import SharedAnswer
from inference.errors import ScoresMissingError
from inference.settings import Settings
from retention.registry.bundle import read_bundle
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import httpx
    from pymongo.database import Database
    from serving import Models, Serve

    Db = Database[dict[str, Any]]

pytestmark = pytest.mark.anyio

NEXT = "20260102T000000Z-0000000"
SCORE = {
    "cluster": 1, "Recency": 10, "Frequency": 2, "Monetary": 99.0, "net_monetary": 30.0, "churn_probability": 0.5,
    "model_version": VERSION,
}  # fmt: skip


def counted(
    cluster: int, customers: int = 1, revenue: float = 1.0, segment: str = "Churn Risk", model_version: str = VERSION
) -> dict[str, Any]:
    return {
        "_id": segment, "cluster": cluster, "customers": customers, "revenue": revenue, "flagged": 0,
        "model_version": model_version, "recency": 2.5, "frequency": 1.5, "churn_probability": 0.25,
    }  # fmt: skip


class Counted(InMemoryRanking):
    """Segments whose counting takes until `counted` is set."""

    def __init__(self, found: Sequence[dict[str, Any]]) -> None:
        super().__init__()
        self.found, self.counted, self.asked = found, asyncio.Event(), 0
        self._shared = SharedAnswer(self._count, age_s=60)

    async def segments(self) -> Sequence[dict[str, Any]]:
        return await self._shared()

    async def _count(self) -> Sequence[dict[str, Any]]:
        self.asked += 1
        await self.counted.wait()
        return self.found


def test_everybody_is_counted_in_the_database(mongo_uri: str, database: Db, environ: dict[str, str]) -> None:
    database[schema.SCORES].insert_many([
        {**SCORE, "_id": 1, "segment": "Churn Risk", "churn_prediction": 1},
        {**SCORE, "_id": 2, "segment": "Churn Risk", "churn_prediction": 0, "Recency": 20, "churn_probability": 0.2},
        {**SCORE, "_id": 3, "segment": "Loyal High-Value", "cluster": 0, "churn_prediction": 0, "net_monetary": 140.0},
    ])  # fmt: skip

    async def ask() -> list[SegmentSummary]:
        variables = {"MONGO_URI": mongo_uri, "DB_NAME": database.name}
        with closing(Connection(Settings.from_environ(environ | variables))) as connection:
            ranking = MongoRanking(connection)
            first = await ranking.segments()
            database[schema.SCORES].delete_one({"_id": 3})
            assert await ranking.segments() is first
            return segment_summaries(first, None)

    loyal, risky = asyncio.run(ask())
    assert loyal["segment"] == "Loyal High-Value"
    assert risky == {
        "segment": "Churn Risk", "cluster": 1, "customers": 2, "share": 2 / 3, "recency": 15.0, "frequency": 2.0,
        "monetary": 30.0, "revenue_share": 0.3, "churn_probability": 0.35, "flagged": 1, "action": None,
        "model_version": VERSION,
    }  # fmt: skip


def test_a_segment_that_returned_more_than_it_ordered_has_no_share_of_the_revenue() -> None:
    loyal, risky = segment_summaries([counted(0, 2, 30.0), counted(1, 4, -6.0)], None)
    assert (loyal["revenue_share"], risky["revenue_share"]) == (1.0, 0.0)
    assert risky["monetary"] == -1.5


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10**9), st.floats(-1e12, 1e12)), min_size=1, max_size=9))
def test_the_shares_add_up_to_one(sizes: list[tuple[int, float]]) -> None:
    segments = segment_summaries([counted(n, customers, revenue) for n, (customers, revenue) in enumerate(sizes)], None)
    assert abs(math.fsum(each["share"] for each in segments) - 1) <= 1e-9
    assert abs(math.fsum(each["revenue_share"] for each in segments) - 1) <= 1e-9


def test_each_segment_has_what_the_live_model_says_to_do_about_it(tmp_path: Path) -> None:
    small_bundle(tmp_path / VERSION)
    bundle = read_bundle(tmp_path / VERSION, KEY)
    known, of_before = segment_summaries([counted(0, revenue=2), counted(1, model_version=NEXT)], bundle)
    assert (known["action"], of_before["action"]) == ("act", None)
    assert (known["model_version"], of_before["model_version"]) == (VERSION, NEXT)


async def test_what_another_model_scored_is_counted_anew_whoever_replaced_it(
    mongo_uri: str, database: Db, environ: dict[str, str]
) -> None:
    score = {**SCORE, "_id": 1, "segment": "Churn Risk", "churn_prediction": 1}
    database[schema.SCORES].insert_one(score)
    database[schema.NEXT_SCORES].insert_one({**score, "segment": "Loyal High-Value", "model_version": NEXT})
    variables = {"MONGO_URI": mongo_uri, "DB_NAME": database.name}
    with closing(Connection(Settings.from_environ(environ | variables))) as connection:
        ranking = MongoRanking(connection)
        before = await ranking.segments()
        database[schema.NEXT_SCORES].rename(schema.SCORES, dropTarget=True)
        after = await ranking.segments()
    assert [(each["_id"], each["model_version"]) for each in (*before, *after)] == [
        ("Churn Risk", VERSION), ("Loyal High-Value", NEXT),
    ]  # fmt: skip


async def test_it_is_counted_once_for_all_who_ask(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    ranking = Counted([counted(0)])
    asyncio.get_running_loop().call_later(0.05, ranking.counted.set)
    async with serve(ranking=ranking) as api:
        answers = await asyncio.gather(*(api.get("/clusters/summary") for _ in range(5)))
        answers.append(await api.get("/clusters/summary"))
    assert {answer.status_code for answer in answers} == {200}
    assert ranking.asked == 1
    TypeAdapter(list[SegmentSummary]).validate_json(answers[0].content, strict=True)
    assert answers[0].json()[0]["action"] == "act"


async def test_who_would_wait_for_longer_than_a_second_is_told_to_come_again(serve: Serve) -> None:
    ranking = Counted([counted(0)])
    async with serve(ranking=ranking) as api:
        started = perf_counter()
        answer = await api.get("/clusters/summary")
        assert 0.5 < perf_counter() - started < 3  # a second, on a busy machine
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert answer.headers["retry-after"]
        ranking.counted.set()
        again = await api.get("/clusters/summary")
    assert (again.status_code, ranking.asked) == (200, 1)  # the first one's question went on


async def test_a_database_that_is_away_is_a_503(serve: Serve) -> None:
    async with serve(ranking=UnreachableRanking()) as api:
        answer = await api.get("/clusters/summary")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


async def test_a_parameter_is_refused(api: httpx.AsyncClient) -> None:
    for query in ("segment=x", "a=1&a=2"):
        answer = await api.get(f"/clusters/summary?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation")


async def test_without_anybody_to_count_it_is_empty(api: httpx.AsyncClient) -> None:
    assert (await api.get("/clusters/summary")).json() == []


async def test_customers_without_scores_are_not_counted_as_none(
    mongo_uri: str, database: Db, environ: dict[str, str]
) -> None:
    database[schema.CUSTOMERS].insert_one({"_id": 7})
    variables = {"MONGO_URI": mongo_uri, "DB_NAME": database.name}
    connection = Connection(Settings.from_environ(environ | variables))
    with closing(connection), pytest.raises(ScoresMissingError):
        await MongoRanking(connection).segments()

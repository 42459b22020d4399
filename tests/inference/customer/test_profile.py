"""One customer at length: the by-id answer, orders and returns, and who is like them."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest
from bundles import KEY, VERSION, small_bundle
from pydantic import TypeAdapter
from serving import ORDERS, InMemoryCustomers, InMemoryRanking, UnreachableCustomers, UnreachableRanking

from inference.customer.order_history import order_history
from inference.customer.repository import MongoRanking
from inference.customer.responses import Profile
from inference.customer.similar import most_similar
from inference.database.connection import Connection
from inference.settings import Settings
from retention.registry.bundle import read_bundle
from retention.store import schema
from retention.store.derivation_steps import customers_steps, orders_steps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import httpx
    from pymongo.database import Database
    from serving import Models, Serve

    Db = Database[dict[str, Any]]

pytestmark = pytest.mark.anyio

AS_OF = datetime(2011, 12, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def line(invoice: str, at: datetime, quantity: int = 1, price: float = 10.0, product: str = "A") -> dict[str, Any]:
    return {
        "InvoiceNo": invoice, "StockCode": product, "Quantity": quantity, "UnitPrice": price, "InvoiceDate": at,
        "CustomerID": 7,
    }  # fmt: skip


def score(customer_id: int, **values: Any) -> dict[str, Any]:
    return {
        "_id": customer_id, "segment": "Churn Risk", "churn_probability": 0.5, "Frequency": 2, "Monetary": 100.0,
        "net_monetary": 90.0, "Recency": 10, "as_of": AS_OF, "model_version": VERSION, **values,
    }  # fmt: skip


async def ask_orders(database: Db, environ: dict[str, str], uri: str, as_of: datetime) -> Mapping[str, Any]:
    variables = {"MONGO_URI": uri, "DB_NAME": database.name}
    with closing(Connection(Settings.from_environ(environ | variables))) as connection:
        return order_history(await MongoRanking(connection).orders(7, as_of), as_of)


async def test_orders_and_returns_are_added_up_as_the_features_are(
    database: Db, environ: dict[str, str], mongo_uri: str
) -> None:
    noon = datetime(2011, 12, 1, 12, tzinfo=UTC)
    lines = [line(f"5{n:02}", noon - 20 * n * DAY, 2, 3.335) for n in range(40)]
    lines += [line("500", noon + timedelta(minutes=1), 3, 1.005, "B")]
    lines += [line("C1", noon, -1, 4.0), line("C2", noon, -2, 1.5)]
    lines += [{**line("600", noon), "CustomerID": 8}, line("700", AS_OF)]
    database[schema.TRANSACTIONS].insert_many(lines)
    for step in (*orders_steps(1), *customers_steps(2, AS_OF)):
        database[step.source].aggregate(step.pipeline)
    features = database[schema.CUSTOMERS].find_one({"_id": 7}) or {}

    orders = await ask_orders(database, environ, mongo_uri, AS_OF)

    assert (orders["orders"], orders["returns"]) == (features["Frequency"], features["returns"]) == (40, 2)
    assert orders["monetary"] == features["Monetary"]
    assert orders["returned"] == 7.0
    assert orders["net_monetary"] == features["net_monetary"] == orders["monetary"] - 7.0
    assert orders["first_order_at"] == "2009-10-12T12:00:00Z"
    assert orders["last_order_at"] == "2011-12-01T12:01:00Z"
    months = orders["by_month"]
    assert [each["month"] for each in months] == ["2011-01", *(f"2011-{month:02}" for month in range(2, 13))]
    assert sum(each["orders"] for each in months) == sum(1 for each in lines[:40] if each["InvoiceDate"].year == 2011)
    assert len(orders["recent"]) == 10
    assert [each["invoice"] for each in orders["recent"][:4]] == ["500", "C2", "C1", "501"]
    assert orders["recent"][0] == {
        "invoice": "500", "day": "2011-12-01", "kind": "order", "value": 9.69, "units": 5, "lines": 2,
    }  # fmt: skip
    assert orders["recent"][1]["kind"] == "return"


async def test_of_a_past_day_nothing_later_is_looked_at(database: Db, environ: dict[str, str], mongo_uri: str) -> None:
    database[schema.TRANSACTIONS].insert_many([line(f"5{n}", AS_OF - (100 * n + 1) * DAY) for n in range(4)])
    for step in orders_steps(1):
        database[step.source].aggregate(step.pipeline)
    past = AS_OF - 100 * DAY
    before = await ask_orders(database, environ, mongo_uri, past)
    assert (before["orders"], before["last_order_at"][:10]) == (3, "2011-08-31")
    assert [each["month"] for each in before["by_month"]][-1] == "2011-08"


async def test_the_neighbours_are_those_next_in_the_index(
    database: Db, environ: dict[str, str], mongo_uri: str
) -> None:
    scores = [score(1 + n, churn_probability=n / 1000) for n in range(1000)]
    scores += [score(2000 + n, churn_probability=0.5) for n in range(300)]
    scores += [score(5000 + n, segment="Loyal High-Value") for n in range(9)]
    database[schema.SCORES].insert_many(scores)
    for index in schema.SCORE_INDEXES:
        database[schema.SCORES].create_index([(field, 1) for field in index.fields])
    variables = {"MONGO_URI": mongo_uri, "DB_NAME": database.name}
    with closing(Connection(Settings.from_environ(environ | variables))) as connection:
        found = await MongoRanking(connection).neighbours(2150, "Churn Risk", 0.5)
        ends = await MongoRanking(connection).neighbours(1, "Churn Risk", 0.0)
        none = await MongoRanking(connection).neighbours(1, "of nobody", 0.0)
    ordered = sorted((each["churn_probability"], each["_id"]) for each in scores if each["segment"] == "Churn Risk")
    place = ordered.index((0.5, 2150))
    expected = ordered[place - 200 : place] + ordered[place + 1 : place + 201]
    assert sorted((each["churn_probability"], each["_id"]) for each in found) == expected
    assert sorted(each["_id"] for each in ends) == list(range(2, 202))
    assert none == []


def test_scores_of_an_older_release_are_ranked_by_the_money_they_have(tmp_path: Path) -> None:
    small_bundle(tmp_path / VERSION)
    bundle = read_bundle(tmp_path / VERSION, KEY)
    features: Any = {"Frequency": 2, "Monetary": 500.0, "net_monetary": -5.0, "Recency": 10}
    scores = [score(1, Monetary=500.0), score(2, Monetary=0.5)]
    for each in scores:
        del each["net_monetary"]
    found = most_similar(features, scores, bundle, AS_OF)
    assert [(each["customer_id"], each["net_monetary"]) for each in found] == [(2, None), (1, None)]


def test_the_nearest_are_those_of_most_similar_figures(tmp_path: Path) -> None:
    small_bundle(tmp_path / VERSION)
    bundle = read_bundle(tmp_path / VERSION, KEY)
    features: Any = {"Frequency": 2, "Monetary": 500.0, "net_monetary": 100.0, "Recency": 10}
    scores = [score(n, net_monetary=100.0 + 10 * abs(n - 50)) for n in range(100)]
    scores += [score(777, as_of=AS_OF + DAY), score(778, model_version="20250101T000000Z-0000000")]
    found = most_similar(features, scores, bundle, AS_OF)
    assert [each["customer_id"] for each in found] == [50, 49, 51, 48, 52]
    assert most_similar(features, scores, bundle, AS_OF - DAY) == []


async def test_a_profile_is_the_answer_by_id_and_more(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    headers = {"X-Request-ID": "r"}
    async with serve(ranking=InMemoryRanking([score(n, segment=name) for n, name in enumerate(NAMES, 1)])) as api:
        answer = await api.get("/customers/12347", headers=headers)
        by_id = (await api.post("/predict_churn_by_id", json={"customer_id": 12347}, headers=headers)).json()
    profile = answer.json()
    assert answer.status_code == 200
    TypeAdapter(Profile).validate_json(answer.content, strict=True)
    assert {name: profile[name] for name in by_id} == by_id
    assert (profile["orders"]["orders"], profile["orders"]["monetary"]) == (2, 350.5)
    assert [each["segment"] for each in profile["similar"]] == [profile["segment"]["segment"]]


NAMES = ("Loyal High-Value", "Potential Loyalists", "Occasional Buyers", "Churn Risk")


async def test_of_a_past_day_it_is_the_answer_of_then(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(ranking=InMemoryRanking([score(n, segment=name) for n, name in enumerate(NAMES, 1)])) as api:
        profile = (await api.get("/customers/12347", params={"as_of": "2011-10-01T00:00:00Z"})).json()
    assert profile["meta"]["as_of"] == "2011-10-01T00:00:00Z"
    assert profile["features"]["Frequency"] == profile["orders"]["orders"] == 1
    assert profile["similar"] == []


async def test_of_an_instant_that_is_asked_for_nothing_is_said_that_later_days_could_change(
    serve: Serve, models: Models
) -> None:
    models.publish(VERSION)
    async with serve(ranking=InMemoryRanking([score(n, segment=name) for n, name in enumerate(NAMES, 1)])) as api:
        now = (await api.get("/customers/12347")).json()
        then = (await api.get("/customers/12347", params={"as_of": now["meta"]["as_of"]})).json()
    assert now["similar"] != []
    assert {**now, "similar": [], "meta": 0} == {**then, "meta": 0}


@pytest.mark.parametrize(("customer_id", "code"), [(99, "customer_not_found"), (12349, "no_orders")])
async def test_who_has_no_profile_is_a_404(api: httpx.AsyncClient, customer_id: int, code: str) -> None:
    answer = await api.get(f"/customers/{customer_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, code)


@pytest.mark.parametrize(
    "customer_id",
    ["0", "-1", "007", "+5", "%2B5", "12347.0", "1e3", "12_347", "9223372036854775808", "9" * 400, "abc", "NaN", "%20"],
)
async def test_what_is_no_id_is_a_422(api: httpx.AsyncClient, customer_id: str) -> None:
    answer = await api.get(f"/customers/{customer_id}")
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/customer_id"]


async def test_the_largest_id_is_one(api: httpx.AsyncClient) -> None:
    assert (await api.get(f"/customers/{2**63 - 1}")).status_code == 404


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("as_of=2011-10-01", "#/as_of"),
        ("as_of=", "#/as_of"),
        ("as_of=2011-10-01T12:00:00Z", "#/as_of"),
        ("as_of=2011-10-01T00:00:00Z&as_of=2011-10-01T00:00:00Z", "#"),
        ("explain=false", "#"),
    ],
)
async def test_another_question_is_a_422(api: httpx.AsyncClient, query: str, pointer: str) -> None:
    answer = await api.get(f"/customers/12347?{query}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_without_a_model_it_is_a_503(serve: Serve) -> None:
    async with serve() as api:
        answer = await api.get("/customers/12347")
    assert (answer.status_code, answer.json()["code"]) == (503, "model_not_loaded")


@pytest.mark.parametrize("away", [{"customers": UnreachableCustomers(ORDERS)}, {"ranking": UnreachableRanking()}])
async def test_without_a_database_it_is_a_503(serve: Serve, models: Models, away: dict[str, Any]) -> None:
    models.publish(VERSION)
    async with serve(**away) as api:
        answer = await api.get("/customers/12347")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "secret" not in answer.text


class SlowRanking(InMemoryRanking):
    """Orders that take a minute."""

    async def orders(self, customer_id: int, as_of: datetime) -> Mapping[str, Any]:
        await asyncio.sleep(60)
        return await super().orders(customer_id, as_of)


async def test_a_slow_database_is_not_waited_for_longer_than_a_second(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(ranking=SlowRanking()) as api:
        started = perf_counter()
        answer = await api.get("/customers/12347")
    assert perf_counter() - started < 3  # a second, on a busy machine
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


async def test_an_answer_is_by_one_bundle_though_another_is_promoted_meanwhile(serve: Serve, models: Models) -> None:
    second = "20260102T000000Z-0000000"
    models.publish(VERSION)

    class Promoting(InMemoryCustomers):
        async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:
            models.publish(second, base_log_odds=2.0)
            await app.state.predictions.live.refresh()
            assert app.state.predictions.live.bundle.version == second
            return await super().features(customer_id, as_of, or_later=or_later)

    async with serve(Promoting(ORDERS)) as api:
        app: Any = api._transport.app  # type: ignore[attr-defined]
        answer = (await api.get("/customers/12347")).json()
    bundle = read_bundle(models.registry.folder(VERSION), KEY)
    features = await InMemoryCustomers(ORDERS).features(12347, AS_OF)
    assert answer["meta"]["model_version"] == VERSION
    assert answer["prediction"]["churn_probability"] == bundle.churn.probability(features)

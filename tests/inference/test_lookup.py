"""What every look-up of customers must do: the one over a real MongoDB and the one that tests use in its place."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from serving import CLOCK, NOW, ORDERS, InMemoryCustomers

from inference.connection import Connection
from inference.predictions.lookup import Customers, MongoCustomers, Shared
from inference.settings import Settings
from retention import pipelines, schema
from retention.errors import CustomerNotFoundError, NoOrdersError
from retention.refresh import customers_steps, orders_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

pytestmark = pytest.mark.anyio

PAST = datetime(2011, 9, 10, tzinfo=UTC)


@pytest.fixture
def stored(database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    """ORDERS as the seeder leaves them; the customer without any has returned something."""
    lines = [
        {
            "InvoiceNo": f"5{n}",
            "StockCode": "A",
            "Quantity": 1,
            "UnitPrice": value,
            "InvoiceDate": at,
            "CustomerID": who,
        }
        for who, orders in ORDERS.items()
        for n, (at, value) in enumerate(orders)
    ]
    lines.append(
        {
            "InvoiceNo": "C1",
            "StockCode": "A",
            "Quantity": -1,
            "UnitPrice": 5.0,
            "InvoiceDate": PAST,
            "CustomerID": 12349,
        }
    )
    database[schema.TRANSACTIONS].insert_many(lines)
    for step in (*orders_steps(1), *customers_steps(2, CLOCK)):
        database[step.source].aggregate(step.pipeline)
    database[schema.CLOCK].insert_one({"_id": schema.CLOCK_ID, "as_of": CLOCK})
    database[schema.LOADS].insert_many([
        {"_id": "first", "status": "finished", "finished_at": PAST},
        {"_id": "last", "status": "finished", "finished_at": NOW},
        {"_id": "running", "status": "loading"},
    ])  # fmt: skip
    return database


@pytest.fixture(params=["memory", "mongo"])
def customers(request: pytest.FixtureRequest, environ: dict[str, str]) -> Iterator[Customers]:
    # Both ask for the server, so that sockets are open for the event loop either way.
    database: Database[dict[str, Any]] = request.getfixturevalue("stored")
    if request.param == "memory":
        yield InMemoryCustomers(ORDERS)
        return
    uri = request.getfixturevalue("mongo_uri")
    with closing(
        Connection(Settings.from_environ(environ | {"MONGO_URI": uri, "DB_NAME": database.name}))
    ) as connection:
        yield MongoCustomers(connection)


@pytest.mark.usefixtures("mongo_uri")
@pytest.mark.parametrize("as_of", [CLOCK, PAST])
async def test_the_features_are_those_as_of_the_instant(customers: Customers, as_of: datetime) -> None:
    features = await customers.features(12347, as_of)

    assert {name: features[name] for name in pipelines.CONTRACT_FEATURES} == (
        {"Frequency": 2, "Monetary": 350.5, "AvgOrderValue": 175.25, "Recency": 2, "Tenure": 338}
        if as_of == CLOCK
        else {"Frequency": 1, "Monetary": 100.0, "AvgOrderValue": 100.0, "Recency": 247, "Tenure": 247}
    )


@pytest.mark.usefixtures("mongo_uri")
async def test_an_unknown_customer_is_not_found(customers: Customers) -> None:
    with pytest.raises(CustomerNotFoundError):
        await customers.features(2**63 - 1, CLOCK)


@pytest.mark.usefixtures("mongo_uri")
@pytest.mark.parametrize(
    ("customer_id", "as_of"), [(12349, CLOCK), (12348, PAST), (12347, datetime(2011, 1, 5, tzinfo=UTC))]
)
async def test_a_customer_without_an_order_before_the_instant_has_none(
    customers: Customers, customer_id: int, as_of: datetime
) -> None:
    with pytest.raises(NoOrdersError):
        await customers.features(customer_id, as_of)


@pytest.mark.usefixtures("mongo_uri")
async def test_the_state_is_the_clock_and_the_last_finished_load(customers: Customers) -> None:
    state = await customers.state()

    assert state == (CLOCK, NOW)


@pytest.mark.usefixtures("mongo_uri")
async def test_it_answers_and_counts(customers: Customers) -> None:
    await customers.ping()
    assert await customers.count() >= 3


async def test_an_empty_database_has_no_clock(mongo_uri: str, database_name: str, environ: dict[str, str]) -> None:
    settings = Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": database_name})
    with closing(Connection(settings)) as connection:
        customers = MongoCustomers(connection)
        assert await customers.state() == (None, None)
        with pytest.raises(CustomerNotFoundError):
            await customers.features(12347, CLOCK)


async def test_stored_features_as_of_another_instant_are_computed_anew(
    mongo_uri: str, stored: Database[dict[str, Any]], environ: dict[str, str]
) -> None:
    stored[schema.CUSTOMERS].update_one({"_id": 12347}, {"$set": {"as_of": PAST, "Frequency": 99}})
    settings = Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": stored.name})
    with closing(Connection(settings)) as connection:
        customers = MongoCustomers(connection)
        assert (await customers.features(12347, CLOCK))["Frequency"] == 2


@pytest.mark.parametrize(
    "of_older_version",
    [
        {"$unset": {"definition": ""}},
        {"$set": {"definition": "another"}},
        {"$unset": {"definition": "", "active_months": "", "month": "", "distinct_products": ""}},
    ],
)
async def test_what_another_version_stored_is_computed_by_our_own_definition(
    mongo_uri: str, stored: Database[dict[str, Any]], environ: dict[str, str], of_older_version: dict[str, Any]
) -> None:
    before = stored[schema.CUSTOMERS].find_one({"_id": 12347}, {"revision": 0, "definition": 0})
    stored[schema.CUSTOMERS].update_one({"_id": 12347}, {"$set": {"Frequency": 99}})
    settings = Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": stored.name})
    with closing(Connection(settings)) as connection:
        customers = MongoCustomers(connection)
        assert (await customers.features(12347, CLOCK))["Frequency"] == 99  # it is what is stored that is answered
        stored[schema.CUSTOMERS].update_one({"_id": 12347}, of_older_version)
        assert await customers.features(12347, CLOCK) == before


async def test_what_another_version_stored_as_of_later_is_computed_as_of_then(
    mongo_uri: str, stored: Database[dict[str, Any]], environ: dict[str, str]
) -> None:
    change = {"$set": {"as_of": CLOCK + timedelta(days=3)}, "$unset": {"definition": ""}}
    stored[schema.CUSTOMERS].update_one({"_id": 12347}, change)
    settings = Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": stored.name})
    with closing(Connection(settings)) as connection:
        customers = MongoCustomers(connection)
        assert (await customers.features(12347, CLOCK, or_later=True))["Recency"] == 5
        assert (await customers.features(12347, CLOCK))["Recency"] == 2


async def test_a_shared_question_is_asked_once_for_all_who_ask_together() -> None:
    asked = 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return asked

    shared = Shared(ask, age_s=3600)
    assert await asyncio.gather(*(shared() for _ in range(10))) == [1] * 10
    assert await shared() == 1


async def test_a_failed_question_is_asked_again() -> None:
    asked = 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ValueError("away")
        return asked

    shared = Shared(ask, age_s=3600)
    with pytest.raises(ValueError, match="away"):
        await shared()
    assert await shared() == 2


async def test_an_old_answer_is_asked_for_anew() -> None:
    answers = iter([1, 2])

    async def ask() -> int:
        return next(answers)

    shared = Shared(ask, age_s=-1)
    assert [await shared(), await shared()] == [1, 2]

"""What every look-up of customers must do: the one over a real MongoDB and the one that tests use in its place."""

from __future__ import annotations

import asyncio
import random
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from serving import CLOCK, NOW, ORDERS, InMemoryCustomers

from inference.database.connection import Connection
from inference.database.shared import SharedAnswer
from inference.prediction.repository import Customers, MongoCustomers
from inference.settings import Settings
from retention.errors import CustomerNotFoundError, NoOrdersError
from retention.features import pipelines
from retention.store import schema
from retention.store.derivation_steps import customers_steps, orders_steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

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
async def test_a_customer_with_lines_and_no_order_has_none(customers: Customers) -> None:
    with pytest.raises(NoOrdersError):
        await customers.features(12349, CLOCK)


@pytest.mark.usefixtures("mongo_uri")
@pytest.mark.parametrize(("customer_id", "as_of"), [(12348, PAST), (12347, datetime(2011, 1, 5, tzinfo=UTC))])
async def test_a_customer_whose_first_line_is_later_is_not_known_yet(
    customers: Customers, customer_id: int, as_of: datetime
) -> None:
    with pytest.raises(CustomerNotFoundError):
        await customers.features(customer_id, as_of)


@pytest.mark.usefixtures("mongo_uri")
async def test_the_state_is_the_clock_and_the_last_finished_load(customers: Customers) -> None:
    state = await customers.state()

    assert state == (CLOCK, NOW, None)


@pytest.mark.usefixtures("mongo_uri")
async def test_it_counts(customers: Customers) -> None:
    assert await customers.count() >= 3


async def test_an_empty_database_has_no_clock(mongo_uri: str, database_name: str, environ: dict[str, str]) -> None:
    settings = Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": database_name})
    with closing(Connection(settings)) as connection:
        customers = MongoCustomers(connection)
        assert await customers.state() == (None, None, None)
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


@pytest.mark.usefixtures("mongo_uri")
@pytest.mark.parametrize("as_of", [CLOCK, PAST])
async def test_many_are_found_as_each_alone(customers: Customers, as_of: datetime) -> None:
    found = await customers.features_of([12347, 12348, 12349, 99999, 12347], as_of)

    assert set(found) == {12347, 12348, 12349, 99999}
    for customer_id, its in found.items():
        try:
            assert await customers.features(customer_id, as_of) == its
        except (CustomerNotFoundError, NoOrdersError) as error:
            assert type(error) is type(its)  # noqa: PT017 - one or the other


@pytest.mark.usefixtures("mongo_uri")
async def test_those_who_ask_together_each_get_their_own(customers: Customers) -> None:
    asked = [12347, 99999, 12348, 12349, 12347, 2**63 - 1] * 20
    asking = (customers.features(each, CLOCK, or_later=True) for each in asked)
    found = await asyncio.gather(*asking, return_exceptions=True)

    expected = {12347: 350.5, 12348: 20.0, 12349: NoOrdersError, 99999: CustomerNotFoundError}
    for customer_id, its in zip(asked, found, strict=True):
        got = type(its) if isinstance(its, BaseException) else its["Monetary"]
        assert got == expected.get(customer_id, CustomerNotFoundError)


@pytest.fixture
async def profiled(
    mongo_uri: str, stored: Database[dict[str, Any]], environ: dict[str, str]
) -> AsyncIterator[MongoCustomers]:
    """Look-ups whose every question the server writes down, from the second on: the first is asked here."""
    settings = Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": stored.name})
    with closing(Connection(settings)) as connection:
        customers = MongoCustomers(connection)
        await customers.state()
        stored.command("profile", 2)
        yield customers
        stored.command("profile", 0)


async def test_those_who_ask_together_are_one_query_and_many_as_of_another_day_are_two_and_a_reason(
    profiled: MongoCustomers, stored: Database[dict[str, Any]]
) -> None:
    await asyncio.gather(*(profiled.features(12347 + each % 2, CLOCK) for each in range(40)))
    assert _asked(stored) == [("query", schema.CUSTOMERS)]
    await profiled.features_of([12347, 12348, 12349, 99999], PAST)
    assert _asked(stored)[1:] == [
        ("query", schema.CUSTOMERS), ("command", schema.ORDERS), ("command", schema.TRANSACTIONS),
    ]  # fmt: skip


async def test_the_unknown_who_ask_together_are_two_more(
    profiled: MongoCustomers, stored: Database[dict[str, Any]]
) -> None:
    asking = (profiled.features(90000 + each, CLOCK, or_later=True) for each in range(100))
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(each) for each in found} == {CustomerNotFoundError}
    assert _asked(stored) == [
        ("query", schema.CUSTOMERS), ("command", schema.ORDERS), ("command", schema.TRANSACTIONS),
    ]  # fmt: skip


def _asked(database: Database[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return what the server was asked by the API: the kind, and of which collection."""
    asked = database["system.profile"].find({"appName": "inference"}, sort=[("ts", 1)])
    return [(each["op"], each["ns"].partition(".")[2]) for each in asked]


async def test_what_is_answered_is_fresh(
    mongo_uri: str, stored: Database[dict[str, Any]], environ: dict[str, str]
) -> None:
    settings = Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": stored.name})
    with closing(Connection(settings)) as connection:
        customers = MongoCustomers(connection)
        for orders in range(5):
            stored[schema.CUSTOMERS].update_one({"_id": 12347}, {"$set": {"Frequency": orders}})
            assert (await customers.features(12347, CLOCK))["Frequency"] == orders


@pytest.mark.parametrize("seed", range(5))
async def test_lines_at_or_after_the_instant_change_nothing(
    mongo_uri: str, stored: Database[dict[str, Any]], environ: dict[str, str], seed: int
) -> None:
    settings = Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": stored.name})
    with closing(Connection(settings)) as connection:
        customers = MongoCustomers(connection)
        before = await customers.features(12347, PAST)
        many_before = await customers.features_of(list(ORDERS), PAST)
        stored[schema.TRANSACTIONS].insert_many(_later_lines(random.Random(seed)))  # noqa: S311 - the same lines every time
        for step in (*orders_steps(3), *customers_steps(4, CLOCK)):
            stored[step.source].aggregate(step.pipeline)
        assert await customers.features(12347, CLOCK) != before
        assert await customers.features(12347, PAST) == before
        many = await customers.features_of(list(ORDERS), PAST)
        assert {each: its for each, its in many.items() if isinstance(its, dict)} == {
            each: its for each, its in many_before.items() if isinstance(its, dict)
        }
        assert isinstance(many[12348], CustomerNotFoundError)


def _later_lines(chance: random.Random) -> list[dict[str, Any]]:
    """Return orders and returns of every customer from the very instant on, in new invoices and in those there are."""
    return [
        {
            "InvoiceNo": chance.choice(["50", "51", "C1", f"6{chance.randrange(9)}", f"C{chance.randrange(9)}"]),
            "StockCode": chance.choice("ABC"),
            "Quantity": chance.choice([1, 3, -2]),
            "UnitPrice": round(chance.uniform(0, 100), 2),
            "InvoiceDate": PAST + timedelta(seconds=chance.choice([0, 1, chance.randrange(90 * 86_400)])),
            "CustomerID": customer_id,
        }
        for customer_id in ORDERS
        for _ in range(chance.randint(5, 20))
    ]


async def test_a_shared_question_is_asked_once_for_all_who_ask_together() -> None:
    asked = 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return asked

    shared = SharedAnswer(ask, age_s=3600)
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

    shared = SharedAnswer(ask, age_s=3600)
    with pytest.raises(ValueError, match="away"):
        await shared()
    assert await shared() == 2


async def test_an_old_answer_is_asked_for_anew() -> None:
    answers = iter([1, 2])

    async def ask() -> int:
        return next(answers)

    shared = SharedAnswer(ask, age_s=-1)
    assert [await shared(), await shared()] == [1, 2]

"""Posted lines in a real MongoDB: accounted for, with the ids of files, and in the next answer."""

from __future__ import annotations

import asyncio
import csv
import logging
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from bundles import VERSION
from serving import CLOCK, NOW, InMemoryTransactions

from inference.database.connection import Connection
from inference.prediction.repository import MongoCustomers
from inference.settings import Settings
from inference.transaction import repository as store
from inference.transaction.repository import MongoTransactions
from retention.lines.rules import RULES
from retention.store import quarantine, request_loads, schema
from retention.store.derivation import refresh, refresh_touched
from seeder.__main__ import main as seed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    import httpx
    from pymongo.database import Database
    from serving import Models, Serve

    Documents = dict[str, Any]
    Open = Callable[..., AbstractAsyncContextManager["Api"]]

pytestmark = pytest.mark.anyio

NEWCOMER = 900_001
REFUSED = "Document failed validation"  # the server's words


def line(invoice: str = "9001", customer: int | None = NEWCOMER, **values: Any) -> dict[str, Any]:
    return {
        "InvoiceNo": invoice, "StockCode": "A", "Description": "THING", "Quantity": 2,
        "InvoiceDate": "2011-12-01T10:00:00Z", "UnitPrice": 2.5, "CustomerID": customer, "Country": "France", **values,
    }  # fmt: skip


class Api(NamedTuple):
    """The API over a database."""

    http: httpx.AsyncClient
    database: Database[dict[str, Any]]

    async def post(self, *lines: dict[str, Any], key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return await self.http.post("/transactions", json=list(lines), headers=headers)

    async def add(self, *lines: dict[str, Any]) -> dict[str, Any]:
        answer = await self.post(*lines)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    async def ask(self, customer_id: int, **question: Any) -> httpx.Response:
        body = {"customer_id": customer_id, **question}
        return await self.http.post("/predict_churn_by_id", json=body, headers={"X-Request-ID": "r"})

    async def features(self, customer_id: int) -> dict[str, Any]:
        content: dict[str, Any] = (await self.ask(customer_id)).json()
        return {**content["features"], "as_of": content["meta"]["as_of"]}

    def count(self, collection: str, **which: Any) -> int:
        return self.database[collection].count_documents(which)


@pytest.fixture
def environment(mongo_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    monkeypatch.setenv("DB_NAME", database_name)


@pytest.fixture
def settings(mongo_uri: str, database: Database[dict[str, Any]], environ: dict[str, str]) -> Settings:
    return Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": database.name})


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    with closing(Connection(settings)) as connection:
        yield connection


@pytest.fixture
def opened(database: Database[dict[str, Any]], serve: Serve, models: Models, settings: Settings) -> Open:
    """Serve the API over the test's database."""
    models.publish(VERSION)

    @asynccontextmanager
    async def api(**variables: str) -> AsyncIterator[Api]:
        with closing(Connection(settings)) as connection:
            async with serve(MongoCustomers(connection), MongoTransactions(connection), **variables) as http:
                yield Api(http, database)

    return api


@pytest.fixture
async def empty(opened: Open) -> AsyncIterator[Api]:
    """The API over nothing at all."""
    async with opened() as api:
        yield api


@pytest.fixture
async def shop(opened: Open, environment: None) -> AsyncIterator[Api]:  # noqa: ARG001 - the seeder's
    """The API over a small invented shop, whose clock is CLOCK."""
    assert seed(["synthetic", "--rows", "3000"]) == 0
    async with opened() as api:
        clock = api.database[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})
        assert clock is not None
        assert clock["as_of"] == CLOCK
        yield api


def customers(api: Api) -> dict[int, dict[str, Any]]:
    """Return what is derived of every customer, without the numbers of its refresh."""
    found = api.database[schema.CUSTOMERS].find({}, {"revision": 0})
    return {customer["_id"]: customer for customer in found}


def ended(api: Api) -> list[str]:
    """Return the loads that make the data fresh."""
    return [load["_id"] for load in api.database[schema.LOADS].find({"finished_at": {"$exists": True}})]


def write_csv(path: Path, lines: list[dict[str, Any]]) -> str:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [rule.name for rule in RULES])
        writer.writeheader()
        writer.writerows(lines)
    return str(path)


# The account


async def test_each_line_is_inserted_duplicate_or_quarantined(shop: Api) -> None:
    lines = [line(), line(), line(Quantity=3), line(InvoiceNo=None), line(customer=None)]
    first = await shop.add(*lines)
    again = await shop.add(*lines, line(Quantity=4))

    assert (first["rows_in"], first["inserted"], first["duplicate"], first["quarantined"]) == (
        5, 4, 0, {"InvoiceNo_missing": 1},
    )  # fmt: skip
    assert (again["rows_in"], again["inserted"], again["duplicate"]) == (6, 1, 4)
    assert shop.count(schema.TRANSACTIONS, InvoiceNo="9001") == 5
    aside = shop.database[schema.QUARANTINE].find_one({"_id": {"load": first["load_id"], "row": 4}})
    assert aside is not None
    assert (aside["reason"], aside["field"], len(aside["values"])) == ("InvoiceNo_missing", "InvoiceNo", 8)


async def test_a_quarantined_row_goes_with_the_record_of_its_request(empty: Api) -> None:
    answer = await empty.add(line(InvoiceNo=None))

    aside = empty.database[schema.QUARANTINE].find_one()
    record = empty.database[schema.LOADS].find_one({"_id": answer["load_id"]})
    assert aside is not None
    assert record is not None
    assert aside["expires_at"] == record["expires_at"]


async def test_lines_that_bring_nothing_make_no_data_fresh(opened: Open) -> None:
    async with opened(CLOCK="wall") as api:
        await api.add(line(InvoiceNo=None))
        nothing = (await api.http.get("/health")).status_code, ended(api)
        first = await api.add(line())
        after = ended(api)
        second = await api.add(line(), line(InvoiceNo=None))

    assert nothing == (200, [])
    assert after == [first["load_id"]]
    assert second["inserted"] == 0
    assert ended(api) == after


async def test_the_state_is_of_the_last_request_that_brought_lines(empty: Api, connection: Connection) -> None:
    await empty.add(line(InvoiceNo=None))
    before = await MongoCustomers(connection).state()
    await empty.add(line())

    assert before.loaded_at is None
    assert (await MongoCustomers(connection).state()).loaded_at == NOW


async def test_the_record_of_a_request_is_that_of_a_load(shop: Api) -> None:
    answer = await shop.add(line())

    record = shop.database[schema.LOADS].find_one({"_id": answer["load_id"]})
    assert record is not None
    assert (record["status"], record["invented"], record["id_scheme"]) == ("finished", True, schema.ID_SCHEME)
    assert (record["read"], record["inserted"], record["already_there"], record["erased"]) == (1, 1, 0, 0)
    assert not {"dirty", "touched", "claimed_by"} & set(record)


async def test_a_file_finds_the_posted_lines(
    empty: Api, environment: None, tmp_path: Path  # noqa: ARG001
) -> None:  # fmt: skip
    lines = [line(f"9{n % 7}", 100 + n % 5, Quantity=n % 3, UnitPrice=n / 4) for n in range(200)] + [line("90")] * 2
    answer = await empty.add(*lines)
    path = write_csv(tmp_path / "lines.csv", lines)

    assert answer["inserted"] == 202
    assert seed(["load", path]) == 0
    load = empty.database[schema.LOADS].find_one({"name": "lines.csv"})
    assert load is not None
    assert (load["inserted"], load["already_there"]) == (0, 202)


async def test_the_lines_of_a_file_are_found_by_a_request(
    empty: Api, environment: None, tmp_path: Path  # noqa: ARG001
) -> None:  # fmt: skip
    lines = [line(f"9{n % 7}", 100 + n % 5, Quantity=n % 3, UnitPrice=n / 4) for n in range(200)]
    assert seed(["load", write_csv(tmp_path / "lines.csv", lines)]) == 0

    assert (await empty.add(*lines))["duplicate"] == 200


async def test_a_real_file_takes_the_place_of_the_invented_shop_and_of_what_was_posted_to_it(
    shop: Api, environment: None, tmp_path: Path  # noqa: ARG001
) -> None:  # fmt: skip
    await shop.add(line())
    assert seed(["load", write_csv(tmp_path / "real.csv", [line("1", 1)])]) == 0

    assert shop.count(schema.TRANSACTIONS) == 1
    assert shop.count(schema.LOADS) == 1
    assert (await shop.ask(NEWCOMER)).status_code == 404


async def test_lines_are_refused_beside_ids_of_another_version(shop: Api) -> None:
    shop.database[schema.LOADS].update_one({}, {"$set": {"id_scheme": "older/1"}})
    before = shop.count(schema.TRANSACTIONS)
    answer = await shop.post(line())

    assert (answer.status_code, answer.json()["code"]) == (409, "other_id_scheme")
    assert "--drop" in answer.json()["detail"]
    assert shop.count(schema.TRANSACTIONS) == before


async def test_a_file_under_way_does_not_lock_requests_out(shop: Api) -> None:
    shop.database[schema.LOADS].update_one({}, {"$set": {"status": "loading", "active_at": datetime.now(UTC)}})

    assert (await shop.add(line()))["inserted"] == 1


# Freshness


async def test_while_everything_is_being_deleted_no_line_is_taken(shop: Api) -> None:
    counts = shop.database[schema.CLOCK]
    counts.update_one({"_id": schema.REFRESH_ID}, {"$inc": {"clearing": 1}})
    answer = await shop.post(line())
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "Retry-After" in answer.headers
    assert shop.count(schema.TRANSACTIONS, CustomerID=NEWCOMER) == 0
    counts.update_one({"_id": schema.REFRESH_ID}, [{"$set": {"cleared": "$clearing"}}])
    assert (await shop.add(line()))["inserted"] == 1


async def test_lines_that_came_in_while_everything_was_deleted_are_not_acknowledged(
    shop: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = quarantine.add

    def clear_meanwhile(*arguments: Any, **options: Any) -> None:
        change = [{"$set": {"clearing": 1, "cleared": 1}}]
        shop.database[schema.CLOCK].update_one({"_id": schema.REFRESH_ID}, change)
        add(*arguments, **options)

    monkeypatch.setattr(quarantine, "add", clear_meanwhile)
    assert (await shop.post(line())).status_code == 503


@pytest.mark.parametrize("invoice", ["\u00c41", "\u21167", "\U0001f6d21"])
async def test_an_invoice_may_begin_with_any_character(shop: Api, invoice: str) -> None:
    assert (await shop.add(line(invoice)))["inserted"] == 1
    assert (await shop.features(NEWCOMER))["Frequency"] == 1


async def test_the_next_answer_sees_the_order(shop: Api) -> None:
    customer_id = min(customers(shop))
    before = await shop.features(customer_id)
    await shop.add(line(customer=customer_id), line(customer=customer_id, StockCode="B"))
    after = await shop.features(customer_id)

    assert after["Frequency"] == before["Frequency"] + 1
    assert after["Monetary"] == pytest.approx(before["Monetary"] + 10)
    assert after["as_of"] == before["as_of"]


async def test_a_new_customer_is_known_at_once(shop: Api) -> None:
    assert (await shop.ask(NEWCOMER)).status_code == 404
    await shop.add(line())

    assert (await shop.features(NEWCOMER))["Frequency"] == 1


async def test_a_line_later_than_the_clock_moves_this_customer_alone(shop: Api) -> None:
    customer_id, *others = sorted(customers(shop))
    before = {other: (await shop.ask(other)).content for other in others}
    frequency = (await shop.features(customer_id))["Frequency"]
    answer = await shop.add(line(customer=customer_id, InvoiceDate="2011-12-12T09:00:00Z"))
    after = await shop.features(customer_id)

    assert answer["refreshed"] == [{"as_of": "2011-12-13T00:00:00Z", "customers": 1}]
    assert (after["Frequency"], after["Recency"], after["as_of"]) == (frequency + 1, 0, "2011-12-13T00:00:00Z")
    assert {other: (await shop.ask(other)).content for other in others} == before


async def test_an_earlier_line_does_not_take_a_later_one_away(shop: Api) -> None:
    await shop.add(line("9001", InvoiceDate="2011-12-12T09:00:00Z"))
    await shop.add(line("9002", InvoiceDate="2011-11-01"))
    features = await shop.features(NEWCOMER)

    assert (features["Frequency"], features["as_of"]) == (2, "2011-12-13T00:00:00Z")


async def test_a_question_about_the_past_sees_what_was_before_it(shop: Api) -> None:
    await shop.add(line("9001", InvoiceDate="2011-06-01"), line("9002", InvoiceDate="2011-12-12T09:00:00Z"))
    past = (await shop.ask(NEWCOMER, as_of="2011-09-01T00:00:00Z")).json()
    clock = (await shop.ask(NEWCOMER, as_of="2011-12-10T00:00:00Z")).json()

    assert (past["features"]["Frequency"], past["meta"]["as_of"]) == (1, "2011-09-01T00:00:00Z")
    assert (clock["features"]["Frequency"], clock["meta"]["as_of"]) == (1, "2011-12-10T00:00:00Z")


@pytest.mark.parametrize("day", ["1899-12-31", "2099-01-01"])
async def test_a_line_of_an_impossible_day_moves_nobody(shop: Api, day: str) -> None:
    before = customers(shop)
    answer = await shop.add(line(customer=min(before), InvoiceDate=day))

    assert (answer["quarantined"], answer["refreshed"]) == ({"InvoiceDate_out_of_range": 1}, [])
    assert customers(shop) == before


async def test_a_return_lowers_what_is_kept_at_once(shop: Api) -> None:
    await shop.add(line())
    await shop.add(line("C9002", Quantity=-1))
    customer = customers(shop)[NEWCOMER]

    assert (customer["Monetary"], customer["net_monetary"], customer["Frequency"]) == (5.0, 2.5, 1)


async def test_under_the_wall_clock_the_order_of_today_is_seen(opened: Open) -> None:
    async with opened(CLOCK="wall") as api:
        await api.add(line("9001", 1, InvoiceDate="2011-12-12T09:00:00Z"), line("9002", 2, InvoiceDate="2011-12-01"))

        assert (await api.features(1))["as_of"] == "2011-12-13T00:00:00Z"
        assert (await api.features(2))["as_of"] == "2011-12-12T00:00:00Z"


async def test_lines_before_the_first_load_are_answered_about(empty: Api) -> None:
    await empty.add(line())

    assert (await empty.features(NEWCOMER))["Frequency"] == 1


async def test_requests_side_by_side_lose_no_order(shop: Api) -> None:
    customer_id = min(customers(shop))
    before = (await shop.features(customer_id))["Frequency"]
    answered = 0

    async def add(number: int) -> None:
        nonlocal answered
        await shop.add(line(f"{8000 + number}", customer_id), line(f"{8000 + number}", NEWCOMER))
        answered += 1
        at_least = answered
        assert (await shop.features(customer_id))["Frequency"] >= before + at_least
        assert (await shop.features(NEWCOMER))["Frequency"] >= at_least

    for turn in range(30):
        await asyncio.gather(*(add(4 * turn + number) for number in range(4)))
    as_posted = customers(shop)
    refresh(shop.database)

    assert as_posted == customers(shop)
    assert as_posted[customer_id]["Frequency"] == before + 120


# Keys


@pytest.fixture(params=["memory", "mongo"])
async def keyed(request: pytest.FixtureRequest, opened: Open, serve: Serve) -> AsyncIterator[Api]:
    if request.param == "mongo":
        async with opened() as api:
            yield api
        return
    database: Database[dict[str, Any]] = request.getfixturevalue("database")
    async with serve(transactions=InMemoryTransactions()) as http:
        yield Api(http, database)


async def test_the_same_request_gets_the_same_answer(keyed: Api) -> None:
    first = await keyed.post(line(), line(InvoiceNo=None), key="k-1")
    again = await keyed.post(line(), line(InvoiceNo=None), key="k-1")

    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == (200, first.content)


async def test_a_key_for_another_body_is_refused(keyed: Api) -> None:
    await keyed.post(line(), key="k-1")
    answer = await keyed.post(line(Quantity=3), key="k-1")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert (await keyed.post(line(Quantity=3), key="k-2")).json()["inserted"] == 1


async def test_the_key_itself_is_not_kept(empty: Api) -> None:
    await empty.post(line(), key="k-secret")

    assert "k-secret" not in str(list(empty.database[schema.LOADS].find()))


@pytest.mark.parametrize("seconds_silent", [1, 20])
async def test_a_request_under_way_elsewhere_is_waited_for_until_it_is_silent(empty: Api, seconds_silent: int) -> None:
    await empty.post(line(), key="k-1")
    at_work = {
        "active_at": {"$subtract": ["$$NOW", 1000 * seconds_silent]},
        "status": "posting",
        "claimed_by": "another",
        "duplicate": 0,
    }
    empty.database[schema.LOADS].update_one({}, [{"$set": at_work}, {"$unset": ["answer"]}])
    answer = await empty.post(line(), key="k-1")

    if seconds_silent < 15:
        assert (answer.status_code, answer.json()["code"]) == (409, "in_progress")
        assert "retry-after" not in answer.headers
    else:
        assert (answer.status_code, answer.json()["inserted"]) == (200, 1), "as the first attempt would have said"


async def test_the_same_request_twice_at_once_is_done_once(empty: Api) -> None:
    answers = await asyncio.gather(*(empty.post(line(), key="k-1") for _ in range(5)))

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert (
        sum(answer.json().get("inserted", 0) for answer in answers if "idempotency-replayed" not in answer.headers) == 1
    )
    assert empty.count(schema.TRANSACTIONS) == 1


async def test_a_request_whose_rows_were_deleted_is_done_again(empty: Api) -> None:
    await empty.post(line(), key="k-1")
    # A --drop that was killed halfway leaves this.
    empty.database[schema.LOADS].update_many({}, {"$set": {"status": "stopped", "dirty": True}})
    empty.database[schema.TRANSACTIONS].delete_many({})
    answer = await empty.post(line(), key="k-1")

    assert (answer.status_code, answer.json()["inserted"]) == (200, 1)
    assert (await empty.features(NEWCOMER))["Frequency"] == 1


async def test_a_request_whose_record_is_taken_away_is_to_be_sent_again(
    empty: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drop_meanwhile(*arguments: Any) -> Any:
        empty.database[schema.LOADS].delete_many({})
        return refresh_touched(*arguments)

    monkeypatch.setattr(store, "refresh_touched", drop_meanwhile)
    first = await empty.post(line(), key="k-1")
    monkeypatch.undo()
    again = await empty.post(line(), key="k-1")

    assert (first.status_code, first.json()["code"]) == (503, "database_unavailable")
    assert (again.status_code, again.json()["rows_in"]) == (200, 1)


# Refusals


def refuse(api: Api, collection: str, **documents: Any) -> None:
    """Make the server refuse documents that are not like these; of none, let it take all again."""
    api.database.command("collMod", collection, validator=documents)


async def test_lines_whose_features_are_refused_are_stored_and_not_to_be_sent_again(
    shop: Api, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(shop, schema.CUSTOMERS, _id={"$ne": NEWCOMER})
    answer = await shop.post(line(), key="k-1")
    refuse(shop, schema.CUSTOMERS)
    again = await shop.post(line(), key="k-1")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_derivable")
    assert "retry-after" not in answer.headers
    assert [vars(record)["reason"] for record in caplog.records if "refuses" in record.message] == [
        f"NotDerivableError: OperationFailure: PlanExecutor error during aggregation :: caused by :: {REFUSED}"
    ]
    assert (again.status_code, again.json()["inserted"]) == (200, 1), "once the operator has helped"


@pytest.mark.parametrize(
    ("collection", "good"),
    [(schema.TRANSACTIONS, {"InvoiceNo": {"$ne": "9001"}}), (schema.QUARANTINE, {"reason": "none"})],
)
async def test_lines_that_the_database_refuses_are_not_to_be_sent_again(
    shop: Api, collection: str, good: dict[str, Any]
) -> None:
    await shop.add(line("1"), line(InvoiceNo=None))
    refuse(shop, collection, **good)
    answer = await shop.post(line(), line(InvoiceNo=None))

    assert (answer.status_code, answer.json()["code"]) == (409, "not_stored")
    assert "retry-after" not in answer.headers


async def test_a_request_that_cannot_be_finished_holds_no_other_up_and_is_logged_once(
    opened: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened() as api:
        for customer_id in (1, 2, 3):
            await api.add(line(customer=customer_id))
    api.database[schema.CUSTOMERS].delete_many({})
    for customer_id, load in enumerate(api.database[schema.LOADS].find().sort("claimed_at"), 1):
        left = {"status": "stopped", "dirty": True, "touched": [[customer_id, "9001"]]}
        api.database[schema.LOADS].update_one({"_id": load["_id"]}, {"$set": left})
    refuse(api, schema.CUSTOMERS, _id={"$nin": [1, 2]})
    tried: list[int] = []
    often = asyncio.Event()

    loop = asyncio.get_running_loop()

    def counted(database: Any, touched: Any) -> Any:
        tried.extend(customer_id for customer_id, _ in touched)
        if min(tried.count(1), tried.count(2)) > 3:
            loop.call_soon_threadsafe(often.set)
        return refresh_touched(database, touched)

    monkeypatch.setattr(store, "refresh_touched", counted)
    monkeypatch.setattr(store, "HEAL_EVERY_S", 0.01)
    monkeypatch.setattr(request_loads, "MAX_HEALED", 1)
    with caplog.at_level(logging.INFO, "inference"):
        async with opened(), asyncio.timeout(10):
            await often.wait()

    assert (list(customers(api)), tried.count(3)) == ([3], 1)
    assert sum("cannot be finished" in record.message for record in caplog.records) == 2

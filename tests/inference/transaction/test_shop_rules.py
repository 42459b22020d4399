"""Posted lines by the rules for files: references, currency, the shop's wall clock, cancellations, whole orders."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import bson
import pytest
from bundles import VERSION

from inference.database.connection import Connection
from inference.prediction import repository
from inference.prediction.repository import MongoCustomers
from inference.settings import Settings
from inference.transaction.repository import MongoTransactions
from retention.lines.identity import hashed
from retention.store import schema
from retention.store import shop as shops
from retention.store.shop import Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    import httpx
    from pymongo.database import Database
    from serving import Models, Serve

    Open = Callable[..., AbstractAsyncContextManager["Api"]]

pytestmark = pytest.mark.anyio

KEY = "k" * 43
MAYA = "maya@fernhill.example"
NUMBER = hashed(KEY.encode(), MAYA)
BERLIN = Shop("Europe/Berlin", "EUR", "C")


def line(invoice: str = "9001", **values: Any) -> dict[str, Any]:
    return {
        "InvoiceNo": invoice, "StockCode": "A", "Quantity": 2, "InvoiceDate": "2011-12-01T10:00:00", "UnitPrice": 2.5,
        **values,
    }  # fmt: skip


class Api(NamedTuple):
    """The API over a database."""

    http: httpx.AsyncClient
    database: Database[dict[str, Any]]

    async def add(self, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = await self.http.post("/transactions", json={"lines": list(lines), **more})
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    def lines(self) -> list[dict[str, Any]]:
        return list(self.database[schema.TRANSACTIONS].find(sort=[("InvoiceNo", 1), ("_id", 1)]))


@pytest.fixture
def opened(
    database: Database[dict[str, Any]], serve: Serve, models: Models, mongo_uri: str, environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Open:  # fmt: skip
    """Serve the API over the test's database, with the identity key."""
    models.publish(VERSION)
    monkeypatch.setattr(repository, "STATE_AGE_S", 0.0)

    @asynccontextmanager
    async def api(shop: Shop | None = None, *, keep_references: bool = True) -> AsyncIterator[Api]:
        if shop:
            shops.settle(database, shop)
        settings = Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": database.name})
        with closing(Connection(settings)) as connection:
            posted = MongoTransactions(connection, keep_references=keep_references)
            async with serve(MongoCustomers(connection), posted, IDENTITY_KEY=KEY) as http:
                yield Api(http, database)

    return api


async def test_a_customer_may_be_named_by_reference(opened: Open) -> None:
    async with opened(BERLIN) as api:
        await api.add(line(customer_ref=f" {MAYA.upper()}"), line("9002", customer_ref=17850), line("9003"))
        assert [each.get("CustomerID") for each in api.lines()] == [NUMBER, 17850, None]
        assert list(api.database[schema.REFERENCES].find()) == [{"_id": NUMBER, "reference": MAYA}]
        assert (await api.http.post("/customers/lookup", json={"customer_ref": MAYA})).json()["customer_id"] == NUMBER


@pytest.mark.parametrize(
    "wrong",
    [{"CustomerID": 1, "customer_ref": "a"}, {"customer_refs": "a"}, {"Customer_Ref": "a"}, {"customer_ref": []}],
)
async def test_a_line_names_one_customer_and_unknown_fields_are_refused(opened: Open, wrong: dict[str, Any]) -> None:
    async with opened(BERLIN) as api:
        answer = await api.http.post("/transactions", json=[line(**wrong)])
        assert answer.status_code == 422
        assert api.lines() == []


async def test_nobodys_lines_are_kept_without_a_customer(opened: Open) -> None:
    async with opened(BERLIN) as api:
        assert (await api.add(line(customer_ref="Guest"), line("9002", customer_ref="0")))["inserted"] == 2
        assert all("CustomerID" not in each for each in api.lines())


async def test_an_instant_with_an_offset_becomes_the_shops_wall_clock(opened: Open) -> None:
    async with opened(BERLIN) as api:
        await api.add(line("1", InvoiceDate="2011-12-01T23:30:00Z"), line("2", InvoiceDate="2011-12-01T23:30:00"))
        assert [each["InvoiceDate"] for each in api.lines()] == [
            datetime(2011, 12, 2, 0, 30, tzinfo=UTC), datetime(2011, 12, 1, 23, 30, tzinfo=UTC),
        ]  # fmt: skip


@pytest.mark.parametrize(("currency", "reason"), [("USD", "other_currency"), ("€", "currency_unreadable")])
async def test_amounts_in_another_currency_are_put_aside(opened: Open, currency: str, reason: str) -> None:
    async with opened(BERLIN) as api:
        content = await api.add(line("1", currency=currency), line("2", currency="eur"), line("3"))
        assert (content["inserted"], content["quarantined"]) == (2, {reason: 1})
        assert content["rejected"] == [{"pointer": "#/lines/0", "field": "currency", "reason": reason}]


async def test_the_first_lines_say_the_currency_of_a_new_database(opened: Open) -> None:
    async with opened() as api:
        content = await api.add(line("1", CustomerID=7, currency="USD"), line("2", currency="EUR"))
        assert content["quarantined"] == {"other_currency": 1}
        settled = shops.read(api.database)
        assert settled is not None
        assert (settled.time_zone, settled.currency, settled.cancelled_prefix) == ("UTC", "USD", None)


async def test_one_mistyped_date_moves_nothing(opened: Open) -> None:
    async with opened(BERLIN) as api:
        api.database[schema.CLOCK].insert_one({"_id": schema.CLOCK_ID, "as_of": datetime(2011, 9, 1, tzinfo=UTC)})
        content = await api.add(line("1", InvoiceDate="2011-10-30"), line("2", InvoiceDate="2011-10-31"))
        assert (content["inserted"], content["quarantined"]) == (1, {"implausible_date": 1})


async def test_decimal_quantities_are_kept(opened: Open) -> None:
    async with opened(BERLIN) as api:
        await api.add(line(Quantity=0.255))
        assert [each["Quantity"] for each in api.lines()] == [0.255]


@pytest.mark.parametrize(("prefix", "marked"), [("C", ["C9", "c8"]), ("", []), (None, [])])
async def test_the_shops_prefix_marks_cancelled_invoices(opened: Open, prefix: str | None, marked: list[str]) -> None:
    async with opened(BERLIN._replace(cancelled_prefix=prefix)) as api:
        await api.add(*(line(invoice, CustomerID=7) for invoice in ("C9", "c8", "9", "CA-2016-1")))
        assert [each["InvoiceNo"] for each in api.lines() if each.get("Cancelled")] == marked


async def test_without_replacing_lines_are_added_to_their_order(opened: Open) -> None:
    async with opened(BERLIN) as api:
        await api.add(line(CustomerID=7), line(CustomerID=7, StockCode="B"))
        content = await api.add(line(CustomerID=7, StockCode="C"))
        assert (content["inserted"], len(api.lines())) == (1, 3)
        assert "replaced" not in content


async def test_an_order_that_comes_again_replaces_the_one_stored(opened: Open) -> None:
    async with opened(BERLIN) as api:
        await api.add(line(CustomerID=7), line(CustomerID=7, StockCode="B"), line("9002", CustomerID=7))
        again = [line(CustomerID=8, Quantity=3), line("9003", CustomerID=8)]
        content = await api.add(*again, replace_orders=True)

        assert (content["inserted"], content["replaced"], content["replaced_orders"]) == (1, 1, 1)
        assert content["rows_in"] == 2
        assert [(each["InvoiceNo"], each["CustomerID"], each["Quantity"]) for each in api.lines()] == [
            ("9001", 8, 3), ("9002", 7, 2), ("9003", 8, 2),
        ]  # fmt: skip
        assert api.database[schema.SUPERSEDED].count_documents({}) == 2
        spent = {each["_id"]: each["Monetary"] for each in api.database[schema.CUSTOMERS].find()}
        assert spent == {7: 5.0, 8: 12.5}
        assert (await api.add(*again, replace_orders=True))["duplicate"] == 2


async def test_a_customer_who_loses_the_only_order_is_gone(opened: Open) -> None:
    async with opened(BERLIN) as api:
        await api.add(line(CustomerID=7))
        await api.add(line(CustomerID=8), replace_orders=True)
        assert [each["_id"] for each in api.database[schema.CUSTOMERS].find()] == [8]


async def test_an_order_with_a_quarantined_line_replaces_nothing(opened: Open) -> None:
    async with opened(BERLIN) as api:
        await api.add(line(CustomerID=7), line(CustomerID=7, StockCode="B"))
        content = await api.add(
            line(CustomerID=7, Quantity=3), line(CustomerID=7, StockCode="B", Quantity="two"), replace_orders=True
        )
        assert (content["replaced"], content["incomplete"], content["quarantined"]) == (
            0,
            1,
            {"Quantity_unreadable": 1},
        )
        assert [each["Quantity"] for each in api.lines()] == [2, 2]


@pytest.mark.parametrize("value", ["yes", 1, None, []])
async def test_replace_orders_is_true_or_false(opened: Open, value: Any) -> None:
    async with opened(BERLIN) as api:
        answer = await api.http.post("/transactions", json={"lines": [line()], "replace_orders": value})
        assert [error["pointer"] for error in answer.json()["errors"]] == ["#/replace_orders"]


async def test_with_references_off_no_e_mail_is_anywhere(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "inference")
    people = [f"person{n}@fernhill.example" for n in range(20)]
    lines = [line(f"9{n}", customer_ref=person) for n, person in enumerate(people)]
    lines += [
        line("801", customer_ref=people[0], Quantity="two"), line("802", CustomerID=people[1]),
        line("803", customer_ref=people[2], currency="USD"), line("804", customer_ref=f"{people[3]}\0"),
        line("805", customer_ref=people[4], InvoiceDate="soon"), line(people[5] * 3, customer_ref=people[5]),
    ]  # fmt: skip
    answers = []
    async with opened(BERLIN, keep_references=False) as api:
        content = await api.add(*lines)
        answers.append(str(content))
        assert content["inserted"] == 20
        assert sum(content["quarantined"].values()) == 6
        for person in people:
            answers += [(await api.http.post(path, json={"customer_ref": person})).text for path in (
                "/customers/lookup", "/predict_churn_by_id",
            )]  # fmt: skip
        assert api.database[schema.REFERENCES].count_documents({}) == 0
        stored = b"".join(
            bson.encode(document)
            for name in api.database.list_collection_names()
            for document in api.database[name].find()
        )
    assert b"InvoiceNo" in stored
    for kept in (stored.lower(), "".join(answers).lower().encode(), caplog.text.lower().encode()):
        assert b"fernhill" not in kept
        assert b"person1" not in kept


@pytest.mark.parametrize("stored", [False, True])
async def test_one_of_the_versions_of_an_order_that_arrive_at_once_stands(opened: Open, *, stored: bool) -> None:
    async with opened(BERLIN) as api:
        for invoice in map(str, range(1, 11)):
            versions = [[line(invoice, CustomerID=n, StockCode=code) for code in "ABC"] for n in range(1, 9)]
            if stored:
                await api.add(line(invoice, CustomerID=99))
            await asyncio.gather(*(api.add(*version, replace_orders=True) for version in versions))
        orders: dict[str, list[dict[str, Any]]] = {}
        for each in api.lines():
            orders.setdefault(each["InvoiceNo"], []).append(each)
        whose = {invoice: {each["CustomerID"] for each in lines} for invoice, lines in orders.items()}
        assert [(len(lines), len(whose[invoice])) for invoice, lines in orders.items()] == [(3, 1)] * 10
        derived = [(each["_id"]["invoice"], each["_id"]["customer_id"]) for each in api.database[schema.ORDERS].find()]
        assert sorted(derived) == sorted((invoice, *people) for invoice, people in whose.items())
        spent = {each["_id"]: each["Monetary"] for each in api.database[schema.CUSTOMERS].find()}
        counts = Counter(customer for people in whose.values() for customer in people)
        assert spent == {customer: 15.0 * count for customer, count in counts.items()}

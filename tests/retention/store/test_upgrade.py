"""Volumes of older releases: their cancelled invoices are marked, everything is derived again, and once is enough."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from retention.lines.cancellations import is_cancelled
from retention.store import cancellations, derivation, schema, shop
from retention.store.upgrade import Upgraded, upgrade

if TYPE_CHECKING:
    from pymongo.database import Database

    Db = Database[dict[str, Any]]

AT = datetime(2011, 5, 1, 12, tzinfo=UTC)


def line(invoice: str, quantity: float = 1, **more: Any) -> dict[str, Any]:
    return {
        "InvoiceNo": invoice, "StockCode": "A", "Quantity": quantity, "UnitPrice": 2.5, "InvoiceDate": AT,
        "CustomerID": 7, **more,
    }  # fmt: skip


def marked(database: Db) -> set[str]:
    return {each["InvoiceNo"] for each in database[schema.TRANSACTIONS].find({"Cancelled": True})}


INVOICES = [
    "C1",
    "c2",
    "C93",
    "3102",
    "CA-2016-1",
    "CN-17",
    "D5",
    "C",
    "CC1",
    "1C2",
    "C:",
    "C/",
    "C7-1",
    "C8-refund",
    "C9AB",
    "C9\n",
]


def test_the_letter_marks_right_before_digits_in_either_case(database: Db) -> None:
    database[schema.TRANSACTIONS].insert_many(map(line, INVOICES))
    assert not cancellations.is_complete(database, "C")
    assert cancellations.mark(database, "C") == 4
    assert marked(database) == {"C1", "c2", "C93", "C7-1"} == {each for each in INVOICES if is_cancelled(each, "C")}
    assert cancellations.is_complete(database, "c")
    assert cancellations.mark(database, "c") == 0


def test_another_rule_unmarks_the_others(database: Db) -> None:
    database[schema.TRANSACTIONS].insert_many([line(each) for each in INVOICES])
    cancellations.mark(database, "C")
    assert (cancellations.unmark_others(database, "D"), cancellations.mark(database, "D")) == (4, 1)
    assert marked(database) == {"D5"}
    assert (cancellations.unmark_others(database, ""), cancellations.mark(database, "")) == (1, 0)
    assert marked(database) == set()
    assert not any("Cancelled" in each for each in database[schema.TRANSACTIONS].find())


def test_the_lines_of_an_older_release_are_marked_and_derived_once(database: Db) -> None:
    database[schema.TRANSACTIONS].insert_many([line("1", 4), line("C2", 1), line("CA-3", 1)])
    derivation.refresh(database)
    made_by_another_release = {"$set": {"definition": "older"}}
    for name in (schema.ORDERS, schema.CUSTOMERS):
        database[name].update_many({}, made_by_another_release)

    upgraded = upgrade(database)
    customer = database[schema.CUSTOMERS].find_one({}) or {}

    assert (upgraded.marked, upgraded.refreshed and upgraded.refreshed.customers) == (1, 1)
    assert (customer["Frequency"], customer["Monetary"], customer["net_monetary"]) == (2, 12.5, 10.0)
    assert upgrade(database) == Upgraded()
    known = shop.read(database)
    assert known
    assert known._replace(created_at=None) == shop.Shop.legacy()


def test_the_rule_of_the_shop_decides(database: Db) -> None:
    shop.settle(database, shop.Shop(cancelled_prefix=""))
    database[schema.TRANSACTIONS].insert_many([line("C1")])
    assert upgrade(database).marked == 0
    assert database[schema.CUSTOMERS].find_one({}) is None  # nothing of another release, so nothing is derived


@pytest.mark.parametrize("killed_at", ["mark", "refresh"])
def test_a_kill_is_made_up_for(database: Db, monkeypatch: pytest.MonkeyPatch, killed_at: str) -> None:
    database[schema.TRANSACTIONS].insert_many([line("1", 4), line("C2", 1)])
    derivation.refresh(database)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cancellations if killed_at == "mark" else derivation, killed_at, killed)
        with pytest.raises(KeyboardInterrupt):
            upgrade(database)
    upgrade(database)
    assert (database[schema.CUSTOMERS].find_one({}) or {})["net_monetary"] == 7.5


def test_an_empty_database_is_left_alone(database: Db) -> None:
    assert upgrade(database) == Upgraded()
    assert shop.read(database) is None

"""Data of an older release is brought up to date where the users are made: whatever scripts a machine deploys with."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from guarded import TOOLS, guarded_server

from retention.store import derivation, schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    Db = Database[dict[str, Any]]

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def shop(folder: Path) -> Iterator[Db]:
    """What a seeder of an older release left: no mark, no shop document, another definition."""
    line = {"StockCode": "A", "UnitPrice": 2.5, "InvoiceDate": datetime(2011, 5, 1, 12, tzinfo=UTC), "CustomerID": 7}
    with (
        guarded_server(folder) as uris,
        pymongo.MongoClient[dict[str, Any]](uris["seeder"], tz_aware=True) as client,
    ):
        database = client["retention"]
        lines = [{**line, "InvoiceNo": "1", "Quantity": 4}, {**line, "InvoiceNo": "C2", "Quantity": 1}]
        database[schema.TRANSACTIONS].insert_many(lines)
        derivation.refresh(database)
        for name in (schema.ORDERS, schema.CUSTOMERS):
            database[name].update_many({}, {"$set": {"definition": "older"}})
        yield database


def make_users(shop: Db, folder: Path, **more: str) -> str:
    """Make the users as every deploy does; return the log."""
    host = ":".join(map(str, shop.client.address or ()))
    command = [sys.executable, str(TOOLS / "make_users.py"), "--directory", str(folder / "secrets"), "--host", host]
    done = subprocess.run(command, env=os.environ | {"DB_NAME": "retention"} | more, capture_output=True, check=True)
    return (done.stderr + done.stdout).decode()


def test_lines_are_marked_and_everything_is_derived_once(shop: Db, folder: Path) -> None:
    assert "1 lines marked" in make_users(shop, folder, CURRENCY="USD")
    assert (shop[schema.CUSTOMERS].find_one({}) or {})["net_monetary"] == 7.5
    assert (shop[schema.SHOP].find_one({}) or {})["currency"] == "USD"
    assert "brought up to date" not in make_users(shop, folder)


def test_the_users_are_made_even_if_the_data_cannot_be_brought_up_to_date(shop: Db, folder: Path) -> None:
    shop[schema.SHOP].insert_one({"_id": schema.SHOP_ID, "time_zone": "UTC", "cancelled_prefix": 7})
    log = make_users(shop, folder)
    assert "the users are" in log
    assert "not up to date yet" in log

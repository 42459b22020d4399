"""The real Online Retail file: whatever it is cut into, and however it is written, the same lines come of it."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from online_retail import FILE, needs_online_retail

from retention.store import schema
from seeder.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database

pytestmark = needs_online_retail


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, mongo_uri: str, database_name: str) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    monkeypatch.setenv("DB_NAME", database_name)


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return pd.read_parquet(FILE)


def months(lines: pd.DataFrame, first: str, beyond: str) -> pd.DataFrame:
    """The invoices whose first line is in these months: an export is cut between invoices."""
    starts = lines.groupby("InvoiceNo").InvoiceDate.transform("min")
    return lines[(starts >= first) & (starts < beyond)]


def everything(database: Database[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    names = (schema.TRANSACTIONS, schema.ORDERS, schema.CUSTOMERS)
    return [list(database[name].find({}, {"revision": 0}, sort=[("_id", 1)])) for name in names]


def test_overlapping_exports_are_their_union_twice_and_in_any_order(
    lines: pd.DataFrame, tmp_path: Path, database: Database[dict[str, Any]]
) -> None:
    january_to_march, february_to_april = tmp_path / "a.csv", tmp_path / "b.csv"
    # One is written day first, the other as the second edition is, and shuffled: identical lines apart.
    months(lines, "2011-01-01", "2011-04-01").to_csv(january_to_march, index=False, date_format="%d-%m-%Y %H:%M")
    names = {"InvoiceNo": "Invoice", "UnitPrice": "Price", "CustomerID": "Customer ID"}
    later = months(lines, "2011-02-01", "2011-05-01").rename(columns=names)
    later.sort_values("StockCode", kind="stable").to_csv(february_to_april, index=False)
    union = tmp_path / "union.parquet"
    months(lines, "2011-01-01", "2011-05-01").to_parquet(union, index=False)
    assert main(["load", str(union)]) == 0
    expected = everything(database)
    for exports in permutations([january_to_march, february_to_april]):
        assert main(["load", "--drop", str(exports[0])]) == 0
        for export in (exports[1], *exports):
            assert main(["load", str(export)]) == 0
        assert everything(database) == expected
    assert len(expected[0]) == len(months(lines, "2011-01-01", "2011-05-01"))

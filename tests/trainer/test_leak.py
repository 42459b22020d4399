"""No feature uses data from after its instant, and a deliberate leak is noticed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from trainer.repository import Store

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd
    from pymongo.database import Database
    from shops import Shop

LEAK_DAYS = 30


class LeakyStore(Store):
    """Counts recent orders up to 30 days after the instant."""

    def customers(self, as_of: datetime) -> pd.DataFrame:
        customers, later = super().customers(as_of), super().customers(as_of + timedelta(days=LEAK_DAYS))
        return customers.assign(orders_90d=later["orders_90d"].reindex(customers.index))


@pytest.fixture(scope="module")
def as_of(invented_shop: Shop) -> datetime:
    with invented_shop.store() as store:
        return store.clock() - timedelta(days=120)


@pytest.fixture
def whole(database: Database[dict[str, Any]], invented_shop: Shop) -> Database[dict[str, Any]]:
    return database.client[invented_shop.db_name]


@pytest.fixture
def past(
    database: Database[dict[str, Any]], whole: Database[dict[str, Any]], as_of: datetime
) -> Database[dict[str, Any]]:
    """The same shop as of the instant, without later orders."""
    database["orders"].insert_many(whole["orders"].find({"_id.day": {"$lt": as_of}}))
    return database


def columns_with_future_data(past: pd.DataFrame, whole: pd.DataFrame) -> list[str]:
    """Return the features that differ between the past shop and today's."""
    assert past.index.equals(whole.index)
    return [name for name in whole.columns if not past[name].equals(whole[name])]


def test_no_feature_uses_future_orders(
    past: Database[dict[str, Any]], whole: Database[dict[str, Any]], as_of: datetime
) -> None:
    then, today = Store(past).customers(as_of), Store(whole).customers(as_of)
    assert len(today) > 1_000
    assert columns_with_future_data(then, today) == []


def test_a_leaked_future_column_is_noticed(
    past: Database[dict[str, Any]], whole: Database[dict[str, Any]], as_of: datetime
) -> None:
    then, today = LeakyStore(past).customers(as_of), LeakyStore(whole).customers(as_of)
    assert columns_with_future_data(then, today) == ["orders_90d"]

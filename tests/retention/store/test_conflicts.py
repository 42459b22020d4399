"""A line feed whose orders are stored with other lines, on a real MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from replaced_orders import Sold, encoded

from retention.store import transactions
from retention.store.conflicts import Conflict, ShownLine, conflict, conflicts

if TYPE_CHECKING:
    from pymongo.database import Database

    Db = Database[dict[str, Any]]

ONE, TWO = Sold("1", 5, (10.0, 20.0)), Sold("2", 6, (1.0,))


@pytest.fixture
def shop(database: Db) -> Db:
    transactions.insert(database, [*encoded(ONE), *encoded(TWO)])
    return database


def orders(*sold: Sold) -> list[tuple[str, list[bytes]]]:
    return [(each.invoice, encoded(each)) for each in sold]


def test_orders_that_are_stored_the_same_or_not_at_all_are_no_conflict(shop: Db) -> None:
    assert not conflicts(shop, orders(ONE, TWO, Sold("3", 7)))


@pytest.mark.parametrize(
    "other",
    [
        ONE._replace(prices=(10.0,)), ONE._replace(prices=(10.0, 20.0, 5.0)), ONE._replace(prices=(10.0, 21.0)),
        ONE._replace(customer=6), ONE._replace(customer=None), ONE._replace(day="2011-06-04"),
        ONE._replace(name="GADGET"),
    ],
)  # fmt: skip
def test_more_fewer_and_other_lines_are_a_conflict(shop: Db, other: Sold) -> None:
    assert conflicts(shop, orders(TWO, other)) == ["1"]


def test_a_conflict_shows_what_differs_on_either_side(shop: Db) -> None:
    (order,) = orders(ONE._replace(prices=(10.0, 21.0)))
    assert conflict(shop, order) == Conflict("1", [ShownLine("P1", 1, 20.0)], [ShownLine("P1", 1, 21.0)], 1)

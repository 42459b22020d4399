"""What is derived, on a real MongoDB: deriving the touched equals deriving everything, whoever writes meanwhile."""

from __future__ import annotations

import random
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from retention.errors import BadDataError
from retention.features import pipelines
from retention.store import departed, derivation, indexes, schema
from retention.store import derivation_steps as steps

if TYPE_CHECKING:
    from pymongo.database import Database

    from retention.store.derivation_steps import Step

    Db = Database[dict[str, Any]]
    Line = dict[str, Any]
    Documents = dict[str, dict[str, Any]]

NOON = datetime(2011, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CLOCK = datetime(2011, 5, 2, tzinfo=UTC)


def line(customer_id: int | None, invoice: str, product: str = "A", quantity: int = 1, at: datetime = NOON) -> Line:
    customer = {} if customer_id is None else {"CustomerID": customer_id}
    return {
        "InvoiceNo": invoice, "StockCode": product, "Quantity": quantity, "UnitPrice": 2.5, "InvoiceDate": at,
        **customer,
    }  # fmt: skip


def insert(database: Db, *lines: Line) -> set[tuple[int, str]]:
    """Insert lines with ids that begin with their instants, and return what they touch."""
    for each in lines:
        each["_id"] = ObjectId(int(each["InvoiceDate"].timestamp()).to_bytes(4, "big") + secrets.token_bytes(8))
    database[schema.TRANSACTIONS].insert_many(lines)
    return {(each["CustomerID"], each["InvoiceNo"]) for each in lines if "CustomerID" in each}


def derived_documents(database: Db) -> tuple[Documents, Documents]:
    """Return orders and customers without the numbers of their refreshes."""
    orders, customers = (
        {str(document.pop("_id")): document for document in database[name].find({}, {"revision": 0})}
        for name in (schema.ORDERS, schema.CUSTOMERS)
    )
    return orders, customers


def is_as_a_full_refresh_makes_it(database: Db) -> bool:
    before = derived_documents(database)
    derivation.refresh(database)
    return before == derived_documents(database)


def some_lines(count: int, seed: int, last: datetime = NOON) -> list[Line]:
    randomly = random.Random(seed)  # noqa: S311 - an invented shop
    return [
        line(
            randomly.choice([*range(20), None]),
            randomly.choice("C ").strip() + str(randomly.randrange(60)),
            randomly.choice("ABCDE"),
            randomly.choice([1, 2, 12, -1]),
            last - timedelta(hours=randomly.randrange(4_000)),
        )
        for _ in range(count)
    ]


@pytest.fixture
def shop(database: Db) -> Db:
    """A shop with everything derived; its last line is at NOON."""
    indexes.make_indexes(database)
    insert(database, *some_lines(600, seed=1), line(1, "last"))
    assert derivation.refresh(database).clock == CLOCK
    return database


@pytest.mark.parametrize("later_days", [0, 3])
@pytest.mark.parametrize("count", [1, 5, 200])
def test_deriving_what_was_touched_is_as_good_as_deriving_everything(shop: Db, count: int, later_days: int) -> None:
    last = NOON + later_days * DAY
    touched = insert(shop, *some_lines(count, seed=2, last=last), line(4, "10", at=last))
    derivation.refresh(shop, touched)
    assert is_as_a_full_refresh_makes_it(shop)


def test_while_the_clock_stands_still_nobody_else_is_derived(shop: Db) -> None:
    before = {each["_id"]: each["revision"] for each in shop[schema.CUSTOMERS].find()}
    derivation.refresh(shop, insert(shop, line(3, "new")))
    after = {each["_id"]: each["revision"] for each in shop[schema.CUSTOMERS].find()}
    assert [key for key in after if after[key] != before[key]] == [3]


def test_when_the_clock_moves_everybody_is_as_of_it(shop: Db) -> None:
    assert derivation.refresh(shop, insert(shop, line(3, "new", at=NOON + DAY))).clock == CLOCK + DAY
    assert shop[schema.CUSTOMERS].distinct("as_of") == [CLOCK.replace(tzinfo=UTC) + DAY]
    assert is_as_a_full_refresh_makes_it(shop)


def test_a_refresh_killed_before_everybody_was_derived_is_made_good_by_the_next(
    shop: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(steps, "customers_steps", lambda *_: 1 / 0)
        touched = insert(shop, line(3, "new", at=NOON + DAY))
        with pytest.raises(ZeroDivisionError):
            derivation.refresh(shop, touched)
    derivation.refresh(shop, insert(shop, line(4, "newer", at=NOON + DAY)))
    assert is_as_a_full_refresh_makes_it(shop)


def test_a_customer_with_returns_alone_has_orders_documents_and_no_features(shop: Db) -> None:
    derivation.refresh(shop, insert(shop, line(99, "C99", quantity=-1)))
    assert shop[schema.ORDERS].count_documents({"_id.customer_id": 99, "_id.kind": "return"}) == 1
    assert shop[schema.CUSTOMERS].find_one({"_id": 99}) is None
    assert is_as_a_full_refresh_makes_it(shop)


def test_a_line_without_a_customer_touches_nobody_and_moves_the_clock(shop: Db) -> None:
    touched = insert(shop, line(None, "new", at=NOON + DAY))
    assert not touched
    assert derivation.refresh(shop, touched).clock == CLOCK + DAY
    assert is_as_a_full_refresh_makes_it(shop)


def test_an_invoice_of_two_customers_is_derived_for_both(shop: Db) -> None:
    derivation.refresh(shop, insert(shop, line(1, "shared"), line(2, "shared"), line(1, "own")))
    assert is_as_a_full_refresh_makes_it(shop)


def test_what_lost_its_lines_is_gone_after_a_full_refresh(shop: Db) -> None:
    shop[schema.TRANSACTIONS].delete_many({"CustomerID": 5})
    derivation.refresh(shop)
    assert shop[schema.ORDERS].count_documents({"_id.customer_id": 5}) == 0
    assert shop[schema.CUSTOMERS].find_one({"_id": 5}) is None


def test_documents_without_a_number_give_way(shop: Db) -> None:
    shop[schema.ORDERS].update_many({}, {"$unset": {"revision": ""}, "$set": {"value": -1.0}})
    derivation.refresh(shop)
    assert shop[schema.ORDERS].count_documents({"value": -1.0}) == 0


@pytest.mark.parametrize("collections", [(schema.CUSTOMERS,), (schema.ORDERS,), (schema.ORDERS, schema.CUSTOMERS)])
@pytest.mark.parametrize("new_lines", [0, 1])
def test_what_another_version_derived_is_derived_again_by_the_next_refresh(
    shop: Db, collections: tuple[str, ...], new_lines: int
) -> None:
    touched = insert(shop, *[line(3, "new")] * new_lines) if new_lines else set()
    for collection in collections:
        wrong_by_ours = {"definition": "another", "value": -1.0, "Frequency": 99}
        shop[collection].update_many({}, {"$set": wrong_by_ours})
    assert derivation.is_outdated(shop)
    derivation.refresh(shop, touched)
    assert not derivation.is_outdated(shop)
    assert is_as_a_full_refresh_makes_it(shop)
    assert shop[schema.ORDERS].count_documents({"value": -1.0}) == 0
    assert shop[schema.CUSTOMERS].count_documents({"Frequency": 99}) == 0


def test_one_customer_of_another_version_is_enough(shop: Db) -> None:
    """An older writer that posts beside us, or comes last, leaves no lasting mark."""
    shop[schema.CUSTOMERS].update_one({"_id": 3}, {"$unset": {"definition": "", "active_months": "", "month": ""}})
    assert derivation.is_outdated(shop)
    derivation.refresh(shop, set())
    assert is_as_a_full_refresh_makes_it(shop)
    assert (shop[schema.CUSTOMERS].find_one({"_id": 3}) or {})["month"] == CLOCK.month


def test_while_nothing_is_outdated_a_refresh_that_brings_nothing_derives_nobody(shop: Db) -> None:
    before = list(shop[schema.CUSTOMERS].find())
    derivation.refresh(shop, set())
    assert list(shop[schema.CUSTOMERS].find()) == before


@pytest.mark.parametrize(
    ("name", "change", "still_ours"), [("DECAY_DAYS", 30, {schema.ORDERS}), ("_VALUE", "$Quantity", set())]
)
def test_a_definition_changes_with_the_pipelines_that_a_collection_is_made_by(
    monkeypatch: pytest.MonkeyPatch, name: str, change: object, still_ours: set[str]
) -> None:
    monkeypatch.setattr(pipelines, name, change)
    changed = steps._definitions()
    assert {key for key in changed if changed[key] == steps.DEFINITIONS[key]} == still_ours


def test_a_database_without_lines_is_an_error(database: Db) -> None:
    with pytest.raises(BadDataError):
        derivation.refresh(database)


class Late:
    """A writer that is slow between reading and merging: it reads now, and merges when it is told to."""

    def __init__(self, database: Db, steps: list[Step]) -> None:
        self._database = database
        self._results = [
            (step.pipeline[-1], list(database[step.source].aggregate(step.pipeline[:-1]))) for step in steps
        ]

    def merge(self) -> None:
        """Merge what was read."""
        for merge, documents in self._results:
            if documents:
                self._database.aggregate([{"$documents": documents}, merge])


def take_number(database: Db) -> int:
    return int(departed.take_revision(database)["revision"])


@pytest.mark.parametrize("everything", [True, False])
def test_orders_that_were_read_early_and_merged_late_do_not_stand(shop: Db, everything: bool) -> None:
    touched = insert(shop, line(1, "same"))
    late = Late(shop, steps.orders_steps(take_number(shop), None if everything else touched))
    derivation.refresh(shop, insert(shop, line(1, "same")))
    late.merge()
    order = shop[schema.ORDERS].find_one({"_id.invoice": "same"}) or {}
    assert order["lines"] == 2
    assert is_as_a_full_refresh_makes_it(shop)


@pytest.mark.parametrize("everybody", [True, False])
def test_customers_that_were_read_early_and_merged_late_do_not_stand(shop: Db, everybody: bool) -> None:
    late = Late(shop, steps.customers_steps(take_number(shop), CLOCK, None if everybody else [1]))
    derivation.refresh(shop, insert(shop, line(1, "new")))
    late.merge()
    assert is_as_a_full_refresh_makes_it(shop)


def test_a_writer_that_merges_its_orders_late_still_derives_its_customer_last(shop: Db) -> None:
    """With one number for both steps the second writer's customer, without the first one's order, would stand."""
    touched = insert(shop, line(1, "first"))
    late = Late(shop, steps.orders_steps(take_number(shop), touched))
    derivation.refresh(shop, insert(shop, line(1, "second")))
    late.merge()
    for step in steps.customers_steps(take_number(shop), CLOCK, [1]):
        shop[step.source].aggregate(step.pipeline)
    assert is_as_a_full_refresh_makes_it(shop)


def test_a_line_of_a_later_day_that_comes_in_meanwhile_is_not_hidden(shop: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    customers_steps = steps.customers_steps

    def meanwhile(*arguments: Any) -> list[Step]:
        monkeypatch.setattr(steps, "customers_steps", customers_steps)
        insert(shop, line(7, "meanwhile", at=NOON + DAY))
        return customers_steps(*arguments)

    monkeypatch.setattr(steps, "customers_steps", meanwhile)
    assert derivation.refresh(shop, insert(shop, line(1, "new"))).clock == CLOCK + DAY


def test_the_clock_does_not_go_back(shop: Db) -> None:
    shop[schema.TRANSACTIONS].delete_many({"InvoiceDate": {"$gte": NOON - 10 * DAY}})
    assert derivation.refresh(shop).clock == CLOCK


def test_many_writers_at_once_end_as_one_would(shop: Db) -> None:
    def post(writer: int) -> None:
        for invoice in range(8):
            lines = [line(customer_id, f"P{invoice}", at=NOON - invoice % 3 * DAY) for customer_id in range(1, 4)]
            touched = insert(shop, *lines, line(writer, "own"))
            derivation.refresh(shop, touched if writer else None)

    with ThreadPoolExecutor(6) as writers:
        list(writers.map(post, range(6)))
    assert is_as_a_full_refresh_makes_it(shop)


def test_the_last_days_of_customers_beyond_the_clock_are_known(shop: Db) -> None:
    """A writer that does not move the clock derives each customer as of the day after its own last line."""
    for step in steps.orders_steps(take_number(shop), insert(shop, line(1, "later", at=NOON + 2 * DAY))):
        shop[step.source].aggregate(step.pipeline)
    found = shop[schema.ORDERS].aggregate(steps.later_last_days(CLOCK, {1, 2}))
    assert list(found) == [{"_id": 1, "day": CLOCK + DAY}]


def test_the_index_serves_a_touched_invoice_and_a_customers_first_line(shop: Db) -> None:
    one = {"CustomerID": 3}
    for query in (one, pipelines.orders({(3, "10")})[0]["$match"]):
        plan = str(shop[schema.TRANSACTIONS].find(query).explain()["queryPlanner"]["winningPlan"])
        assert "CustomerID_1_InvoiceNo_1" in plan

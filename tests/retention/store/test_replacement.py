"""Whole orders that come again, on a real MongoDB: the last word counts, and leaves no ghost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from replaced_orders import JULY, JUNE, Export, Sold, bring, encoded, has_no_ghost, incoming, lines_of, load, stored

from retention.store import comparison, derivation, intents, replacement, schema, sequences, transactions
from retention.store.connection import journaled
from retention.store.replacement import replace

if TYPE_CHECKING:
    from pymongo.database import Database

    Db = Database[dict[str, Any]]

KEPT = Sold("3100", 4, (5.0, 6.0))
FIRST = Sold("3102", 5, (10.0, 20.0))
OF_JUNE = Export("june", JUNE, (KEPT, FIRST))
JUNE_AGAIN = OF_JUNE._replace(name="june, saved again")

CHANGES = {
    "cancelled": FIRST._replace(state="cancelled"),
    "its person moved": FIRST._replace(customer=6),
    "its person became unknown": FIRST._replace(customer=None),
    "its day moved": FIRST._replace(day="2011-07-05"),
    "shrunk": FIRST._replace(prices=(10.0,)),
    "grown": FIRST._replace(prices=(10.0, 20.0, 30.0)),
    "another price": FIRST._replace(prices=(10.0, 15.0)),
    "a renamed product": FIRST._replace(name="GADGET"),
    "everything": Sold("3102", 6, (1.0,), "2011-07-05", "GADGET", "pending"),
}


def july(*orders: Sold, name: str = "july") -> Export:
    return Export(name, JULY, orders)


def score(database: Db, *customer_ids: int) -> None:
    database[schema.SCORES].insert_many({"_id": each, "revision": 1} for each in customer_ids)


@pytest.mark.parametrize("change", CHANGES)
def test_june_then_july_then_june_again_is_julys_state_each_time(database: Db, change: str) -> None:
    changed = CHANGES[change]
    assert load(database, OF_JUNE).inserted == 4
    for times in range(2):
        taken = load(database, july(KEPT, changed))
        assert (taken.replaced_orders, taken.superseded) == ((1, 2) if times == 0 else (0, 0))
        assert stored(database) == lines_of(KEPT, changed)
        assert has_no_ghost(database)
        taken = load(database, JUNE_AGAIN)
        assert (taken.there, taken.older, taken.older_orders, taken.replaced_orders) == (2, 2, 1, 0)
        assert stored(database) == lines_of(KEPT, changed)
        assert has_no_ghost(database)


@pytest.mark.parametrize("change", CHANGES)
def test_with_force_an_older_file_replaces_too(database: Db, change: str) -> None:
    load(database, OF_JUNE)
    load(database, july(KEPT, CHANGES[change]))
    assert load(database, OF_JUNE, force=True, anew=True).replaced_orders == 1
    assert stored(database) == lines_of(KEPT, FIRST)
    assert has_no_ghost(database)


def test_an_order_can_be_cancelled_and_stand_again(database: Db) -> None:
    load(database, OF_JUNE)
    for name, order in (("july", CHANGES["cancelled"]), ("later in july", FIRST)):
        assert load(database, july(KEPT, order, name=name)).replaced_orders == 1
        assert stored(database) == lines_of(KEPT, order)


def test_an_order_that_only_its_total_tells_apart_is_replaced(database: Db) -> None:
    load(database, OF_JUNE)
    sequence = sequences.take(database, "july", JULY)
    order = incoming([FIRST], sequence)[0]._replace(documents=encoded(FIRST, Load=sequence, Total=9.5))
    taken, _ = replace(journaled(database), "july", [order], sequence=sequence, last_day=JULY)
    assert taken.replaced_orders == 1
    assert database[schema.TRANSACTIONS].distinct("Total", {"InvoiceNo": "3102"}) == [9.5]


def test_a_person_who_lost_the_only_order_is_gone_with_the_score(database: Db) -> None:
    load(database, OF_JUNE)
    score(database, 4, 5)
    load(database, july(KEPT, FIRST._replace(customer=6)))
    assert database[schema.CUSTOMERS].distinct("_id") == [4, 6]
    assert database[schema.SCORES].distinct("_id") == [4]
    assert database[schema.ORDERS].distinct("_id.customer_id") == [4, 6]


def test_the_replaced_lines_are_kept_by_the_load_that_replaced_them(database: Db) -> None:
    load(database, OF_JUNE)
    before = list(database[schema.TRANSACTIONS].find({"InvoiceNo": "3102"}, sort=[("_id", 1)]))
    load(database, july(KEPT, CHANGES["another price"]))
    kept = list(database[schema.SUPERSEDED].find({}, sort=[("_id", 1)]))
    assert [each["_id"] for each in kept] == [{"load": "july", "line": line["_id"]} for line in before]
    assert [{**each, "_id": each["_id"]["line"]} for each in kept] == before
    load(database, july(KEPT, FIRST, name="later in july"))
    assert database[schema.SUPERSEDED].count_documents({"_id.load": "later in july"}) == 2


@pytest.mark.parametrize("day", ["2011-06-30", "2011-07-01"])
def test_a_line_feeds_order_stands_as_of_its_own_day(database: Db, day: str) -> None:
    transactions.insert(journaled(database), encoded(FIRST._replace(day=day)))
    taken = load(database, Export("june", JUNE, (FIRST._replace(day=day, prices=(1.0,)),)))
    assert (taken.replaced_orders, taken.older_orders) == ((1, 0) if day == "2011-06-30" else (0, 1))


def test_an_unchanged_order_stands_in_the_load_that_brought_it_last(database: Db) -> None:
    """Else a file of mid-June, corrected later, would undo what the July file confirmed."""
    load(database, OF_JUNE)
    assert load(database, july(KEPT, FIRST)).there == 4
    later_june = Export("another june", JUNE, (CHANGES["grown"],))
    assert load(database, later_june).older_orders == 1
    assert stored(database) == lines_of(KEPT, FIRST)


def test_an_older_file_that_agrees_does_not_pull_an_order_back(database: Db) -> None:
    load(database, july(KEPT, FIRST))
    load(database, JUNE_AGAIN)
    middle = datetime(2011, 7, 15, tzinfo=UTC)
    assert load(database, Export("mid-july", middle, (CHANGES["grown"],))).older_orders == 1


def test_an_order_cut_in_the_middle_replaces_and_deletes_nothing(database: Db) -> None:
    load(database, OF_JUNE)
    cut = CHANGES["shrunk"]._replace(complete=False)
    taken = load(database, july(KEPT, cut))
    assert (taken.incomplete_orders, taken.incomplete, taken.superseded) == (1, 1, 0)
    assert stored(database) == lines_of(KEPT, FIRST)


def test_an_order_whose_every_row_was_put_aside_deletes_nothing(database: Db) -> None:
    load(database, OF_JUNE)
    assert load(database, july(KEPT, FIRST._replace(prices=()))).incomplete_orders == 1
    assert stored(database) == lines_of(KEPT, FIRST)


def test_an_order_cut_in_the_middle_is_inserted_where_there_is_none(database: Db) -> None:
    cut = CHANGES["shrunk"]._replace(complete=False)
    assert load(database, Export("june", JUNE, (cut,))).inserted == 1
    assert load(database, july(FIRST)).replaced_orders == 1
    assert stored(database) == lines_of(FIRST)


def test_what_a_killed_run_of_the_same_load_began_is_finished_and_no_replacement(database: Db) -> None:
    sequence = sequences.take(database, "june", JUNE)
    transactions.insert(journaled(database), encoded(FIRST, Load=sequence)[:1])
    taken = load(database, OF_JUNE)
    assert (taken.inserted, taken.there, taken.replaced_orders) == (3, 1, 0)
    assert stored(database) == lines_of(KEPT, FIRST)


def test_every_line_is_in_exactly_one_count(database: Db) -> None:
    load(database, OF_JUNE)
    orders = (KEPT, CHANGES["grown"], Sold("new", 7), Sold("3100x", 4, (1.0, 2.0)))
    taken = load(database, july(*orders))
    assert sum(taken[:5]) == sum(len(order.prices) for order in orders)
    assert taken.touched == {(5, "3102"), (7, "new"), (4, "3100x")}


def test_orders_beyond_one_intent_are_replaced_by_several(database: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [Sold(str(invoice), invoice % 7 + 1, (1.0, 2.0)) for invoice in range(30)]
    load(database, Export("june", JUNE, tuple(orders)))
    monkeypatch.setattr(intents, "MAX_BYTES", 1_000)
    changed = [order._replace(prices=(3.0,)) for order in orders]
    assert bring(database, july(*changed)).replaced_orders == 30
    assert database[schema.INTENTS].count_documents({}) > 3
    derivation.refresh(database, set())  # it knows whom they touch
    assert database[schema.INTENTS].count_documents({}) == 0
    assert stored(database) == lines_of(*changed)
    assert has_no_ghost(database)


def test_a_request_replaces_whatever_stands_there_and_derives_both_people(database: Db) -> None:
    load(database, july(KEPT, FIRST))
    moved = FIRST._replace(customer=6)
    sequence = sequences.take(database, "request:1", JUNE)
    taken, refreshed = replace(
        journaled(database), "request:1", incoming([moved], sequence), sequence=sequence, last_day=JUNE
    )
    assert (taken.replaced_orders, taken.replacing, taken.superseded) == (1, 2, 2)
    assert {each for customer_ids in refreshed.values() for each in customer_ids} == {5, 6}
    assert stored(database) == lines_of(KEPT, moved)
    assert has_no_ghost(database)


def test_the_first_load_needs_no_index_by_invoice(database: Db) -> None:
    bring(database, OF_JUNE)
    assert "InvoiceNo_1" not in database[schema.TRANSACTIONS].index_information()


@pytest.mark.parametrize("late", ["first", "second"])
@pytest.mark.parametrize("customer", [5, None])
def test_of_two_versions_of_a_new_order_that_were_compared_at_once_the_later_loads_stands(
    database: Db, monkeypatch: pytest.MonkeyPatch, customer: int | None, late: str
) -> None:
    order = FIRST._replace(customer=customer)
    first, second = (Export(name, JUNE, (order._replace(name=name),)) for name in ("first", "second"))
    for export in (first, second):
        sequences.take(database, export.name, JUNE)
    earlier, later = (second, first) if late == "first" else (first, second)
    compare = comparison.compare

    def while_another_arrives(*arguments: Any, **more: Any) -> Any:
        compared = compare(*arguments, **more)
        monkeypatch.setattr(replacement, "compare", compare)
        load(database, earlier, force=True)
        return compared

    monkeypatch.setattr(replacement, "compare", while_another_arrives)
    load(database, later, force=True)
    assert stored(database) == lines_of(*second.orders)
    assert has_no_ghost(database)

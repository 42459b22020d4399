"""A replacement that is killed, doubled or stalled, on a real MongoDB: the old order or the new one, never half."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from killing_writes import Killed, killed_at
from replaced_orders import JULY, JUNE, Export, Sold, bring, derived, has_no_ghost, incoming, lines_of, load, stored

from retention.store import derivation, indexes, intents, schema, sequences, transactions
from retention.store.connection import journaled
from retention.store.intents import Intent
from retention.store.replacement import replace
from retention.store.standing import standing

if TYPE_CHECKING:
    from pymongo.database import Database

    Db = Database[dict[str, Any]]
    Lines = set[tuple[Any, ...]]

KEPT = Sold("3100", 4, (5.0, 6.0))
MOVED = Sold("3102", 5, (10.0, 20.0))
OTHER = Sold("3103", 5, (7.0,), "2011-06-20")
OF_JUNE = Export("june", JUNE, (KEPT, MOVED, OTHER))
NEW = Sold("3200", 7, (2.0,), "2011-07-28")
OF_JULY = Export("july", JULY, (KEPT._replace(prices=(5.0,)), MOVED._replace(customer=6, day="2011-06-12"), OTHER, NEW))
OLD_LINES, NEW_LINES = lines_of(*OF_JUNE.orders), lines_of(*OF_JULY.orders)
POSTED = Sold("posted", 5, (9.0,), "2011-06-28")


@pytest.fixture
def shop(database: Db) -> Db:
    """June's state, in journaled writes."""
    load(database, OF_JUNE)
    return journaled(database)


def customers(database: Db) -> dict[str, Any]:
    return derived(database)[1]


def post(database: Db, sold: Sold) -> None:
    """Add the lines of a request, and derive whom they touch."""
    lines = [line for order in incoming([sold], 1) for line in order.documents]
    transactions.insert(database, transactions.missing(database, lines))
    derivation.refresh_touched(database, transactions.touched(lines))


def as_request(database: Db) -> None:
    """Replace the orders as a request does."""
    sequence = sequences.take(database, "request:july", JULY)
    replace(database, "request:july", incoming(OF_JULY.orders, sequence), sequence=sequence, last_day=JULY)


def as_file(database: Db) -> None:
    taken = bring(database, OF_JULY)
    derivation.refresh(database, set(taken.touched))


@pytest.mark.parametrize("replacing", [as_file, as_request])
def test_killed_at_any_write_and_run_again_it_ends_the_same_and_readers_never_see_half(
    database: Db, replacing: Any
) -> None:
    load(database, OF_JUNE)
    before = customers(database)
    with killed_at(None) as writes:
        replacing(journaled(database))
    after, whole = customers(database), derived(database)
    assert writes.count > 15
    for number, late in itertools.product(range(1, writes.count + 1), (False, True)):
        junes_state(database)
        with pytest.raises(Killed), killed_at(number, after=late):
            replacing(journaled(database))
        _is_old_or_new(customers(database), before, after)
        replacing(journaled(database))
        if replacing is as_file:  # what its killed run touched is not recorded, except by intents
            derivation.refresh(database)
        assert stored(database) == NEW_LINES
        assert derived(database) == whole
        assert database[schema.INTENTS].count_documents({}) == 0


def junes_state(database: Db) -> None:
    """Start again; the indexes stay, and so do the numbers."""
    for name in schema.COLLECTIONS:
        database[name].delete_many({"_id": {"$ne": schema.REFRESH_ID}})
    database[schema.CLOCK].update_one({"_id": schema.REFRESH_ID}, {"$unset": {"as_of": ""}})
    bring(database, OF_JUNE)
    derivation.refresh(database)


def _is_old_or_new(found: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    for customer_id in {*before, *after, *found}:
        seen = _without_clock(found.get(customer_id))
        assert seen in [_without_clock(before.get(customer_id)), _without_clock(after.get(customer_id))], customer_id


def _without_clock(customer: dict[str, Any] | None) -> Any:
    """Leave out what moves with the clock, which new lines may move first."""
    kept = ("Frequency", "Monetary", "first_order_at", "last_order_at", "distinct_products")
    return customer and {name: customer[name] for name in kept}


@pytest.mark.parametrize("late", [False, True])
def test_somebody_who_posts_after_a_kill_sees_the_old_order_or_the_new_one(database: Db, late: bool) -> None:
    load(database, OF_JUNE)
    with killed_at(None) as writes:
        bring(journaled(database), OF_JULY)
    for number in range(1, writes.count + 1):
        junes_state(database)
        with pytest.raises(Killed), killed_at(number, after=late):
            bring(journaled(database), OF_JULY)
        post(journaled(database), POSTED)
        found = stored(database) - lines_of(POSTED, NEW)
        assert found in (OLD_LINES, NEW_LINES - lines_of(NEW))
        spent = customers(database)["5"]["Monetary"]
        assert spent == 30.0 + 7.0 + 9.0  # until the replaced order is derived; with half of it 27 or 36


def test_two_who_apply_the_same_intent_at_once_end_as_one(shop: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as idle:
        idle.setattr(intents, "STEPS", ())
        bring(shop, OF_JULY)
    with ThreadPoolExecutor(6) as appliers:
        list(appliers.map(intents.apply_open, [shop] * 6))
    assert stored(shop) == NEW_LINES
    assert shop[schema.SUPERSEDED].count_documents({}) == 4
    derivation.refresh(shop, {(7, NEW.invoice)})
    assert has_no_ghost(shop)


def test_two_who_replace_the_same_order_at_once_end_with_the_later_loads(shop: Db) -> None:
    """Both compared before either wrote; whichever is applied last, the later number stands."""
    for first_applied in (0, 1):
        loads = [_written(shop, f"request:{first_applied}{n}", price) for n, price in enumerate((1.0, 2.0))]
        for intent, _ in (loads[first_applied], loads[1 - first_applied]):
            intents.apply(shop, intent)
        later = loads[1][1]
        assert stored(shop) == lines_of(KEPT, later, OTHER)
        derivation.refresh(shop, set())
        assert has_no_ghost(shop)


def _written(database: Db, load_id: str, price: float) -> tuple[Intent, Sold]:
    """Write an intent for the order, and leave it open."""
    sold = MOVED._replace(prices=(price,), name=load_id)
    sequence = sequences.take(database, load_id, JULY)
    (order,) = incoming([sold], sequence)
    stands = standing(database, [sold.invoice])[sold.invoice]
    intent = intents.write(
        database,
        load_id,
        sequence,
        order.documents,
        invoices=[sold.invoice],
        unstamped=stands.unstamped,
        touched={(5, sold.invoice)},
    )
    return intent, sold


STALLS = range(len(intents.STEPS))


@pytest.mark.parametrize("stalled_before", STALLS)
def test_an_applier_that_stalls_cannot_undo_what_came_later(shop: Db, stalled_before: int) -> None:
    stalled, later = _stalled(shop, stalled_before)
    _go_on(shop, stalled, stalled_before)
    assert stored(shop) == lines_of(KEPT, later, OTHER)
    derivation.refresh(shop)
    assert has_no_ghost(shop)


@pytest.mark.parametrize("stalled_before", STALLS)
def test_nor_does_it_delete_an_old_line_that_was_posted_again(shop: Db, stalled_before: int) -> None:
    stalled, later = _stalled(shop, stalled_before)
    again = MOVED._replace(prices=MOVED.prices[:1])
    lines = [line for order in incoming([again], 0) for line in order.documents]
    transactions.insert(shop, lines)
    shop[schema.TRANSACTIONS].update_many({"Load": 0}, {"$unset": {"Load": ""}})  # as a line feed brings it
    _go_on(shop, stalled, stalled_before)
    assert stored(shop) == lines_of(KEPT, later, again, OTHER)


def test_without_the_fences_a_stalled_applier_undoes_it(shop: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intents, "_if_open", lambda intent: [{"$match": {"_id": intent.intent_id}}])
    monkeypatch.setattr(intents, "STEPS", intents.STEPS[:-1])  # so that the lines stay in the intent
    monkeypatch.setattr(intents, "_EARLIER", True)
    monkeypatch.setattr(intents, "_overtaken", lambda *_: [])
    everything = property(lambda intent: {"InvoiceNo": {"$in": intent.invoices}, "Load": {"$ne": intent.sequence}})
    monkeypatch.setattr(Intent, "superseded", everything)
    for stalled_before in range(1, 5):
        stalled, later = _stalled(shop, stalled_before)
        _go_on(shop, stalled, stalled_before)
        assert stored(shop) != lines_of(KEPT, later, OTHER)


def _stalled(database: Db, before_step: int) -> tuple[Intent, Sold]:
    """Have an applier stall, and others finish its intent and replace the order again; return both."""
    stalled, _ = _written(database, f"request:stalled{before_step}", 1.0)
    for step in intents.STEPS[:before_step]:
        step(database, stalled)
    intents.apply_open(database)
    later, sold = _written(database, f"request:later{before_step}", 2.0)
    intents.apply(database, later)
    return stalled, sold


def _go_on(database: Db, stalled: Intent, before_step: int) -> None:
    for step in intents.STEPS[before_step:]:
        step(database, stalled)


def test_an_applier_that_overtakes_itself_leaves_no_ghost(shop: Db) -> None:
    """The check and the insertion are one command of the server, and what slips through is deleted after it."""
    earlier, _ = _written(shop, "request:a", 1.0)
    later, sold = _written(shop, "request:b", 2.0)
    for step in intents.STEPS[:3]:
        step(shop, earlier)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intents, "_overtaken", lambda *_: [])  # it looked before the later one was applied
        intents.apply(shop, later)
        intents._put_new(shop, earlier)
    for step in intents.STEPS[4:]:
        step(shop, earlier)
    assert stored(shop) == lines_of(KEPT, sold, OTHER)


def test_a_line_posted_into_an_order_while_it_is_replaced_is_not_lost(shop: Db) -> None:
    """It has no `Load`, and was not there when the orders were compared: nobody knows that it is an old line."""
    intent, sold = _written(shop, "request:1", 1.0)
    shop[schema.TRANSACTIONS].insert_one({"InvoiceNo": MOVED.invoice, "UnitPrice": 3.5, "Quantity": 1})
    intents.apply(shop, intent)
    assert shop[schema.TRANSACTIONS].count_documents({"InvoiceNo": MOVED.invoice, "UnitPrice": 3.5}) == 1
    assert shop[schema.TRANSACTIONS].count_documents({"InvoiceNo": MOVED.invoice}) == 1 + len(sold.prices)


def test_a_known_line_of_a_line_feed_is_replaced(database: Db) -> None:
    indexes.make_indexes(database)
    lines = [line for order in incoming([MOVED], 1) for line in order.documents]
    transactions.insert(journaled(database), lines)
    database[schema.TRANSACTIONS].update_many({}, {"$unset": {"Load": ""}})
    derivation.refresh(database)
    load(database, OF_JULY)
    assert stored(database) == NEW_LINES
    assert has_no_ghost(database)


def test_an_intent_is_forgotten_when_its_customers_are_derived_and_not_before(shop: Db) -> None:
    bring(shop, OF_JULY)
    (intent,) = shop[schema.INTENTS].find()
    assert intent["state"] == intents.APPLIED
    assert "lines" not in intent
    derivation.refresh_touched(shop, {(4, "3100")})  # somebody's request: it leaves the file's customers to the file
    assert shop[schema.INTENTS].count_documents({}) == 1
    derivation.refresh(shop, {(7, NEW.invoice)})
    assert shop[schema.INTENTS].count_documents({}) == 0
    assert has_no_ghost(shop)

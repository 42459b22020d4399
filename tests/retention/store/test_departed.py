"""Documents that are gone stay gone, and half an order is never derived, whoever is slow; on a real MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from replaced_orders import JULY, JUNE, Export, Sold, bring, derived, has_no_ghost, load

from retention.store import departed, derivation, intents, schema
from retention.store import derivation_steps as steps
from retention.store.connection import journaled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymongo.database import Database

    from retention.store.derivation_steps import Step

    Db = Database[dict[str, Any]]

KEPT = Sold("3100", 4, (5.0, 6.0))
FIRST = Sold("3102", 5, (10.0, 20.0))
MOVED = FIRST._replace(customer=6, day="2011-06-02", prices=(11.0, 20.0, 3.0))
OF_JULY = Export("july", JULY, (KEPT, MOVED))


@pytest.fixture
def shop(database: Db) -> Db:
    load(database, Export("june", JUNE, (KEPT, FIRST)))
    return journaled(database)


class Slow:
    """A derivation that merges what it read before `meanwhile` happened; the steps that follow are as quick as ever."""

    def __init__(self, collection: str, meanwhile: Callable[[], Any]) -> None:
        self._collection, self._meanwhile = collection, meanwhile
        self._run = derivation._run
        self._has_been = False

    def __call__(self, database: Db, derived_by: Sequence[Step], *, at_once: bool) -> None:
        into = derived_by[0].pipeline[-1]["$merge"]["into"]
        if self._has_been or into != self._collection:
            self._run(database, derived_by, at_once=at_once)
            return
        self._has_been = True
        read = [(step.pipeline[-1], list(database[step.source].aggregate(step.pipeline[:-1]))) for step in derived_by]
        self._meanwhile()
        for merge, documents in read:
            if documents:
                database.aggregate([{"$documents": documents}, merge])


@pytest.mark.parametrize("collection", [schema.ORDERS, schema.CUSTOMERS])
@pytest.mark.parametrize("everything", [True, False])
def test_who_merges_after_a_deletion_what_it_read_before_leaves_no_ghost(
    shop: Db, monkeypatch: pytest.MonkeyPatch, collection: str, everything: bool
) -> None:
    slow = Slow(collection, lambda: load(shop, OF_JULY))
    monkeypatch.setattr(derivation, "_run", slow)
    derivation.refresh(shop, None if everything else {(5, FIRST.invoice)})
    assert has_no_ghost(shop)


def test_without_the_record_of_deletions_there_is_a_ghost(shop: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departed, "_delete_again", lambda *_: None)
    monkeypatch.setattr(derivation, "_run", Slow(schema.CUSTOMERS, lambda: load(shop, OF_JULY)))
    derivation.refresh(shop, {(5, FIRST.invoice)})
    assert shop[schema.CUSTOMERS].find_one({"_id": 5})


def test_a_customer_who_comes_back_stays(shop: Db) -> None:
    load(shop, OF_JULY)
    load(shop, OF_JULY._replace(name="later", orders=(KEPT, MOVED._replace(customer=5))))
    derivation.refresh_touched(shop, {(5, FIRST.invoice), (4, KEPT.invoice)})
    assert shop[schema.CUSTOMERS].distinct("_id") == [4, 5]
    assert has_no_ghost(shop)


def test_what_began_before_a_replacement_makes_nothing_of_half_an_order(shop: Db) -> None:
    before = derived(shop)
    early = departed.take_revision(shop)["revision"]
    for step in _of_an_intent(shop)[:4]:  # the new lines are in, the old ones not out
        step()
    _derive(shop, early)
    assert derived(shop) == before


def test_without_a_hold_half_of_it_is_seen(shop: Db) -> None:
    before = derived(shop)
    early = departed.take_revision(shop)["revision"]
    for step in _of_an_intent(shop)[1:4]:
        step()
    _derive(shop, early)
    assert derived(shop) != before


def test_what_is_held_is_not_taken_for_gone(shop: Db) -> None:
    early = departed.take_revision(shop)["revision"]
    departed.hold(shop, {(5, FIRST.invoice)})
    departed.delete_orders(shop, early)
    departed.delete_customers(shop, early)
    assert shop[schema.CUSTOMERS].distinct("_id") == [5]


def _of_an_intent(database: Db) -> list[Callable[[], None]]:
    """Bring an order of the same customer and day, with other lines; return the steps that apply it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intents, "STEPS", ())
        bring(database, Export("july", JULY, (KEPT, FIRST._replace(prices=(11.0, 20.0, 3.0)))))
    (each,) = database[schema.INTENTS].find()
    pairs = [(customer_id, invoice) for customer_id, invoice in each["touched"]]
    intent = intents.Intent(each["_id"], each["load"], each["sequence"], each["invoices"], pairs)
    return [lambda step=step: step(database, intent) for step in intents.STEPS]  # type: ignore[misc]


def _derive(database: Db, revision: int) -> None:
    clock = derivation._clock(database)
    made = [*steps.orders_steps(revision, {(5, FIRST.invoice)}), *steps.customers_steps(revision, clock, [5])]
    for step in made:
        database[step.source].aggregate(step.pipeline)

"""Deletes derived documents whose lines or orders are gone, beside writers that may be about to make them once more.

A writer that read before the deletion and merges after it would insert the document again, as a ghost. So a deletion
is recorded first, with its revision, and every writer deletes after its own merge what was deleted since it began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymongo import UpdateOne

from retention.store import derivation_steps as steps
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retention.features.pipelines import Touched
    from retention.store.connection import Database

KEPT_MS: Final = 86_400_000  # a day: no derivation takes as long
BATCH: Final = 10_000  # ids at a time


def take_revision(database: Database) -> dict[str, Any]:
    """Return a document: the next `revision`, and as `as_of` the clock of the last derivation of all customers."""
    clock = database[schema.CLOCK]
    return clock.find_one_and_update(*steps.NEXT_REVISION, upsert=True, return_document=True) or {}


def hold(database: Database, touched: Touched) -> None:
    """Keep what is derived of these customers and invoices from every step whose revision is taken already."""
    if touched:
        held = {"$max": {"held": take_revision(database)["revision"]}}
        database[schema.ORDERS].update_many(steps.of_touched(touched), held)
        database[schema.CUSTOMERS].update_many({"_id": {"$in": sorted({each for each, _ in touched})}}, held)


def delete_orders(database: Database, revision: int, touched: Touched | None = None) -> None:
    """Delete the orders of these customers and invoices (None: all) that the step with this revision did not make."""
    _delete(database, schema.ORDERS, revision, {} if touched is None else steps.of_touched(touched))


def delete_customers(database: Database, revision: int, customer_ids: Sequence[int] | None = None) -> None:
    """Delete these customers (None: all) if the step with this revision did not make them, and their scores."""
    _delete(database, schema.CUSTOMERS, revision, {} if customer_ids is None else {"_id": {"$in": list(customer_ids)}})


def _delete(database: Database, collection: str, revision: int, which: Mapping[str, Any]) -> None:
    left_out = {**which, **steps.not_derived_since(revision)}
    while ids := [each["_id"] for each in database[collection].find(left_out, {"_id": 1}).limit(BATCH)]:
        _record(database, collection, revision, ids)
        _delete_these(database, collection, revision, ids)
    _delete_again(database, collection, revision)


def _record(database: Database, collection: str, revision: int, ids: Sequence[Any]) -> None:
    expires_at = {"$add": ["$$NOW", KEPT_MS]}
    change = [{"$set": {"revision": {"$max": ["$revision", revision]}, "expires_at": expires_at}}]
    keys = ({"_id": {"of": collection, "id": each}} for each in ids)
    database[schema.GONE].bulk_write([UpdateOne(key, change, upsert=True) for key in keys], ordered=False)


def _delete_again(database: Database, collection: str, revision: int) -> None:
    """Delete what others deleted since this revision was taken: we may have read it before, and merged it after."""
    later: dict[int, list[Any]] = {}
    for each in database[schema.GONE].find({"revision": {"$gt": revision}, "_id.of": collection}):
        later.setdefault(each["revision"], []).append(each["_id"]["id"])
    for since, ids in later.items():
        _delete_these(database, collection, since, ids)


def _delete_these(database: Database, collection: str, revision: int, ids: Sequence[Any]) -> None:
    gone = {"_id": {"$in": list(ids)}, **steps.not_derived_since(revision)}
    database[collection].delete_many(gone)
    if collection == schema.CUSTOMERS:
        database[schema.SCORES].delete_many({"_id": {"$in": list(ids)}, "revision": {"$not": {"$gte": revision}}})

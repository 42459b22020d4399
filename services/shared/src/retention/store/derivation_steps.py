"""What keeps orders and customers fresh, as data: the steps, and the numbers that make them safe for many writers.

A writer inserts its lines, then
1. takes a number and runs `orders_steps` with it;
2. moves the clock, if it is one that may, takes another number, reads the clock and runs `customers_steps` with both.

A number is taken after everything that it stands for was written and before anything is read, so a step with a higher
number has read all that a step with a lower one could. Every derived document carries the number it was made with, and
$merge keeps the document with the higher one: whoever ends last, the last to begin stands. No locks and no repeats.

They carry the definition they were made by, too: what another version of the pipelines made, perhaps at the same time
as this one, is known for it, is not answered from, and is derived again by the next load.

One number for both steps would not do: of two writers the one with the higher number may reduce the orders of a
customer before the other has merged its own, and that one, though it saw both, would be turned away.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.features import pipelines
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence, Sized

    from retention.features.pipelines import Pipeline, Touched

# The arguments of find_one_and_update on `clock`, with upsert; `revision` of the document after it is the number.
NEXT_REVISION: Final[tuple[dict[str, Any], dict[str, Any]]] = ({"_id": schema.REFRESH_ID}, {"$inc": {"revision": 1}})


def _definitions() -> dict[str, str]:
    """Return by collection a hash of the pipelines that make it; customers are made of orders."""
    made_by = pipelines.orders()
    definitions = {schema.ORDERS: _hash(made_by)}
    made_by += pipelines.customers(datetime(2000, 1, 1, tzinfo=UTC))  # as of any one instant
    return {**definitions, schema.CUSTOMERS: _hash(made_by)}


def _hash(pipeline: Pipeline) -> str:
    return hashlib.blake2b(repr(pipeline).encode(), digest_size=4).hexdigest()


DEFINITIONS: Final = _definitions()

_NEWER: Final = {"$gt": ["$$new.revision", "$revision"]}  # a document without a number is older than any
_KEEP_NEWER: Final = [{"$replaceWith": {"$cond": [_NEWER, "$$new", "$$ROOT"]}}]

MANY: Final = 100  # touched; below, a second pipeline costs as much as it saves


class Step(NamedTuple):
    """A pipeline that ends in the collection it derives, the collection it runs on, and a hint for reading that."""

    source: str
    pipeline: Pipeline
    hint: dict[str, Any] | None = None


def orders_steps(revision: int, touched: Touched | None = None) -> list[Step]:
    """Return what derives the orders of the touched customers and invoices; None: of all. To be run side by side."""
    # Reading all 541,909 lines in the order of an index takes 0.1 s longer than reading them as they lie.
    hint = {"$natural": 1} if touched is None else None
    step = Step(schema.TRANSACTIONS, [*pipelines.orders(touched), *_merge(schema.ORDERS, revision)], hint)
    return _shared_out(step, "CustomerID", touched)


def customers_steps(revision: int, as_of: datetime, customer_ids: Sequence[int] | None = None) -> list[Step]:
    """Return what derives the customers as of an instant; None: everybody. To be run side by side."""
    step = Step(schema.ORDERS, [*pipelines.customers(as_of, customer_ids), *_merge(schema.CUSTOMERS, revision)])
    return _shared_out(step, "_id.customer_id", customer_ids)


def _shared_out(step: Step, customer_id: str, touched: Sized | None) -> list[Step]:
    if touched is not None and len(touched) < MANY:
        return [step]
    # A pipeline uses one core: on two, everything is derived in 1.5 s instead of 2.4 s.
    return [step._replace(pipeline=[{"$match": {customer_id: {"$mod": [2, half]}}}, *step.pipeline]) for half in (0, 1)]


def not_derived_since(revision: int) -> dict[str, Any]:
    """Return the filter for what a step over everything did not derive again: its lines or orders are gone."""
    return {"revision": {"$not": {"$gte": revision}}}


def of_another_definition(collection: str) -> dict[str, Any]:
    """Return the filter for what was derived by other pipelines than these."""
    return {"definition": {"$ne": DEFINITIONS[collection]}}


def later_last_days(clock: datetime, customer_ids: Collection[int]) -> Pipeline:
    """Return the last day of each customer with an order or return at or after the clock; runs on `orders`.

    For a writer that does not move the clock: it derives these customers as of the day after theirs, not only as of
    the day after its own lines, or it would take away what an earlier one had brought.
    """
    later = {"_id.customer_id": {"$in": sorted(customer_ids)}, "_id.day": {"$gte": clock}}
    return [{"$match": later}, {"$group": {"_id": "$_id.customer_id", "day": {"$max": "$_id.day"}}}]


def _merge(collection: str, revision: int) -> Pipeline:
    merge = {"into": collection, "on": "_id", "whenMatched": _KEEP_NEWER, "whenNotMatched": "insert"}
    made = {"revision": revision, "definition": DEFINITIONS[collection]}
    return [{"$set": made}, {"$merge": merge}]

"""The pipelines that derive orders and customers, and the numbers that make them safe for many writers.

A writer inserts its lines, then
1. takes a number and runs `orders_steps` with it;
2. moves the clock, if it is one that may, takes another number, reads the clock and runs `customers_steps` with both.

A number is taken after the writer's lines were written and before anything is read, so a step with a higher number has
read everything that a step with a lower one could. Every derived document carries its step's number, and $merge keeps
the document with the higher one: the step that began last wins, whichever ends last. No locks and no repeats.

Every derived document also carries the definition it was made by. Documents of another version of the pipelines, which
may run at the same time, are recognised by it: they are not used in answers, and the next load derives them again.

Each step needs a number of its own. With one for both, the writer with the higher number could reduce a customer's
orders before the other writer has merged its own, and the other's customer, though made of both, would be refused.
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

# Arguments of find_one_and_update on `clock`, with upsert; the number is `revision` of the document afterwards.
NEXT_REVISION: Final[tuple[dict[str, Any], dict[str, Any]]] = ({"_id": schema.REFRESH_ID}, {"$inc": {"revision": 1}})


def _definitions() -> dict[str, str]:
    """Return a hash of the pipelines by the collection they make; customers are made of orders."""
    made_by = pipelines.orders()
    definitions = {schema.ORDERS: _hash(made_by)}
    made_by += pipelines.customers(datetime(2000, 1, 1, tzinfo=UTC))  # as of any one instant
    return {**definitions, schema.CUSTOMERS: _hash(made_by)}


def _hash(pipeline: Pipeline) -> str:
    return hashlib.blake2b(repr(pipeline).encode(), digest_size=4).hexdigest()


DEFINITIONS: Final = _definitions()

_NEWER: Final = {"$gt": ["$$new.revision", "$revision"]}  # a document without a number is older than any
_KEEP_NEWER: Final = [{"$replaceWith": {"$cond": [_NEWER, "$$new", "$$ROOT"]}}]

MANY: Final = 100  # touched; with fewer, a second pipeline costs as much as it saves


class Step(NamedTuple):
    """A pipeline that merges into the collection it derives, the collection it runs on, and a hint for reading that."""

    source: str
    pipeline: Pipeline
    hint: dict[str, Any] | None = None


def orders_steps(revision: int, touched: Touched | None = None) -> list[Step]:
    """Return the steps that derive the orders of the touched customers and invoices, or all for None; in any order."""
    # Reading 541,909 lines in the order of an index takes 0.1 s longer than in natural order.
    hint = {"$natural": 1} if touched is None else None
    step = Step(schema.TRANSACTIONS, [*pipelines.orders(touched), *_merge(schema.ORDERS, revision)], hint)
    return _shared_out(step, "CustomerID", touched)


def customers_steps(revision: int, as_of: datetime, customer_ids: Sequence[int] | None = None) -> list[Step]:
    """Return the steps that derive the customers as of an instant, or everybody for None; in any order."""
    step = Step(schema.ORDERS, [*pipelines.customers(as_of, customer_ids), *_merge(schema.CUSTOMERS, revision)])
    return _shared_out(step, "_id.customer_id", customer_ids)


def _shared_out(step: Step, customer_id: str, touched: Sized | None) -> list[Step]:
    if touched is not None and len(touched) < MANY:
        return [step]
    # A pipeline uses one core: on two, everything is derived in 1.5 s instead of 2.4 s.
    return [step._replace(pipeline=[{"$match": {customer_id: {"$mod": [2, half]}}}, *step.pipeline]) for half in (0, 1)]


def not_derived_since(revision: int) -> dict[str, Any]:
    """Return the filter for documents that a step over everything did not derive: their lines or orders are gone."""
    return {"revision": {"$not": {"$gte": revision}}}


def of_another_definition(collection: str) -> dict[str, Any]:
    """Return the filter for documents that other pipelines than these derived."""
    return {"definition": {"$ne": DEFINITIONS[collection]}}


def later_last_days(clock: datetime, customer_ids: Collection[int]) -> Pipeline:
    """Return the last day of each customer with an order or return at or after the clock; runs on `orders`.

    A writer that does not move the clock derives these customers as of the day after their own last day. As of the day
    after its own lines, it would take away the later lines of an earlier writer.
    """
    later = {"_id.customer_id": {"$in": sorted(customer_ids)}, "_id.day": {"$gte": clock}}
    return [{"$match": later}, {"$group": {"_id": "$_id.customer_id", "day": {"$max": "$_id.day"}}}]


def _merge(collection: str, revision: int) -> Pipeline:
    merge = {"into": collection, "on": "_id", "whenMatched": _KEEP_NEWER, "whenNotMatched": "insert"}
    made = {"revision": revision, "definition": DEFINITIONS[collection]}
    return [{"$set": made}, {"$merge": merge}]

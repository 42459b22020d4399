"""Derives orders, the clock and customers from the transactions, in the database; several writers may run at once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from retention.clock import day_after
from retention.errors import BadDataError
from retention.lines.rules import EARLIEST
from retention.store import departed, intents, schema
from retention.store import derivation_steps as steps
from retention.store.connection import run_each
from retention.store.departed import take_revision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from retention.features.pipelines import Touched
    from retention.store.connection import Database


class Refreshed(NamedTuple):
    """What is derived from the transactions now."""

    orders: int
    customers: int
    clock: datetime


def refresh(database: Database, touched: Touched | None = None) -> Refreshed:
    """Derive the touched customers and invoices (None: everything), move the clock, and return the totals.

    Features are as of the clock: when it moves, all customers are derived again. If another version derived some
    orders, everything is derived again; if it derived some customers, all customers are. The lines must already be
    stored; BadDataError when there are none. It can be killed at any point and run again with the same `touched`.
    Customers and invoices of replaced orders that are not derived yet are derived, too. What lost its lines is deleted.
    """
    intents.apply_open(database)
    replaced = intents.waiting(database)
    touched = None if touched is None or _has_others(database, schema.ORDERS) else {*touched, *replaced.touched}
    if touched is None or touched:
        _derive_orders(database, touched, at_once=True)
    clock = _derive_customers(database, None if touched is None else {customer_id for customer_id, _ in touched})
    intents.forget(database, replaced.intent_ids)
    orders = database[schema.ORDERS].count_documents({"_id.kind": "order"})
    return Refreshed(orders, database[schema.CUSTOMERS].count_documents({}), clock)


def refresh_touched(database: Database, touched: Touched) -> Mapping[datetime, Sequence[int]]:
    """Derive the touched orders and customers; return the customers by the instant their features are as of.

    That is the clock, or the day after a customer's last order or return if that is later. The clock itself does not
    move, so no other customer's features change. The steps run in turn, on one core. The lines must already be stored.
    It can be run again after a failure. Orders that requests replaced and that are not derived yet are derived, too.
    What lost its lines is deleted.
    """
    intents.apply_open(database)
    replaced = intents.waiting(database, of_requests=True)
    touched = {*touched, *replaced.touched}
    if not touched:
        return {}
    _derive_orders(database, touched, at_once=False)
    revision = _begin(database)["revision"]
    as_of = _instants(database, {customer_id for customer_id, _ in touched})
    for instant, customer_ids in as_of.items():
        _run(database, steps.customers_steps(revision, instant, customer_ids), at_once=False)
    departed.delete_customers(database, revision, sorted({customer_id for customer_id, _ in touched}))
    intents.forget(database, replaced.intent_ids)
    return as_of


def clock(database: Database) -> datetime | None:
    """Return the day after the last line; None before the first."""
    found = database[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})
    return found["as_of"] if found else None


def is_outdated(database: Database) -> bool:
    """Return whether another version's pipelines derived an order or a customer."""
    return _has_others(database, schema.ORDERS) or _has_others(database, schema.CUSTOMERS)


def _has_others(database: Database, collection: str) -> bool:
    return database[collection].find_one(steps.of_another_definition(collection), {"_id": 1}) is not None


def _begin(database: Database) -> dict[str, Any]:
    """Take a revision, then see that no order is half replaced: one that is being replaced later is held by then."""
    taken = take_revision(database)
    intents.apply_open(database)
    return taken


def _derive_orders(database: Database, touched: Touched | None, *, at_once: bool) -> None:
    """Derive these orders (None: all), and delete those that have no lines any more."""
    revision = _begin(database)["revision"]
    _run(database, steps.orders_steps(revision, touched), at_once=at_once)
    departed.delete_orders(database, revision, touched)


def _derive_customers(database: Database, customer_ids: set[int] | None) -> datetime:
    """Derive these customers, or all if the clock moved or another version derived some; return the clock."""
    while True:
        _move_clock(database)
        taken = _begin(database)
        clock = _clock(database)  # read after taking the revision: a higher revision never has an earlier clock
        if customer_ids is None or taken.get("as_of") != clock or _has_others(database, schema.CUSTOMERS):
            _derive_all(database, taken["revision"], clock)
        elif customer_ids:
            _run(database, steps.customers_steps(taken["revision"], clock, sorted(customer_ids)), at_once=True)
            departed.delete_customers(database, taken["revision"], sorted(customer_ids))
        # A line of a later day, inserted meanwhile, may already be in an order that this clock hides.
        if _day_after_last_line(database) <= clock:
            return clock


def _derive_all(database: Database, revision: int, clock: datetime) -> None:
    _run(database, steps.customers_steps(revision, clock), at_once=True)
    departed.delete_customers(database, revision)
    # Only now: after a kill halfway, the next refresh must see that some customers are not as of the clock.
    database[schema.CLOCK].update_one({"_id": schema.REFRESH_ID}, {"$max": {"as_of": clock}})


def _instants(database: Database, customer_ids: set[int]) -> dict[datetime, list[int]]:
    clock = _clock(database)
    found = database[schema.ORDERS].aggregate(steps.later_last_days(clock, customer_ids))
    later = {each["_id"]: day_after(each["day"]) for each in found}
    instants = defaultdict(list)
    for customer_id in sorted(customer_ids):
        instants[later.get(customer_id, clock)].append(customer_id)
    return instants


def _run(database: Database, derived_by: Sequence[steps.Step], *, at_once: bool) -> None:
    def run(step: steps.Step) -> None:
        options: dict[str, Any] = {"hint": step.hint} if step.hint else {}
        database[step.source].aggregate(step.pipeline, allowDiskUse=True, **options)

    run_each(run, derived_by, at_once=at_once)


def _move_clock(database: Database) -> None:
    change = {"$max": {"as_of": _day_after_last_line(database)}}  # of two writers' clocks, the later one is kept
    database[schema.CLOCK].update_one({"_id": schema.CLOCK_ID}, change, upsert=True)


def _clock(database: Database) -> datetime:
    found = database[schema.CLOCK].find_one({"_id": schema.CLOCK_ID}) or {}
    clock: datetime = found.get("as_of", EARLIEST)  # missing before the first load
    return clock


def _day_after_last_line(database: Database) -> datetime:
    # An id starts with its line's instant, so the highest id is the last line's: no scan.
    last = database[schema.TRANSACTIONS].find_one({}, {"InvoiceDate": 1}, sort=[("_id", -1)])
    if last is None:
        raise BadDataError("there are no transactions: every row of the input was quarantined")
    return day_after(last["InvoiceDate"])

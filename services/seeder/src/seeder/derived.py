"""Orders, clock and customers: derived from the transactions in the database, safe beside other writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from retention.clock import day_after
from retention.errors import BadDataError
from retention.store import schema
from retention.store.derivation_steps import (
    NEXT_REVISION,
    Step,
    customers_steps,
    not_derived_since,
    of_another_definition,
    orders_steps,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pymongo.database import Database

    from retention.features.pipelines import Touched


class Refreshed(NamedTuple):
    """What is derived from the transactions now."""

    orders: int
    customers: int
    clock: datetime


def refresh(database: Database[dict[str, Any]], touched: Touched | None = None) -> Refreshed:
    """Derive what follows from the touched customers and invoices, or everything for None, and say what there is now.

    Everybody's features are as of the clock, so when it moves everybody is derived from the orders; and everything is
    when orders were made by another version's definition, everybody when customers were. The lines must be
    there already; BadDataError when there is none. Killed anywhere, it can be run again with the same `touched`.
    """
    if _has_others(database, schema.ORDERS):
        touched = None
    if touched is None or touched:
        _derive_orders(database, touched)
    clock = _derive_customers(database, None if touched is None else {customer_id for customer_id, _ in touched})
    orders = database[schema.ORDERS].count_documents({"_id.kind": "order"})
    return Refreshed(orders, database[schema.CUSTOMERS].count_documents({}), clock)


def is_outdated(database: Database[dict[str, Any]]) -> bool:
    """Return whether an order or a customer was derived by another definition than this version's."""
    return _has_others(database, schema.ORDERS) or _has_others(database, schema.CUSTOMERS)


def _has_others(database: Database[dict[str, Any]], collection: str) -> bool:
    return database[collection].find_one(of_another_definition(collection), {"_id": 1}) is not None


def _derive_orders(database: Database[dict[str, Any]], touched: Touched | None) -> None:
    revision: int = _take_number(database)["revision"]
    _run(database, orders_steps(revision, touched))
    if touched is None:
        database[schema.ORDERS].delete_many(not_derived_since(revision))


def _derive_customers(database: Database[dict[str, Any]], customer_ids: set[int] | None) -> datetime:
    """Derive these customers, or everybody when the clock moved or the definition is another; return the clock."""
    while True:
        _move_clock(database)
        refreshed = _take_number(database)
        clock = _clock(database)  # read after the number was taken: a higher number has no earlier clock
        if customer_ids is None or refreshed.get("as_of") != clock or _has_others(database, schema.CUSTOMERS):
            _derive_everybody(database, refreshed["revision"], clock)
        elif customer_ids:
            _run(database, customers_steps(refreshed["revision"], clock, sorted(customer_ids)))
        # A line of a later day that came in meanwhile may be in an order already, and hidden by this clock.
        if _day_after_last_line(database) <= clock:
            return clock


def _derive_everybody(database: Database[dict[str, Any]], revision: int, clock: datetime) -> None:
    _run(database, customers_steps(revision, clock))
    database[schema.CUSTOMERS].delete_many(not_derived_since(revision))
    # Not before: killed halfway, the next refresh must see that not everybody is as of the clock.
    database[schema.CLOCK].update_one({"_id": schema.REFRESH_ID}, {"$max": {"as_of": clock}})


def _take_number(database: Database[dict[str, Any]]) -> dict[str, Any]:
    """Return the number and as of what everybody is, as `revision` and `as_of`."""
    return database[schema.CLOCK].find_one_and_update(*NEXT_REVISION, upsert=True, return_document=True) or {}


def _run(database: Database[dict[str, Any]], steps: Sequence[Step]) -> None:
    def run(step: Step) -> None:
        options: dict[str, Any] = {"hint": step.hint} if step.hint else {}
        database[step.source].aggregate(step.pipeline, allowDiskUse=True, **options)

    with ThreadPoolExecutor(len(steps)) as side_by_side:
        list(side_by_side.map(run, steps))


def _move_clock(database: Database[dict[str, Any]]) -> None:
    change = {"$max": {"as_of": _day_after_last_line(database)}}  # of two writers, the later clock stands
    database[schema.CLOCK].update_one({"_id": schema.CLOCK_ID}, change, upsert=True)


def _clock(database: Database[dict[str, Any]]) -> datetime:
    clock: datetime = (database[schema.CLOCK].find_one({"_id": schema.CLOCK_ID}) or {})["as_of"]
    return clock


def _day_after_last_line(database: Database[dict[str, Any]]) -> datetime:
    # An id starts with its line's instant, so the last id is of the last line: no scan.
    last = database[schema.TRANSACTIONS].find_one({}, {"InvoiceDate": 1}, sort=[("_id", -1)])
    if last is None:
        raise BadDataError("there are no transactions: every row of the input was quarantined")
    return day_after(last["InvoiceDate"])

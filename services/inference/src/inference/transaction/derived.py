"""Derives orders and customers again for what a request touched."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from retention.clock import day_after
from retention.lines.rules import EARLIEST
from retention.store import schema
from retention.store.derivation_steps import NEXT_REVISION, Step, customers_steps, later_last_days, orders_steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from inference.database.connection import Database
    from retention.features.pipelines import Touched


async def refresh(database: Database, touched: Touched) -> Mapping[datetime, Sequence[int]]:
    """Derive the touched orders and customers again; return the customers by the instant they are now as of.

    That is the clock, or the day after a customer's last order or return when it is later: the clock itself is not
    moved, so nobody else's features change. The lines must be there already. It can be run again after a failure.
    """
    if not touched:
        return {}
    await _run(database, orders_steps(await _take_number(database), touched))
    number = await _take_number(database)
    as_of = await _instants(database, {customer_id for customer_id, _ in touched})
    for instant, customer_ids in as_of.items():
        await _run(database, customers_steps(number, instant, customer_ids))
    return as_of


async def _instants(database: Database, customer_ids: set[int]) -> dict[datetime, list[int]]:
    stored: dict[str, Any] | None = await database[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})
    clock = stored["as_of"] if stored else EARLIEST  # before the first load there is none
    later: dict[int, datetime] = {
        found["_id"]: day_after(found["day"])
        async for found in database[schema.ORDERS].aggregate(later_last_days(clock, customer_ids))
    }
    instants = defaultdict(list)
    for customer_id in sorted(customer_ids):
        instants[later.get(customer_id, clock)].append(customer_id)
    return instants


async def _take_number(database: Database) -> int:
    clock = database[schema.CLOCK]
    taken: dict[str, Any] = await clock.find_one_and_update(*NEXT_REVISION, upsert=True, return_document=True)
    return int(taken["revision"])


async def _run(database: Database, steps: Sequence[Step]) -> None:
    # One after the other: a request takes one core, and leaves the other to questions.
    for step in steps:
        await database[step.source].aggregate(step.pipeline).to_list(None)

"""Whole orders on their way in: one that comes again with other lines, state or totals replaces the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bson import ObjectId

from retention.store import indexes, intents, schema, transactions
from retention.store.comparison import Outcome, compare
from retention.store.derivation import refresh_touched
from retention.store.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from retention.store.connection import Database
    from retention.store.standing import Incoming, Standing


class Taken(NamedTuple):
    """What became of some orders; every line that came in is in one of the first five counts."""

    inserted: int = 0  # lines
    there: int = 0
    replacing: int = 0  # lines of replaced orders, as they are now
    older: int = 0  # lines that replaced nothing
    incomplete: int = 0
    replaced_orders: int = 0
    older_orders: int = 0
    incomplete_orders: int = 0
    superseded: int = 0  # stored lines that were replaced
    touched: frozenset[tuple[int, str]] = frozenset()  # customers and invoices to be derived again
    outcomes: Mapping[str, Outcome] = {}  # by invoice; an order that is not among them is new


def take_in(
    database: Database,
    load_id: str,
    orders: Sequence[Incoming],
    *,
    sequence: int,
    last_day: datetime,
    force: bool = False,
) -> Taken:
    """Insert the new orders and replace the changed ones; nothing is derived yet.

    `database` must be journaled. Killed at any point, it can be run again; the next derivation finishes what began.
    """
    intents.apply_open(database)
    compared = compare(database, orders, sequence=sequence, last_day=last_day, force=force)
    touched = transactions.touched(compared.new)
    for part in _parts(compared.changed):
        touched |= _replace(database, load_id, sequence, part, compared.before)
    taken = transactions.insert(database, compared.new)
    new = [order for order in orders if order.documents and order.invoice not in compared.before]
    if force and (twice := _arrived_twice(database, new, sequence)):
        touched |= _replace(database, load_id, sequence, twice, standing(database, [one.invoice for one in twice]))
    _mark_seen(database, sequence, compared.seen)
    return Taken(
        inserted=len(compared.new) - taken,
        there=compared.there + taken,
        replacing=_lines(compared.changed),
        older=_lines(compared.older),
        incomplete=_lines(compared.incomplete),
        replaced_orders=len(compared.changed),
        older_orders=len(compared.older),
        incomplete_orders=len(compared.incomplete),
        superseded=sum(len(compared.before[order.invoice].lines) for order in compared.changed),
        touched=frozenset(touched),
        outcomes=compared.outcomes(),
    )


def replace(
    database: Database, load_id: str, orders: Sequence[Incoming], *, sequence: int, last_day: datetime
) -> tuple[Taken, Mapping[datetime, Sequence[int]]]:
    """Take in the orders of a request, whatever stands there, and derive whom they touch.

    Returns the account, and the customers by the instant their features are as of, those who lost an order included.
    """
    indexes.make_order_index(database)
    taken = take_in(database, load_id, orders, sequence=sequence, last_day=last_day, force=True)
    came = {pair for order in orders for pair in transactions.touched(order.documents)}
    return taken, refresh_touched(database, taken.touched | came)


def _replace(
    database: Database, load_id: str, sequence: int, orders: Sequence[Incoming], before: Mapping[str, Standing]
) -> set[tuple[int, str]]:
    lines = [document for order in orders for document in order.documents]
    old = {(customer_id, order.invoice) for order in orders for customer_id in before[order.invoice].customers}
    touched = old | transactions.touched(lines)
    intent = intents.write(
        database,
        load_id,
        sequence,
        lines,
        invoices=[order.invoice for order in orders],
        unstamped=[one for order in orders for one in before[order.invoice].unstamped],
        touched=touched,
    )
    intents.apply(database, intent)
    return touched


def _arrived_twice(database: Database, new: Sequence[Incoming], sequence: int) -> list[Incoming]:
    """Return the new orders that another load brought, too, after we compared: the later load's are to stand.

    Whoever inserts last sees both. Looked at when orders replace whatever stands there, as those of requests do.
    """
    if not new:
        return []
    others = {"InvoiceNo": {"$in": [order.invoice for order in new]}, "Load": {"$exists": True, "$ne": sequence}}
    found = set(database[schema.TRANSACTIONS].distinct("InvoiceNo", others))
    return [order for order in new if order.invoice in found]


def _parts(orders: Sequence[Incoming]) -> Iterator[list[Incoming]]:
    """Yield the orders in parts that an intent can hold."""
    part: list[Incoming] = []
    size = 0
    for order in orders:
        adds = sum(map(len, order.documents))
        if part and size + adds > intents.MAX_BYTES:
            yield part
            part, size = [], 0
        part.append(order)
        size += adds
    if part:
        yield part


def _mark_seen(database: Database, sequence: int, line_ids: Sequence[bytes]) -> None:
    if line_ids:
        ids = [ObjectId(one) for one in line_ids]
        database[schema.TRANSACTIONS].update_many({"_id": {"$in": ids}}, {"$max": {"Seen": sequence}})


def _lines(orders: Sequence[Incoming]) -> int:
    return sum(len(order.documents) for order in orders)

"""Brings the database of an older release up to date. A deploy runs it beside the old release, which goes on serving.

The old release does not use what another definition derived: it computes a customer from the orders at each request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from retention.store import cancellations, derivation, indexes, schema, shop
from retention.store.transactions import is_empty

if TYPE_CHECKING:
    from retention.store.connection import Database
    from retention.store.derivation import Refreshed


class Upgraded(NamedTuple):
    """What was done; nothing in a database that is up to date, or empty."""

    marked: int = 0  # lines of cancelled invoices that were not marked
    refreshed: Refreshed | None = None  # what is derived now, where something had to be derived again


def upgrade(database: Database, *, currency: str | None = None) -> Upgraded:
    """Write the shop document, mark the lines of cancelled invoices, and derive what another definition derived.

    `currency` is the setting, for a database without the document; None: not set. Lines that an older release stores
    meanwhile are marked by the next run. It can be killed at any point and run again; with nothing to do it takes one
    look at every line, 0.2 s for 541,909.
    """
    if is_empty(database):
        return Upgraded()
    known = shop.read(database) or shop.settle(database, shop.Shop.legacy(currency))
    indexes.make_indexes(database)
    prefix, marked = known.cancelled_prefix or "", 0
    if not cancellations.is_complete(database, prefix):
        # Before any mark: after a kill the next run must see that something is to be derived.
        database[schema.ORDERS].update_one({}, {"$unset": {"definition": ""}})
        marked = cancellations.mark(database, prefix)
    refreshed = derivation.refresh(database) if marked or derivation.is_outdated(database) else None
    return Upgraded(marked, refreshed)

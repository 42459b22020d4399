"""Whole orders of a small shop, as exports bring them: encoded, loaded, read back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import bson
from bson.int64 import Int64

from retention.lines.dates import ISO
from retention.lines.documents import LineEncoder
from retention.lines.rules import Reading, Rejection, latest_instant
from retention.store import derivation, indexes, schema, sequences
from retention.store.connection import journaled
from retention.store.replacement import Taken, take_in
from retention.store.standing import Incoming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

    Db = Database[dict[str, Any]]

NOW = datetime(2012, 1, 1, tzinfo=UTC)
JUNE, JULY = (datetime(2011, month, 30, tzinfo=UTC) for month in (6, 7))


class Sold(NamedTuple):
    """One order: its lines are of one piece each, at these prices."""

    invoice: str
    customer: int | None
    prices: tuple[float, ...] = (10.0,)
    day: str = "2011-06-03"
    name: str = "THING"
    state: str | None = None
    complete: bool = True


class Export(NamedTuple):
    """A file: its name, the last day it knows of, and its orders."""

    name: str
    last_day: datetime
    orders: tuple[Sold, ...]


def encoded(sold: Sold, **marks: Any) -> list[bytes]:
    """Return the order's lines as documents, with these marks."""
    rows = [(sold.invoice, f"P{n}", sold.name, 1, sold.day, p, sold.customer, None) for n, p in enumerate(sold.prices)]
    lines = LineEncoder(Reading(ISO, latest_instant(NOW))).encode(rows)
    state = {} if sold.state is None else {"State": sold.state}
    return [_with(line, {**state, **marks}) for line in lines if not isinstance(line, Rejection)]


def _with(document: bytes, marks: dict[str, Any]) -> bytes:
    line = bson.decode(document)
    if "CustomerID" in line:
        line["CustomerID"] = Int64(line["CustomerID"]) if line["CustomerID"] >= 2**31 else line["CustomerID"]
    return bson.encode({**line, **marks})


def incoming(orders: Sequence[Sold], sequence: int) -> list[Incoming]:
    """Return the orders as a load with this number brings them."""
    return [Incoming(sold.invoice, encoded(sold, Load=sequence), sold.complete) for sold in orders]


def bring(database: Db, export: Export, *, force: bool = False, anew: bool = False) -> Taken:
    """Take in an export without deriving anything."""
    db = journaled(database)
    sequence = sequences.take(db, export.name, export.last_day, anew=anew)
    orders = incoming(export.orders, sequence)
    return take_in(db, export.name, orders, sequence=sequence, last_day=export.last_day, force=force)


def load(database: Db, export: Export, *, force: bool = False, anew: bool = False) -> Taken:
    """Take in an export, and derive."""
    indexes.make_indexes(database)
    indexes.make_order_index(database)
    taken = bring(database, export, force=force, anew=anew)
    derivation.refresh(journaled(database), set(taken.touched))
    return taken


def stored(database: Db) -> set[tuple[Any, ...]]:
    """Return every line's invoice, product, name, price, day, customer and state."""
    fields = ("InvoiceNo", "StockCode", "Description", "UnitPrice", "CustomerID", "State")
    lines = list(database[schema.TRANSACTIONS].find())
    found = {(*map(line.get, fields), f"{line['InvoiceDate']:%Y-%m-%d}") for line in lines}
    assert len(found) == len(lines)  # no line twice
    return found


def lines_of(*orders: Sold) -> set[tuple[Any, ...]]:
    """Return what `stored` returns when exactly these orders are."""
    return {
        (sold.invoice, f"P{n}", sold.name, price, sold.customer, sold.state, sold.day)
        for sold in orders
        for n, price in enumerate(sold.prices)
    }


def derived(database: Db) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return orders and customers by id, without the numbers of their refreshes."""
    orders, customers = (
        {str(each.pop("_id")): each for each in database[name].find({}, {"revision": 0, "held": 0})}
        for name in (schema.ORDERS, schema.CUSTOMERS)
    )
    return orders, customers


def has_no_ghost(database: Db) -> bool:
    """Return whether what is derived is what the lines alone would make, from nothing."""
    before = derived(database)
    for name in (schema.ORDERS, schema.CUSTOMERS):
        database[name].delete_many({})
    derivation.refresh(database)
    return before == derived(database)

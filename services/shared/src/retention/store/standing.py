"""Orders as they are stored: the ids and marks of their lines, and the load they stand in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import bson

from retention.lines.documents import line_id
from retention.store import schema, sequences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from retention.store.connection import Database

Marks: TypeAlias = "tuple[Any, ...]"  # what a line says outside its id; None where it says nothing
Lines: TypeAlias = "dict[bytes, Marks]"  # by line id

MARKS: Final = ("Total", "State", "Cancelled")
_UNMARKED: Final[Marks] = (None,) * len(MARKS)
_NAMES: Final = tuple(name.encode() + b"\0" for name in MARKS)
_READ: Final = dict.fromkeys(("InvoiceNo", "Load", "Seen", "CustomerID", *MARKS), 1)


class Incoming(NamedTuple):
    """One order: its encoded lines, each with its load's number as `Load`."""

    invoice: str
    documents: list[bytes]
    complete: bool = True  # False: its lines miss the total that the file states for it
    may_be_cut: bool = False  # it begins or ends its file, which says nothing about how many lines it has
    apart: bool = False  # its returns may come in a later file than its sales
    added: bool = False  # its lines are the stored ones and more: its age does not matter


class Standing(NamedTuple):
    """One stored order."""

    lines: Lines
    load: int  # the highest number among its lines: of the load that inserted or replaced it; 0 for a line feed
    seen: int  # the number of the last load that brought it unchanged, or `load` if that is later
    unstamped: list[bson.ObjectId]  # its lines without `Load`
    customers: set[int]
    last_day: datetime  # the last day that its last load knew of; of a line feed the day of its last line


def incoming(documents: Iterable[bytes]) -> Lines:
    """Return the ids and marks of encoded lines."""
    return {line_id(document): marks(document) for document in documents}


def marks(document: bytes) -> Marks:
    """Return the marks of an encoded line."""
    if not any(name in document for name in _NAMES):  # decoding takes 20 times longer
        return _UNMARKED
    line = bson.decode(document)
    return tuple(line.get(name) for name in MARKS)


def standing(database: Database, invoices: Collection[str]) -> dict[str, Standing]:
    """Return the orders with these numbers that are stored, by number."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in database[schema.TRANSACTIONS].find({"InvoiceNo": {"$in": list(invoices)}}, _READ):
        found.setdefault(line["InvoiceNo"], []).append(line)
    orders = {invoice: _order(lines) for invoice, lines in found.items()}
    days = sequences.last_days(database, {order.seen for order in orders.values()} - {0})
    return {invoice: order._replace(last_day=days.get(order.seen, order.last_day)) for invoice, order in orders.items()}


def _order(lines: list[dict[str, Any]]) -> Standing:
    load = max(line.get("Load", 0) for line in lines)
    return Standing(
        {line["_id"].binary: tuple(map(line.get, MARKS)) for line in lines},
        load,
        max(load, *(line.get("Seen", 0) for line in lines)),
        [line["_id"] for line in lines if "Load" not in line],
        {line["CustomerID"] for line in lines if "CustomerID" in line},
        _day(max(line["_id"].binary[:4] for line in lines)),  # an id begins with its line's instant
    )


def _day(seconds: bytes) -> datetime:
    instant = datetime.fromtimestamp(int.from_bytes(seconds, "big"), tz=UTC)
    return instant.replace(hour=0, minute=0, second=0)

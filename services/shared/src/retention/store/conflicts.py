"""Orders of a line feed that come again with other lines than are stored: a load of lines would add to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import bson

from retention.lines.documents import line_id
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from retention.store.connection import Database

Order: TypeAlias = "tuple[str, Sequence[bytes]]"  # its number, and all its encoded lines


class ShownLine(NamedTuple):
    """What a person recognises a line by; None where it has no value."""

    product: str | None  # the code, else the description
    quantity: float
    unit_price: float


class Conflict(NamedTuple):
    """An order with other lines on either side; lines that are equal on both are left out."""

    invoice: str
    stored: list[ShownLine]
    coming: list[ShownLine]
    same: int  # lines


def conflicts(database: Database, orders: Iterable[Order]) -> list[str]:
    """Return the numbers of the orders that are stored already with more, fewer or other lines, in their order.

    A batch of whole orders at a time: memory and time grow with their lines. A load that is resumed stands in conflict
    with what its own first run inserted, so it must not be asked about.
    """
    coming = {invoice: {line_id(line) for line in lines} for invoice, lines in orders}
    stored: dict[str, set[bytes]] = {}
    read = {"InvoiceNo": 1}
    for line in database[schema.TRANSACTIONS].find({"InvoiceNo": {"$in": list(coming)}}, read):
        stored.setdefault(line["InvoiceNo"], set()).add(line["_id"].binary)
    return [invoice for invoice, ids in coming.items() if stored.get(invoice, ids) != ids]


def conflict(database: Database, order: Order) -> Conflict:
    """Return what differs between an order on its way in and the stored one."""
    invoice, lines = order
    coming = {line_id(line): line for line in lines}
    stored = {each["_id"].binary: each for each in database[schema.TRANSACTIONS].find({"InvoiceNo": invoice})}
    return Conflict(
        invoice,
        [_shown(line) for key, line in stored.items() if key not in coming],
        [_shown(bson.decode(line)) for key, line in coming.items() if key not in stored],
        len(coming.keys() & stored.keys()),
    )


def _shown(line: Mapping[str, Any]) -> ShownLine:
    return ShownLine(line.get("StockCode") or line.get("Description"), line["Quantity"], line["UnitPrice"])

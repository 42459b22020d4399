"""Orders that come in parts: returns in a later file than their sales, and files that end in the middle of an order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import bson
from bson.codec_options import CodecOptions

from retention.lines.documents import encoded_again, line_id
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from retention.store.connection import Database
    from retention.store.standing import Incoming, Standing

Line = dict[str, Any]

_AWARE: Final[CodecOptions[dict[str, Any]]] = CodecOptions(tz_aware=True)
_DAY_BYTES: Final = 10  # of an instant as text
_CENTS: Final = 2  # decimals


def joined(
    database: Database, orders: Sequence[Incoming], before: Mapping[str, Standing], sequence: int
) -> Iterator[Incoming]:
    """Yield the orders; one whose returns come apart has its stored sales or returns with it, where they are missing.

    All of its lines then carry `sequence`, and belong to whom the sales belong to.
    """
    apart = [order.invoice for order in orders if order.apart and _differs(order, before.get(order.invoice))]
    stored = _lines(database, apart)
    for order in orders:
        yield _with(order, stored.get(order.invoice), sequence)


def is_part(database: Database, order: Incoming) -> bool:
    """Whether an order sells some of its stored lines' products, and no others.

    Days and texts may be written in another way, and a discount be spread over fewer lines. Returns count where they
    are rows of their own.
    """
    stored = _lines(database, [order.invoice]).get(order.invoice, [])
    coming, before = (
        Counter(_what(line) for line in lines if order.apart or not _is_return(line))
        for lines in (map(_decoded, order.documents), stored)
    )
    return coming < before


def _differs(order: Incoming, stored: Standing | None) -> bool:
    return stored is not None and set(stored.lines) != set(map(line_id, order.documents))


def _lines(database: Database, invoices: Sequence[str]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    if invoices:
        for line in database[schema.TRANSACTIONS].find({"InvoiceNo": {"$in": list(invoices)}}, sort=[("_id", 1)]):
            found.setdefault(line["InvoiceNo"], []).append(line)
    return found


def _with(order: Incoming, stored: list[Line] | None, sequence: int) -> Incoming:
    if not stored:
        return order
    coming = list(map(_decoded, order.documents))
    if not (all(map(_is_return, coming)) or all(map(_is_return, stored))):
        return order
    lines = [*coming, *_others(stored, coming)]
    buyer = _buyer(lines)
    documents = encoded_again([line | buyer | {"Load": sequence} for line in lines])
    return order._replace(documents=documents, added=True)


def _others(stored: list[Line], coming: list[Line]) -> Iterator[Line]:
    """Yield the stored sales, and the returns that do not come again, written in another way or not."""
    again = Counter(map(_given_back, coming))
    for line in stored:
        key = _given_back(line)
        if _is_return(line) and again[key] > 0:
            again[key] -= 1
        else:
            yield line


def _buyer(lines: list[Line]) -> Line:
    """Return who bought, as the sales say it, else the returns."""
    sales_first = sorted(lines, key=_is_return)
    return next(({"CustomerID": line["CustomerID"]} for line in sales_first if "CustomerID" in line), {})


def _decoded(document: bytes) -> Line:
    return bson.decode(document, _AWARE)


def _is_return(line: Line) -> bool:
    return bool(line["Quantity"] < 0)


def _given_back(line: Line) -> tuple[Any, ...]:
    return (_is_return(line), str(line["InvoiceDate"])[:_DAY_BYTES], line["Quantity"], _value(line))


def _what(line: Line) -> tuple[Any, ...]:
    return (line.get("StockCode"), line["Quantity"], line.get("State"))


def _value(line: Line) -> float:
    return round(abs(float(line.get("Total", line["Quantity"] * line["UnitPrice"]))), _CENTS)

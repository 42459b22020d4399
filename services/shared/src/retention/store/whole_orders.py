"""Lines of a request as whole orders, which replace those stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bson import decode

from retention.lines.documents import stamp
from retention.store.standing import Incoming

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def whole_orders(documents: Iterable[bytes], damaged: Collection[str], load: int) -> list[Incoming]:
    """Return the orders of these lines, each line with the number of its load.

    Orders that are `damaged`, because one of their lines is quarantined, are incomplete and replace nothing.
    """
    orders: dict[str, list[bytes]] = {}
    for document in documents:
        orders.setdefault(decode(document)["InvoiceNo"], []).append(_with_load(document, load))
    return [Incoming(invoice, lines, complete=invoice not in damaged) for invoice, lines in orders.items()]


def _with_load(document: bytes, load: int) -> bytes:
    tail = stamp(load=load) + document[-1:]
    return b"".join(((len(document) - 1 + len(tail)).to_bytes(4, "little"), document[4:-1], tail))

"""The rows of a source as documents: line by line for a line feed, order by order for a shop's export."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from retention.lines.documents import stamp
from retention.lines.rules import RULES, Rejection
from seeder.formats.completeness import complete

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seeder.formats.plan import Order
    from seeder.source import Part, Source


class EncodedOrder(NamedTuple):
    """One order as documents, with the rows that it came from."""

    rows: int  # of the input, rejected ones included
    invoice: str
    documents: list[bytes]
    state: str | None  # why the order does not stand
    complete: bool  # its lines meet its own total, and all were read
    rejected: list[tuple[int, Rejection]]  # with a row's number; never more than `rows`


def encoded_lines(source: Source) -> Iterator[bytes | Rejection]:
    """Yield a document or a Rejection for each row of a line feed."""
    for part in source.parts:
        yield from source.encoder(part).encode(source.lines(part))


def encoded_orders(source: Source, sequence: int) -> Iterator[EncodedOrder]:
    """Yield the orders; their lines carry `sequence`, the number of this load."""
    done = 0
    for part in source.parts:
        encoder = source.encoder(part)
        for made in source.orders(part):
            rows = [done + row for row in made.rows]
            if isinstance(made.order, Rejection):
                yield EncodedOrder(len(rows), "", [], None, complete=False, rejected=[(row, made.order) for row in rows])
                continue
            stamped = stamp(load=sequence, state=made.order.state)
            yield _encoded(made.order, part, rows, list(encoder.encode_order(made.order.lines, stamped)))
        done += part.conventions.row_count


def _encoded(order: Order, part: Part, rows: list[int], encoded: list[bytes | Rejection]) -> EncodedOrder:
    documents = [one for one in encoded if isinstance(one, bytes)]
    refused = [one for one in encoded if isinstance(one, Rejection)]
    if refused and (len(rows) == 1 or not documents):  # a row is either in or aside: it cannot be half read
        rejected = [(row, refused[min(at, len(refused) - 1)]) for at, row in enumerate(rows)]
        return EncodedOrder(len(rows), "", [], None, complete=False, rejected=rejected)
    rejected = list(zip(rows[1:], refused, strict=False))
    invoice = str(RULES[0].read(order.invoice, part.reading)) if documents else ""
    whole = not refused and complete(order)
    return EncodedOrder(len(rows), invoice, documents, order.state, complete=whole, rejected=rejected)

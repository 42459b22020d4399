"""The rows of a source as documents: line by line for a line feed, order by order for a shop's export."""

from __future__ import annotations

from itertools import cycle, groupby
from typing import TYPE_CHECKING, NamedTuple

from retention.lines.documents import stamp
from retention.lines.rules import RULES, Rejection
from seeder.formats.completeness import complete
from seeder.source import NEXT_SHEET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retention.lines.documents import LineEncoder
    from seeder.source import OrderRows, Part, Source


class EncodedOrder(NamedTuple):
    """One order as documents, with the rows that it came from."""

    rows: int  # of the input, rejected ones included
    invoice: str
    documents: list[bytes]
    state: str | None  # why the order does not stand
    complete: bool  # its lines meet its own total, and all were read
    rejected: list[tuple[int, Rejection]]  # with a row's number; never more than `rows`
    may_be_cut: bool = False  # it begins or ends the file, and nothing says how many lines it has
    apart: bool = False  # its returns may come in a later file than its sales
    sequence: int = 0  # the number of its load, as its lines carry it


def encoded_lines(source: Source) -> Iterator[bytes | Rejection]:
    """Yield a document or a Rejection for each row of a line feed."""
    for part in source.parts:
        encoder, lines = source.encoder(part), source.lines(part)
        if part.plan.is_identity:
            yield from encoder.encode(lines)
            continue
        for with_total, some in groupby(lines, key=lambda line: len(line) > len(RULES)):
            encode = encoder.encode_order if with_total else encoder.encode
            yield from encode(some)


def encoded_orders(source: Source, sequences: Sequence[int]) -> Iterator[EncodedOrder]:
    """Yield the orders; their lines carry the number of their load: one for each file, or one for all."""
    for part, sequence in zip(source.parts, cycle(sequences), strict=False):
        for encoder, made in with_encoder(source, part):
            rows = [part.before + row for row in made.rows]
            yield _encoded(made, part, rows, encoder, sequence)._replace(sequence=sequence)


def with_encoder(source: Source, part: Part) -> Iterator[tuple[LineEncoder, OrderRows]]:
    """Yield the orders, each with the encoder of its sheet: identical lines are counted anew in the next one."""
    encoder = source.encoder(part)
    for made in source.orders(part):
        if made is NEXT_SHEET:
            encoder = source.encoder(part)
        else:
            yield encoder, made


def _encoded(made: OrderRows, part: Part, rows: list[int], encoder: LineEncoder, sequence: int) -> EncodedOrder:
    order = made.order
    encoded = list(encoder.encode_order(order.lines, stamp(load=sequence, state=order.state))) if order else []
    documents = [one for one in encoded if isinstance(one, bytes)]
    refused = [*made.rejected, *(one for one in encoded if isinstance(one, Rejection))]
    if order is None or not documents or (refused and len(rows) == 1):  # a row is in or aside: it is never half read
        rejected = [(row, refused[min(at, len(refused) - 1)]) for at, row in enumerate(rows)] if refused else []
        cut = bool(order and order.partial)
        return EncodedOrder(len(rows), "", [], None, complete=False, rejected=rejected, may_be_cut=cut)
    invoice = str(RULES[0].read(order.invoice, part.reading))
    whole = not refused and (complete(order) or not part.plan.whole_orders)
    rejected = list(zip(rows[1:], refused, strict=False))
    at_edge = not {1, part.conventions.row_count}.isdisjoint(made.rows)
    return EncodedOrder(
        len(rows),
        invoice,
        documents,
        order.state,
        complete=whole,
        rejected=rejected,
        may_be_cut=at_edge and order.open_ended,
        apart=order.apart,
    )

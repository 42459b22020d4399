"""Compares whole orders on their way in with those that are stored; nothing is written.

A line's `Load` is the number of the load that its order stands in; `Seen`, on one line of an order, that of the last
load that brought it unchanged. A file that ends before the last day of that load knows less, and replaces nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from retention.lines.documents import line_id
from retention.store import parts
from retention.store.standing import Incoming, Standing, incoming, standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from retention.store.connection import Database


Outcome: TypeAlias = Literal["there", "replaced", "older", "incomplete"]  # of an order that is stored


class Compared(NamedTuple):
    """What is to be done with some orders."""

    new: list[bytes]  # lines of orders that are not stored, or that a killed run of the same load began
    there: int  # lines that are stored already, with the same marks
    changed: list[Incoming]
    older: list[Incoming]  # they differ from what a load stored that knew of later days
    incomplete: list[Incoming]  # they differ from what is stored, and miss their own total, or lines where a file ends
    seen: list[bytes]  # one line id of each order that came again unchanged
    before: Mapping[str, Standing]  # the stored orders, by number
    same: list[str]  # the numbers of orders that came again unchanged

    def outcomes(self) -> dict[str, Outcome]:
        """Return what becomes of each order that is stored already."""
        found: dict[str, Outcome] = dict.fromkeys(self.same, "there")
        kinds: list[tuple[list[Incoming], Outcome]] = [
            (self.changed, "replaced"), (self.older, "older"), (self.incomplete, "incomplete")
        ]  # fmt: skip
        return found | {order.invoice: outcome for orders, outcome in kinds for order in orders}


def compare(
    database: Database, orders: Sequence[Incoming], *, sequence: int, last_day: datetime, force: bool
) -> Compared:
    """Compare orders, each whole and with a number of its own, with what is stored; nothing is written.

    `sequence` is the load's number and `last_day` the last day it knows of. `force`: older files replace, too. Open
    intents must have been applied.
    """
    before = standing(database, [order.invoice for order in orders])
    compared = Compared([], 0, [], [], [], [], before, [])
    there = 0
    for order in parts.joined(database, orders, before, sequence):
        stored = before.get(order.invoice)
        if not order.documents:
            compared.incomplete.append(order)
        elif stored is None:
            compared.new.extend(order.documents)
        elif stored.lines == incoming(order.documents):
            there += len(order.documents)
            compared.same.append(order.invoice)
            if stored.seen < sequence and (force or not _is_before(last_day, stored)):
                compared.seen.append(min(stored.lines))
        elif stored.load == sequence:  # begun by a run of this load that was killed
            missing = [one for one in order.documents if line_id(one) not in stored.lines]
            compared.new.extend(missing)
            there += len(order.documents) - len(missing)
        elif stored.load > sequence or (_is_before(last_day, stored) and not force and not order.added):
            compared.older.append(order)
        elif order.complete and (force or not order.may_be_cut or not parts.is_part(database, order)):
            compared.changed.append(order)
        else:
            compared.incomplete.append(order)
    return compared._replace(there=there)


def _is_before(last_day: datetime, stored: Standing) -> bool:
    return last_day.date() < stored.last_day.date()

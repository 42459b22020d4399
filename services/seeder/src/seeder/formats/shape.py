"""Where the values of a line come from in one table: a column, a constant, or two columns joined."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.lines.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from seeder.formats.plan import Picked

FIELDS: Final = tuple(rule.name for rule in RULES)
ONE: Final = 1
_MIDNIGHT: Final = re.compile(r"[T ]0?0:00(:00)?(\.0+)?$")  # a spreadsheet's date without a time
_SERIAL: Final = re.compile(r"[0-9]{5}(\.0*)?")
_FRACTION: Final = re.compile(r"0?\.[0-9]+")


class Joined(NamedTuple):
    """Two picked cells as one text; the other alone where one is blank."""

    first: int
    second: int
    between: str = " "
    moment: bool = False  # a date and a time of day


class Shape(NamedTuple):
    """The columns that are read, and where each value stands in an extended row: cells, constants, joined, None."""

    positions: tuple[int, ...]  # in the header
    slots: Mapping[str, int]
    constants: tuple[Any, ...] = ()
    joined: tuple[Joined, ...] = ()

    def column(self, field: str) -> int | None:
        """Return the index of the picked cell that a value is read from, the first one of two; None without one."""
        at = self.slots.get(field)
        if at is None or at < len(self.positions):
            return at
        at -= len(self.positions) + len(self.constants)
        return self.joined[at].first if at >= 0 else None

    def is_identity(self) -> bool:
        """Whether a picked row is a line as it is."""
        return tuple(self.slots.get(field) for field in FIELDS) == tuple(range(len(self.positions)))

    def picker(self, fields: Sequence[str]) -> Callable[[Picked], tuple[Any, ...]]:
        """Return a function that gives the values of `fields` (two or more) of a picked row, None for a missing one."""
        nothing = len(self.positions) + len(self.constants) + len(self.joined)
        pick = itemgetter(*(self.slots.get(field, nothing) for field in fields))
        tail, joined = (*self.constants, None), self.joined
        if not joined:
            return lambda row: pick((*row, *tail))
        constants = self.constants
        return lambda row: pick((*row, *constants, *(_join(row, pair) for pair in joined), None))


def shape_of(fields: Mapping[str, int]) -> Shape:
    """Return the shape of a header whose values stand at these positions.

    The quantity is 1 where no column holds it; a `Time` is joined to the date.
    """
    positions = tuple(dict.fromkeys(fields[name] for name in (*FIELDS, *fields) if name in fields))
    slots = {name: positions.index(at) for name, at in fields.items()}
    constants: tuple[Any, ...] = ()
    joined: tuple[Joined, ...] = ()
    if "Quantity" not in slots:
        constants, slots["Quantity"] = (ONE,), len(positions)
    if "Time" in slots:
        joined = (Joined(slots["InvoiceDate"], slots["Time"], moment=True),)
        slots["InvoiceDate"] = len(positions) + len(constants)
    return Shape(positions, slots, constants, joined)


def _join(row: Picked, pair: Joined) -> object:
    first, second = row[pair.first], row[pair.second]
    texts = ["" if cell is None else str(cell).strip() for cell in (first, second)]
    if pair.moment:
        return _moment(*texts)
    return pair.between.join(text for text in texts if text) or None


def _moment(day: str, time: str) -> str | None:
    """Return a date and a time as one text; a spreadsheet's are a number of days and a fraction of one."""
    day = _MIDNIGHT.sub("", day)
    if not day or not time or ":" in day:
        return day or None
    if _SERIAL.fullmatch(day) and _FRACTION.fullmatch(time):
        return f"{int(float(day))}{time[time.index('.') :]}"
    return f"{day} {time}"

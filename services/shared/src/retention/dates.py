"""How the dates of one input are written, found from all of them: the order of day and month is never guessed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from retention.errors import BadDataError

if TYPE_CHECKING:
    from collections.abc import Iterable

_PATTERN: Final = re.compile(
    r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_ORDERS: Final = {"ymd": (0, 1, 2), "dmy": (2, 1, 0), "mdy": (2, 0, 1)}  # where year, month and day stand
_YEAR_DIGITS: Final = 4


class DateFormat(NamedTuple):
    """The order of year, month and day: `ymd` (ISO), `dmy` (day first) or `mdy` (month first)."""

    order: str

    def parse(self, text: str) -> datetime | None:
        """Return the instant that `text` writes, or None when it is not one in this order; naive without an offset."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            return None
        year, month, day = (match[1 + position] for position in _ORDERS[self.order])
        if len(year) != _YEAR_DIGITS:
            return None
        hour, minute, second = (int(part or 0) for part in match.group(4, 5, 6))
        try:
            zone = datetime.strptime(match[7], "%z").tzinfo if match[7] else None
            return datetime(int(year), int(month), int(day), hour, minute, second, tzinfo=zone)
        except ValueError:
            return None


ISO: Final = DateFormat("ymd")


def find_date_format(texts: Iterable[str]) -> DateFormat:
    """Return the one format in which most of the distinct `texts` are dates; ISO when there are none.

    Raises BadDataError when none of them is a date in any format, and when day first and month first explain them
    equally well but as other instants.
    """
    distinct = set(texts)
    counts = {order: sum(DateFormat(order).parse(text) is not None for text in distinct) for order in _ORDERS}
    best = max(counts.values())
    orders = [order for order, count in counts.items() if count == best]
    if not distinct:
        return ISO
    if best == 0:
        raise BadDataError(f"InvoiceDate: none of the dates can be read, {min(distinct)[:40]!r} for one")
    if len(orders) == 1:
        return DateFormat(orders[0])
    if all(len({DateFormat(order).parse(text) for order in orders}) == 1 for text in distinct):
        return DateFormat(orders[0])
    example = next(text for text in sorted(distinct) if len({DateFormat(o).parse(text) for o in orders}) > 1)
    raise BadDataError(
        f"InvoiceDate: {example!r} may be day first or month first, and no other date of the input decides it: "
        "say which with --dates dmy or --dates mdy"
    )

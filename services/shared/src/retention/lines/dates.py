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
MINORITY: Final = 20  # one typo in so many dates is put aside; more are another format


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


class DateEvidence:
    """What the dates of one input say of their order. Only their days are kept, so memory stays bounded."""

    MAX_TEXTS: Final = 50_000  # about 6 MB; the days of 1990 to today are 13,000

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def add(self, texts: Iterable[str]) -> None:
        """Take some texts of dates; a thousand at a time or so."""
        self._texts.update(texts)
        if len(self._texts) > self.MAX_TEXTS:
            # What no order can read says nothing; one of them is kept, to be shown.
            days = _days(self._texts)
            readable = {day for day in days if any(DateFormat(order).parse(day) for order in _ORDERS)}
            self._texts = readable or {min(days)}

    def format(self) -> DateFormat:
        """Return the one format in which most of the distinct days are dates; ISO when there are none.

        Raises BadDataError when none can be read in any format, when day first and month first explain them equally
        well but as other days, and when more than one in MINORITY of those that decide contradicts the others.
        """
        days = _days(self._texts)
        if not days:
            return ISO
        read = {order: {day for day in days if DateFormat(order).parse(day)} for order in _ORDERS}
        most = max(map(len, read.values()))
        if not most:
            raise BadDataError(f"InvoiceDate: none of the dates can be read, {min(days)[:40]!r} for one")
        best = [order for order in _ORDERS if len(read[order]) == most]
        if len(best) > 1 and any(len({DateFormat(order).parse(day) for order in best}) > 1 for day in days):
            raise _Undecided(f"{_example(read)!r} may be day first or month first, and no other date decides it")
        for other in {"dmy", "mdy"} - set(best):
            only_best, only_other = read[best[0]] - read[other], read[other] - read[best[0]]
            if best[0] != "ymd" and len(only_other) * MINORITY > len(only_best):
                raise _Undecided(f"{min(only_best)!r} and {min(only_other)!r} cannot both be read in one order")
        return DateFormat(best[0])


def _days(texts: Iterable[str]) -> set[str]:
    return {day for text in texts if (day := text.strip().replace("T", " ").partition(" ")[0])}


def _example(read: dict[str, set[str]]) -> str:
    both = read["dmy"] & read["mdy"]
    return next(day for day in sorted(both) if DateFormat("dmy").parse(day) != DateFormat("mdy").parse(day))


class _Undecided(BadDataError):  # noqa: N818 - it is one of those errors
    def __init__(self, why: str) -> None:
        super().__init__(f"InvoiceDate: {why}: say which with --dates dmy or --dates mdy")

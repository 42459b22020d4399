"""The date format of one input, detected from all its dates. The order of day and month is never guessed."""

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
_ORDERS: Final = {"ymd": (0, 1, 2), "dmy": (2, 1, 0), "mdy": (2, 0, 1)}  # positions of year, month and day
_YEAR_DIGITS: Final = 4
MINORITY: Final = 20  # one contradicting date in 20 is a typo; more are another format


class DateFormat(NamedTuple):
    """An order of year, month and day: `ymd` (ISO), `dmy` (day first) or `mdy` (month first)."""

    order: str

    def parse(self, text: str) -> datetime | None:
        """Return `text` as an instant, naive when it has no offset, or None when it is no date in this order."""
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
    """Collects the dates of one input to detect their format. Beyond MAX_TEXTS it keeps days alone."""

    MAX_TEXTS: Final = 50_000  # about 6 MB; there are 13,000 days since 1990

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def add(self, texts: Iterable[str]) -> None:
        """Add date texts, about a thousand at a time."""
        self._texts.update(texts)
        if len(self._texts) > self.MAX_TEXTS:
            # Unreadable texts are no evidence; if all are, one is kept for the error message.
            days = _days(self._texts)
            readable = {day for day in days if any(DateFormat(order).parse(day) for order in _ORDERS)}
            self._texts = readable or {min(days)}

    def format(self) -> DateFormat:
        """Return the format that reads the most distinct days; ISO when there are no dates.

        Raises BadDataError when no format reads any of them, when two formats read them equally well as different days,
        or when more than one in MINORITY of the deciding dates contradicts the others.
        """
        days = _days(self._texts)
        if not days:
            return ISO
        read = {order: {day for day in days if DateFormat(order).parse(day)} for order in _ORDERS}
        most = max(map(len, read.values()))
        if not most:
            raise BadDataError(f"InvoiceDate: none of the dates can be read, for example {min(days)[:40]!r}")
        best = [order for order in _ORDERS if len(read[order]) == most]
        if len(best) > 1 and any(len({DateFormat(order).parse(day) for order in best}) > 1 for day in days):
            raise _Undecided(f"{_example(read)!r} may be day first or month first, and no other date decides")
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


class _Undecided(BadDataError):  # noqa: N818 - private
    def __init__(self, why: str) -> None:
        super().__init__(f"InvoiceDate: {why}: choose with --dates dmy or --dates mdy")

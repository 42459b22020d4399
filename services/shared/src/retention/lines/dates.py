"""The date format of one input, detected from all its dates. The order of day and month is never guessed."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Final, TypeAlias

from retention.errors import BadDataError
from retention.lines.date_format import ISO, ORDERS, SERIAL, DateFormat, instant, serial_day
from retention.lines.date_text import Written, taken_apart

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ISO", "MINORITY", "DateEvidence", "DateFormat"]

Readings: TypeAlias = "dict[str, dict[str, date]]"  # by order: the dates by their text

MINORITY: Final = 20  # one contradicting value in 20 is a typo; more are another format
_FIRST: Final = {"ymd": "year", "dmy": "day", "mdy": "month"}
_SERIALS: Final = range(32_874, 73_051)  # 1990 to 2099; other numbers are no evidence of dates
_DAY_AND_TIME: Final = re.compile(  # nearly all dates
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})(?:[ T][\d:.]+(?: ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?", re.ASCII
)
_SHORT_YEAR: Final = 2  # digits
_MANY_YEARS: Final = 4  # distinct ones, over _LONG years or more, that turn out to be days of the month
_LONG: Final = 10
_SAME_MONTH: Final = frozenset({"ymd", "dmy"})  # orders that agree about the month, so that no 13 tells them apart
_NEARLY: Final = 0.75
_FEWER: Final = 3  # times fewer years make an order the likely one


class DateEvidence:
    """Collects the dates of one input to detect their format. Beyond MAX_TEXTS it keeps days and offsets alone."""

    MAX_TEXTS: Final = 50_000  # about 6 MB; there are 13,000 days since 1990

    def __init__(self) -> None:
        self._texts: set[object] = set()
        self._days: dict[str, Written] = {}
        self._seen: set[str] = set()  # days with their offsets: spares most texts a closer look
        self._serials: dict[int, str] = {}  # a text for each day
        self._unreadable: str | None = None  # one, for the error message
        self._typed = False  # whether some cells are instants, which are read in any format
        self._offsets: dict[timedelta, dict[str | date, Written | None]] = {}
        self._bare: set[str | date] = set()  # days of values without an offset

    def add(self, texts: Iterable[object]) -> None:
        """Add the cells of the column, about a thousand at a time: texts, numbers, instants or None."""
        self._texts.update(texts)
        if len(self._texts) > self.MAX_TEXTS:
            self._reduce()

    def format(self, choice: str | None = None) -> DateFormat:
        """Return the format that reads the most distinct days; ISO when there are no dates. `choice` settles the order.

        Raises BadDataError when there are no instants and no format reads any text, when two formats read them equally
        well as different days, when more than one in MINORITY of the deciding dates contradicts the others, or is a
        spreadsheet's number among dates as text.
        """
        self._reduce()
        if not self._days and not self._serials and self._unreadable is None:
            return DateFormat(choice) if choice else ISO
        read = _read(self._days)
        most = max(map(len, read.values()))
        if self._serials and self._is_serial(read):
            return DateFormat(SERIAL)
        if choice:
            return self._format(choice)
        if not most and self._typed:
            return ISO
        if not most:
            example = min([*self._days, *([self._unreadable] if self._unreadable else [])])
            raise BadDataError(f"InvoiceDate: none of the dates can be read, for example {example[:40]!r}")
        return self._format(self._order(read))

    def offsets(self, dates: DateFormat) -> dict[timedelta, list[date]]:
        """Return the UTC offsets that occur, with the days on which they do, as `dates` reads them, in order.

        None where most dates have no offset: a few that do are another system's.
        """
        self._reduce()
        if len(self._bare) > sum(map(len, self._offsets.values())):
            return {}
        return {offset: sorted(_days_of(days, dates)) for offset, days in sorted(self._offsets.items())}

    def _format(self, order: str) -> DateFormat:
        return DateFormat(order, short_years=order != "ymd" or not _has_long_years(self._days))

    def _is_serial(self, read: Readings) -> bool:
        """Whether the column is of serials; BadDataError when they stand among dates as text."""
        serials, texts = len(self._serials), max(map(len, read.values()))
        year_first = len(read["ymd"]) == texts
        if not (_is_stray(serials, texts, year_first=year_first) or _is_stray(texts, serials, year_first=year_first)):
            text = min(day for days in read.values() for day in days)
            raise BadDataError(
                f"InvoiceDate: {min(self._serials.values())!r} is a spreadsheet's number for a date, and {text!r} is "
                "text: a spreadsheet took days 1 to 12 for dates of its own and may have swapped day and month: export "
                "the file again and load it without saving it from a spreadsheet, or import its dates there as text"
            )
        return serials > texts

    def _order(self, read: Readings) -> str:
        likely = _likely(read, self._days)
        most = max(len(read[order]) for order in likely)
        best = [order for order in likely if len(read[order]) == most]
        if not _has_long_years(self._days) and not _SAME_MONTH.isdisjoint(best):
            # 31/02/25 is a date with the year first: a few days too late in their month decide nothing.
            best += [o for o in likely if o in _SAME_MONTH and o not in best and len(read[o]) >= _NEARLY * most]
        differing = _read_differently([read[order] for order in best])
        if differing:
            raise BadDataError(_undecided(differing, {order: read[order][differing] for order in best}))
        for other in (order for order in likely if order != best[0]):
            only_best, only_other = (read[a].keys() - read[b].keys() for a, b in permutations((best[0], other)))
            if not _is_stray(len(only_other), len(only_best), year_first=best[0] == "ymd"):
                raise BadDataError(
                    f"InvoiceDate: {min(only_best)!r} and {min(only_other)!r} cannot both be read in one order: "
                    f"choose with --dates {best[0]} or --dates {other}"
                )
        natural = Counter(written.order for written in self._days.values())
        return max(best, key=lambda order: natural[order])  # names of months are read in every order

    def _reduce(self) -> None:
        for value in self._texts:
            if isinstance(value, date):
                self._typed = True
            if isinstance(value, datetime):
                if (offset := value.utcoffset()) is not None:
                    self._keep_offset(offset, value.date(), None)
                else:
                    self._bare.add(value.date())
            elif isinstance(value, str | int | float) and (text := str(value).strip()):
                self._keep(text)
        self._texts.clear()

    def _keep(self, text: str) -> None:
        if numeric := _DAY_AND_TIME.fullmatch(text):
            day, zone = numeric.groups()
            text = f"{day} 0:00{zone}" if zone else day
            if text in self._seen:
                return
            self._seen.add(text)
        written = taken_apart(text)
        serial = serial_day(text) if written is None else None
        if written and any(instant(written, order) for order in ORDERS):
            self._days.setdefault(written.day, written)
            if written.offset is not None:
                self._keep_offset(written.offset, written.day, written)
            else:
                self._bare.add(written.day)
        elif serial is not None and serial in _SERIALS:
            self._serials[serial] = min(text, self._serials.get(serial, text))
        else:
            self._unreadable = min(text, self._unreadable or text)

    def _keep_offset(self, offset: timedelta, day: str | date, written: Written | None) -> None:
        days = self._offsets.setdefault(offset, {})
        if len(days) < self.MAX_TEXTS:
            days[day] = written


def _has_long_years(days: dict[str, Written]) -> bool:
    return any(max(map(len, written.parts)) != _SHORT_YEAR for written in days.values())


def _read(days: dict[str, Written]) -> Readings:
    short = not _has_long_years(days)
    return {
        order: {
            day: found.date() for day, written in days.items() if (found := instant(written, order, short_years=short))
        }
        for order in ORDERS
    }


def _days_of(days: dict[str | date, Written | None], dates: DateFormat) -> Iterable[date]:
    for day, written in days.items():
        if isinstance(day, date):
            yield day
        elif written and dates.order != SERIAL and (found := instant(written, dates.order)):
            yield found.date()


def _likely(read: Readings, days: dict[str, Written]) -> list[str]:
    """Return the orders without those that take days of the month for years of two digits.

    In `13/03/25`, `20/04/25`, … read as ymd the years run from 2001 to 2031 and the day is always the 25th.
    """
    short = {day for day, written in days.items() if max(map(len, written.parts)) == _SHORT_YEAR and not written.order}
    years = {order: {found.year for day, found in read[order].items() if day in short} for order in read}
    unlikely = {
        b
        for a, b in permutations(read, 2)
        if len(read[a]) * 2 >= len(read[b])
        and len(years[b]) >= max(_MANY_YEARS, _FEWER * len(years[a]))
        and max(years[b]) - min(years[b]) >= _LONG
        and years[a]
    }
    return [order for order in read if order not in unlikely]


def _read_differently(readings: list[dict[str, date]]) -> str | None:
    """Return the first text that all of them read, and not as the same day."""
    common = set(readings[0]).intersection(*readings[1:])
    return min((text for text in common if len({read[text] for read in readings}) > 1), default=None)


def _is_stray(few: int, many: int, *, year_first: bool) -> bool:
    """Whether dates of another kind are typos. Among dates with the year first, one is never anything else."""
    return few * MINORITY <= many or (few == 1 and many > 1 and year_first)


def _undecided(text: str, readings: dict[str, date]) -> str:
    names = " or ".join(f"{_FIRST[order]} first" for order in readings)
    days = " or ".join(dict.fromkeys(f"{day.day} {day:%B} {day.year}" for day in readings.values()))
    orders = " or ".join(f"--dates {order}" for order in readings)
    return f"InvoiceDate: {text!r} may be {names} ({days}), and no other date decides: choose with {orders}"

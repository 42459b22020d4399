"""How the dates of one input are written, and what each of them then means."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, NamedTuple

from retention.lines.cells import clean
from retention.lines.date_text import Written, taken_apart
from retention.lines.iso_dates import iso_instant

ORDERS: Final = {"ymd": (0, 1, 2), "dmy": (2, 1, 0), "mdy": (2, 0, 1)}  # positions of year, month and day
SERIAL: Final = "serial"
_SERIAL: Final = re.compile(r"(\d{1,7})(?:[.,](\d+))?", re.ASCII)
_DAY_ZERO: Final = datetime(1899, 12, 30, tzinfo=UTC)  # Excel has a 29 February 1900: right from 1 March 1900 on
_LAST_SERIAL: Final = 2_958_466  # the year 10000
_DAY_SECONDS: Final = 86_400
_END_OF_DAY: Final = (24, 0, 0)  # midnight at the end of the day, as ISO 8601 allows it
_PIVOT: Final = 69  # as in POSIX: 69 to 99 are of the last century
_SHORT_YEAR, _LONG_YEAR = 2, 4  # digits


class DateFormat(NamedTuple):
    """An order of year, month and day: `ymd` (ISO), `dmy` or `mdy`; or `serial`, the days that Excel counts."""

    order: str
    short_years: bool = True  # whether 25-03-01 is read; the year first and 03/01/25 do not go together in one column

    def parse(self, text: str) -> datetime | None:
        """Return `text` as an instant, naive when it has no offset, or None when it is no date in this order.

        Dates that can be read in one order alone, such as `1 March 2025` and `20250301`, are read in every order but
        `serial`. Years of two digits are 1969 to 2068; with the year first they are read with `short_years` alone.
        Fractions of a second are left out; serials are rounded to the second.
        """
        if self.order == SERIAL:
            return _from_serial(text)
        if self.order == "ymd" and (found := iso_instant(text)):
            return found
        written = taken_apart(text)
        return None if written is None else instant(written, self.order, short_years=self.short_years)


ISO: Final = DateFormat("ymd", short_years=False)


def instant(written: Written, order: str, *, short_years: bool = True) -> datetime | None:
    """Return the instant of these parts in `order`, or None when they are none; see DateFormat.parse."""
    year, month, day = (written.parts[position] for position in ORDERS[written.order or order])
    if len(year) != _LONG_YEAR and (len(year) != _SHORT_YEAR or not (short_years or written.order or order != "ymd")):
        return None
    number = int(year) if len(year) == _LONG_YEAR else int(year) + (1900 if int(year) >= _PIVOT else 2000)
    at_end = written.time == _END_OF_DAY
    try:
        zone = None if written.offset is None else timezone(written.offset)
        time = (0, 0, 0) if at_end else written.time
        return datetime(number, int(month), int(day), *time, tzinfo=zone) + timedelta(days=at_end)
    except (ValueError, OverflowError):
        return None


def serial_day(text: str) -> int | None:
    """Return the whole part of a spreadsheet's date number, days since 30 December 1899; None when it is none."""
    match = _SERIAL.fullmatch(clean(text))
    return int(match[1]) if match and 0 < int(match[1]) < _LAST_SERIAL else None


def _from_serial(text: str) -> datetime | None:
    day = serial_day(text)
    match = _SERIAL.fullmatch(clean(text))
    if day is None or match is None:
        return None
    seconds = round(float(f"0.{match[2] or 0}") * _DAY_SECONDS)
    try:
        return (_DAY_ZERO + timedelta(days=day, seconds=seconds)).replace(tzinfo=None)
    except OverflowError:
        return None

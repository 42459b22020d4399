"""A date as it is written: its three parts, the time of day and the offset. Their order is decided elsewhere."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final, NamedTuple

from retention.lines.cells import clean
from retention.lines.month_names import MONTHS, WEEKDAYS, without_accents

MAX_LENGTH: Final = 100  # characters; the longest, of a browser, has 78
_FLAGS: Final = re.ASCII | re.IGNORECASE
# Those of RFC 5322 for North America, and Europe's; others, such as IST, are those of several countries.
_ABBREVIATIONS: Final = {
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "eet": 2, "eest": 3,
}  # fmt: skip
_ZONE: Final = (
    rf"(?P<zone>Z|(?:UTC|GMT)?[+-]\d{{1,2}}(?::?\d{{2}})?|UTC|GMT|{'|'.join(_ABBREVIATIONS)})(?:\s\([^()]*\))?"
)
_TIME: Final = (
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?)?"
    r"(?:\s?(?P<half>[ap])\.?\s?m\b\.?|\suhr)?"
)
_REST: Final = rf"(?:(?:T|,?\s+(?:(?:at|um|a|a las|alle|alle ore|as|om|kl\.?)\s+)?){_TIME}(?:\s?{_ZONE})?)?"
_NUMERIC: Final = re.compile(
    rf"(?P<a>\d{{1,4}})\s?[-/.]\s?(?P<b>\d{{1,2}})\s?[-/.]\s?(?P<c>\d{{1,4}})\.?{_REST}", _FLAGS
)
_COMPACT: Final = re.compile(
    rf"(?P<a>\d{{8}})(?:\.0+|{_REST}|T?(?P<hour2>\d{{2}})(?P<minute2>\d{{2}})(?P<second2>\d{{2}})?"
    r"(?:\s?(?P<zone2>Z|[+-]\d{4}))?)",
    _FLAGS,
)
_NAME: Final = r"(?P<month>[a-z]{3,10})\.?"
_DAY: Final = r"(?P<day>\d{1,2})"
_YEAR: Final = r"(?P<year>\d{4}|\d{2})"
_WORDS: Final = {
    "dmy": re.compile(
        rf"(?:le |el |il |den |a )?{_DAY}(?:st|nd|rd|th|er|e|º|°)?[\s./-]*(?:de |di )?{_NAME}"
        rf"[\s,./-]*(?:de |del )?'?{_YEAR}{_REST}",
        _FLAGS,
    ),
    "mdy": re.compile(rf"{_NAME}[\s/-]*{_DAY}(?:st|nd|rd|th)?[\s,./-]+{_YEAR}{_REST}", _FLAGS),
    "ymd": re.compile(rf"(?P<year>\d{{4}})[\s./-]+{_NAME}[\s./-]*{_DAY}{_REST}", _FLAGS),
}
_YEAR_LAST: Final = re.compile(  # Sat Mar 1 18:22:10 2025, as C and Java write it
    r"((?:[a-z]+\.? )?[a-z]+\.? \d{1,2}) (\d{1,2}:\d{2}(?::\d{2})?)( [a-z]{1,4})? (\d{4})", _FLAGS
)
_WEEKDAY: Final = re.compile(r"([a-z]{2,10}(?:-feira)?)\.?,?\s+", re.ASCII)
_OFFSET: Final = re.compile(r"(?:utc|gmt)?([+-])(\d{1,2}):?(\d{2})?", _FLAGS)
_BLANKS: Final = re.compile("[\u00a0\u2000-\u200a\u202f\t ]+")
_CENTURIES: Final = range(1900, 2100)
_MONTHS: Final = range(1, 13)


class Written(NamedTuple):
    """A date in parts. `order` is the one order that its notation allows, None when it allows several."""

    day: str  # the date alone, as it is written
    parts: tuple[str, str, str]
    order: str | None
    time: tuple[int, int, int]
    offset: timedelta | None


def taken_apart(text: str) -> Written | None:
    """Return the parts of a date in digits or with a month's name, or None when the text is none."""
    match = _NUMERIC.fullmatch(text.strip())
    if match:
        return _written(match, (match["a"], match["b"], match["c"]), None, match.end("c"))
    if len(text) > MAX_LENGTH:
        return None
    return _compact(text := clean(text)) or _with_words(_BLANKS.sub(" ", text))


def _compact(text: str) -> Written | None:
    match = _COMPACT.fullmatch(text)
    if match is None:
        return None
    digits = match["a"]
    if int(digits[:4]) in _CENTURIES and int(digits[4:6]) in _MONTHS:
        return _written(match, (digits[:4], digits[4:6], digits[6:]), "ymd", 8)
    return _written(match, (digits[:2], digits[2:4], digits[4:]), None, 8)


def _with_words(text: str) -> Written | None:
    plain = _YEAR_LAST.sub(r"\1, \4 \2\3", without_accents(text))
    found = _named(plain)
    weekday = _WEEKDAY.match(plain)
    if found is None and weekday and weekday[1] in WEEKDAYS:
        plain = plain[weekday.end() :]
        found = _named(plain)
    return found


def _named(plain: str) -> Written | None:
    if match := _NUMERIC.fullmatch(plain):
        return _written(match, (match["a"], match["b"], match["c"]), None, match.end("c"))
    for order, pattern in _WORDS.items():
        match = pattern.fullmatch(plain)
        month = MONTHS.get(match["month"]) if match else None
        if match and month:
            by_letter = {"y": match["year"], "m": str(month), "d": match["day"]}
            a, b, c = (by_letter[letter] for letter in order)
            return _written(match, (a, b, c), order, max(match.end("year"), match.end("day")))
    return None


def _written(match: re.Match[str], parts: tuple[str, str, str], order: str | None, end: int) -> Written | None:
    found = match.groupdict()
    hour, minute, second = (found[name] or found.get(f"{name}2") for name in ("hour", "minute", "second"))
    half = found["half"]
    if hour and not (minute or half):
        return None
    hours = int(hour or 0)
    if half:
        if hours > 12:  # noqa: PLR2004 - a clock of twelve hours
            return None
        hours = hours % 12 + 12 * (half in "pP")
    zone = found["zone"] or found.get("zone2")
    time = (hours, int(minute or 0), int(second or 0))
    return Written(match.string[:end], parts, order, time, _offset(zone) if zone else None)


def _offset(zone: str) -> timedelta:
    match = _OFFSET.fullmatch(zone)
    if match is None:
        return timedelta(hours=_ABBREVIATIONS.get(zone.lower(), 0))
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return -offset if match[1] == "-" else offset

"""Time zones: by the names that shops use, and from the UTC offsets of a file."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from retention.lines.zone_names import ZONES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# In this order: of zones that fit a file's offsets the first is taken, and its wall clock is the same as the others'.
_CHANGING: Final = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Halifax",
    "America/St_Johns", "America/Anchorage", "Europe/London", "Europe/Berlin", "Europe/Athens", "Europe/Moscow",
    "Europe/Istanbul", "Asia/Jerusalem", "Africa/Cairo", "Asia/Tehran", "Australia/Sydney", "Australia/Adelaide",
    "Pacific/Auckland", "America/Sao_Paulo", "America/Mexico_City", "America/Santiago", "America/Havana",
)  # fmt: skip
_PARTS_OF_HOURS: Final = (
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Yangon", "Asia/Tehran", "Asia/Kabul", "Australia/Darwin", "Asia/Colombo",
    "America/Caracas",
)  # fmt: skip
_NO_PLACES: Final = frozenset({"Factory", "localtime"})
_PREFIX: Final = re.compile(r"\((?:utc|gmt)[^)]*\)\s*", re.IGNORECASE)
_OFFSET: Final = re.compile(r"(?:utc|gmt)?\s?([+-])(\d{1,2})(?::?00)?", re.IGNORECASE | re.ASCII)
_MOST_HOURS: Final = (-14, 12)  # of Etc/GMT…, whose signs are the other way round
_HOUR: Final = timedelta(hours=1)


def zone_named(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA, Rails (Square, Shopify) or Windows name, or of `UTC+2`; None for an unknown one."""
    plain = _PREFIX.sub("", name.strip()).casefold()
    if key := ZONES.get(plain) or _keys().get(plain):
        return _zone(key)
    if match := _OFFSET.fullmatch(plain):
        return _zone(_fixed(timedelta(hours=int(match[2])) * (1 if match[1] == "+" else -1)) or "")
    return None


def zone_of_offsets(offsets: Mapping[timedelta, Collection[date]]) -> str | None:
    """Return the IANA name of the zone that has these UTC offsets on these days; None when none is known.

    One offset is a fixed zone: -0500 all year is Etc/GMT+5. Two, an hour apart, are a zone that changes its clocks.
    """
    if len(offsets) == 1:
        (offset,) = offsets
        return _fixed(offset) or _first_fitting(_PARTS_OF_HOURS, offsets)
    if len(offsets) != 2 or max(offsets) - min(offsets) != _HOUR:  # noqa: PLR2004 - summer and winter
        return None
    return _first_fitting(_CHANGING, offsets)


def _fixed(offset: timedelta) -> str | None:
    hours, rest = divmod(offset, _HOUR)
    if rest or not _MOST_HOURS[0] <= -hours <= _MOST_HOURS[1]:
        return None
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def _first_fitting(names: Collection[str], offsets: Mapping[timedelta, Collection[date]]) -> str | None:
    zones = ((name, _zone(name)) for name in names)
    return next((name for name, zone in zones if zone and _fits(zone, offsets)), None)


def _fits(zone: ZoneInfo, offsets: Mapping[timedelta, Collection[date]]) -> bool:
    """Whether the zone has each offset at the start or at the end of each of its days."""
    return all(
        offset in {datetime.combine(day, at, zone).utcoffset() for at in (time.min, time.max)}
        for offset, days in offsets.items()
        for day in days
    )


def _zone(key: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # no time zone data, or none of this zone
        return None


@cache
def _keys() -> dict[str, str]:
    return {key.casefold(): key for key in available_timezones() if key not in _NO_PLACES}

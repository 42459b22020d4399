"""Instants: day boundaries in UTC, their text form, and the label that looks forward from one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)


def day_start(instant: datetime) -> datetime:
    """Return 00:00 UTC of the day of `instant` (a naive instant is taken as UTC)."""
    aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return aware.replace(hour=0, minute=0, second=0, microsecond=0)


def is_day_start(instant: datetime) -> bool:
    """Tell whether an aware `instant` is a day boundary in UTC, the only kind an `as_of` may be."""
    return instant == day_start(instant)


def day_after(instant: datetime) -> datetime:
    """Return 00:00 UTC of the day after `instant`: the clock when `instant` is the last transaction."""
    return day_start(instant) + DAY


def rfc3339(instant: datetime) -> str:
    """Return `instant` as RFC 3339 in UTC with a `Z`, whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

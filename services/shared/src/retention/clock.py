"""Day boundaries in UTC, and instants as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)


def day_start(instant: datetime) -> datetime:
    """Return 00:00 UTC of the day of `instant` (a naive instant is taken as UTC)."""
    aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return aware.replace(hour=0, minute=0, second=0, microsecond=0)


def is_day_start(instant: datetime) -> bool:
    """Return whether an aware `instant` is 00:00 UTC, as every `as_of` must be."""
    return instant == day_start(instant)


def day_after(instant: datetime) -> datetime:
    """Return 00:00 UTC of the day after `instant`; for the last transaction, this is the clock."""
    return day_start(instant) + DAY


def rfc3339(instant: datetime) -> str:
    """Return `instant` as RFC 3339 in UTC with `Z`, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

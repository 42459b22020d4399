"""Where an answer comes from and how fresh its data is: `meta` of every answer about a customer."""

from __future__ import annotations

from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from retention.clock import DAY, day_start, rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inference.database.shop import Labels
    from inference.prediction.repository import DataState
    from inference.responses import FeatureMeta, Meta
    from inference.settings import Clock
    from retention.registry.bundle import Bundle


class DataClock(NamedTuple):
    """The instant that answers are as of by default, and the age of the data."""

    kind: Clock
    stale_after_days: int
    labels: Labels
    now: Callable[[], datetime]

    def as_of(self, state: DataState, asked: datetime | None) -> tuple[datetime, bool]:
        """Return the instant to answer as of, and whether a customer's own later instant is accepted.

        It is if no instant was requested: lines of later days may have been posted for that customer.
        """
        return (asked, False) if asked else (self.clock(state), True)

    def clock(self, state: DataState) -> datetime:
        """Return the default `as_of`."""
        self.labels.see(state.shop)
        if self.kind == "data" and state.clock is not None:
            return state.clock
        return day_start(self.now().astimezone(self.labels.zone).replace(tzinfo=UTC))

    def data_age_days(self, state: DataState) -> int:
        """Return whole days since the last load; with the wall clock, since the data's clock."""
        since = state.clock if self.kind == "wall" else state.loaded_at or state.clock
        return 0 if since is None else max(0, (self.now() - since) // DAY)

    def meta(self, bundle: Bundle, state: DataState, as_of: datetime, request_id: str) -> Meta:
        """Return `meta` of an answer about a customer."""
        self.labels.see(state.shop)
        data_age_days = self.data_age_days(state)
        return {
            "as_of": _text(as_of),
            "model_version": bundle.version,
            "data_age_days": data_age_days,
            "stale": data_age_days > self.stale_after_days,
            "currency": self.labels.currency,
            "time_zone": self.labels.time_zone,
            "request_id": request_id,
        }

    def feature_meta(self, bundle: Bundle, request_id: str) -> FeatureMeta:
        """Return `meta` of an answer from figures alone."""
        return {"model_version": bundle.version, "currency": self.labels.currency, "request_id": request_id}


@lru_cache(maxsize=64)  # nearly always the clock
def _text(instant: datetime) -> str:
    return rfc3339(instant)

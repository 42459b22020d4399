"""What the routes stand on: the customers, the transactions, the model, and the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from retention.clock import DAY, day_start

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from fastapi import Request

    from inference.customer.repository import Ranking
    from inference.health.metrics import Metrics
    from inference.health.repository import Loads
    from inference.http.turns import Turns
    from inference.model.live_bundle import LiveBundle
    from inference.model.repository import Versions
    from inference.prediction.repository import Customers, DataState
    from inference.score.service import Scores
    from inference.settings import Settings
    from inference.transaction.repository import Transactions


class Service(NamedTuple):
    """Made once by create_app; nothing in it changes but the model and the data themselves."""

    settings: Settings
    customers: Customers
    transactions: Transactions
    ranking: Ranking
    scores: Scores
    live: LiveBundle
    versions: Versions
    loads: Loads
    metrics: Metrics
    now: Callable[[], datetime]
    turns: Turns  # of questions about many

    def clock(self, state: DataState) -> datetime:
        """Return the instant that a question is answered as of when it names none."""
        if self.settings.clock == "data" and state.clock is not None:
            return state.clock
        return day_start(self.now())

    def data_age_days(self, state: DataState) -> int:
        """Return the whole days since the last load, or since the clock when it is the wall's."""
        since = state.clock if self.settings.clock == "wall" else state.loaded_at or state.clock
        return 0 if since is None else max(0, (self.now() - since) // DAY)


def service_of(request: Request) -> Service:
    """Return what create_app made for the application that answers `request`."""
    return cast("Service", request.app.state.service)

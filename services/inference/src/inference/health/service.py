"""Health: whether everything that an answer needs is available now."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from retention.errors import CustomerNotFoundError, NoChampionError, NoOrdersError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from inference.health.responses import Check, Health, Readiness
    from inference.model.live_bundle import LiveBundle
    from inference.prediction.meta import DataClock
    from inference.prediction.repository import Customers

PROBE_AGE_S: Final = 0.2  # probes are shared: without key or rate limit, a flood still makes only 5 queries a second
ANSWER_S: Final = 0.9  # a monitor is answered within a second, whatever the database does
_NO_CUSTOMER: Final = 0  # ids start at 1


class HealthService(NamedTuple):
    """Readiness of this process and its dependencies."""

    customers: Customers
    live: LiveBundle
    probe: Callable[[], Awaitable[None]]  # of the database, shared
    git_revision: str

    async def readiness(self) -> Readiness:
        """Return whether predictions by id can be answered now."""
        mongo, model = await asyncio.gather(_check(self.probe), _check(self.live.require))
        ready = mongo["ok"] and model["ok"]
        return {"status": "ready" if ready else "not_ready", "checks": {"mongo": mongo, "model": model}}

    async def health(self) -> Health:
        """Return readiness with further details for a monitor."""
        ready, documents = await asyncio.gather(self.readiness(), self._documents())
        loaded = self.live.loaded
        return {
            **ready,
            "api": "running",
            "mongo": "connected" if ready["checks"]["mongo"]["ok"] else "unavailable",
            "model": "absent" if loaded is None else "loaded",
            "model_version": loaded and loaded.version,
            "stale_reason": self.live.stale_reason,
            "documents": documents,
            "version": self.git_revision,
        }

    async def _documents(self) -> int | None:
        try:
            return await self.customers.count()
        except UnavailableError:
            return None


async def probe_database(customers: Customers, clock: DataClock) -> None:
    """Look up an unknown customer, as a prediction does: a server may answer a ping and still refuse our queries.

    Raises UnavailableError within ANSWER_S.
    """
    try:
        async with asyncio.timeout(ANSWER_S):
            state = await customers.state()
            with suppress(CustomerNotFoundError, NoOrdersError):
                await customers.features(_NO_CUSTOMER, clock.clock(state), or_later=True)
    except TimeoutError:
        raise UnavailableError("the database is too slow for a prediction") from None


async def _check(ask: Callable[[], Awaitable[None]]) -> Check:
    started = perf_counter()
    try:
        await ask()
        ok = True
    except (UnavailableError, NoChampionError):
        ok = False
    return {"ok": ok, "milliseconds": round((perf_counter() - started) * 1000, 2)}

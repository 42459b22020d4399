"""Whether everything that an answer needs is there, asked now."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Final

from retention.errors import CustomerNotFoundError, NoChampionError, NoOrdersError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from inference.dependencies import Service
    from inference.health.responses import Check, Health, Readiness

ASKED_AGE_S: Final = 0.2  # nobody needs a key for it, and no limit holds: a flood asks the database 5 times a second
ANSWER_S: Final = 0.9  # a monitor is answered within a second, whatever the database does
_NOBODY: Final = 0  # ids begin at 1


async def readiness(service: Service, ask_database: Callable[[], Awaitable[None]]) -> Readiness:
    """Return whether predictions by id can be answered now."""
    mongo, model = await asyncio.gather(_check(ask_database), _check(service.live.require))
    ready = mongo["ok"] and model["ok"]
    return {"status": "ready" if ready else "not_ready", "checks": {"mongo": mongo, "model": model}}


async def health(service: Service, ask_database: Callable[[], Awaitable[None]]) -> Health:
    """Return readiness, and what a monitor likes to see beside it."""
    ready, documents = await asyncio.gather(readiness(service, ask_database), _documents(service))
    loaded = service.live.loaded
    return {
        **ready,
        "api": "running",
        "mongo": "connected" if ready["checks"]["mongo"]["ok"] else "unavailable",
        "model": "absent" if loaded is None else "loaded",
        "model_version": loaded and loaded.version,
        "stale_reason": service.live.stale_reason,
        "documents": documents,
        "version": service.settings.git_revision,
    }


async def ask_as_a_prediction_does(service: Service) -> None:
    """Look up somebody who is not there: a server may answer a ping and not let us read what predictions stand on."""
    try:
        async with asyncio.timeout(ANSWER_S):
            state = await service.customers.state()
            with suppress(CustomerNotFoundError, NoOrdersError):
                await service.customers.features(_NOBODY, service.clock(state), or_later=True)
    except TimeoutError:
        raise UnavailableError("the database is too slow for a prediction") from None


async def _documents(service: Service) -> int | None:
    try:
        return await service.customers.count()
    except UnavailableError:
        return None


async def _check(ask: Callable[[], Awaitable[None]]) -> Check:
    started = perf_counter()
    try:
        await ask()
        ok = True
    except (UnavailableError, NoChampionError):
        ok = False
    return {"ok": ok, "milliseconds": round((perf_counter() - started) * 1000, 2)}

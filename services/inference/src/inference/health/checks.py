"""Whether everything that an answer needs is there, asked now."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from retention.errors import NoChampionError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from inference.health.schemas import Check, Health, Readiness
    from inference.service import Service


async def readiness(service: Service) -> Readiness:
    """Return whether predictions can be answered, asking the database now."""
    mongo, model = await asyncio.gather(_check(service.customers.ping), _check(service.live.require))
    ready = mongo["ok"] and model["ok"]
    return {"status": "ready" if ready else "not_ready", "checks": {"mongo": mongo, "model": model}}


async def health(service: Service) -> Health:
    """Return readiness, and what a monitor likes to see beside it."""
    ready, documents = await asyncio.gather(readiness(service), _documents(service))
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

"""Moving the champion: the pointer under the registry's lock, the bundle loaded here; the scores follow."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from inference.model.repository import ChampionNotLoadedError
from retention.errors import LockedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inference.dependencies import Service
    from inference.model.responses import Moved, Reloaded

TURN_S: Final = 1.0  # a move takes milliseconds; behind one that waits for a frozen process nobody queues


async def move_champion(service: Service, version: str, *, by: str) -> Moved:
    """Make `version` the champion, answer with it, and begin to score everybody by it; it may be asked for again.

    Scores are made also when it was the champion already: those of an earlier try, without a database, may be missing.
    Errors: those of `Versions.promote`, when nothing has changed; ChampionNotLoadedError, BadDataError after the move.
    """
    live = service.live
    async with _turn(service.versions.moving):
        before, changed = await service.versions.promote(version, at=service.now(), by=by)
        await live.refresh(anew=live.stale_reason is not None)
        bundle = live.bundle
        if bundle.version != version and live.stale_reason is not None:
            raise ChampionNotLoadedError(live.stale_reason)
    scored = await service.scores.everybody(bundle)
    return {"champion": bundle.version, "before": before, "changed": changed, "scored": scored}


@asynccontextmanager
async def _turn(moving: asyncio.Lock) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(TURN_S):
            await moving.acquire()
    except TimeoutError:
        raise LockedError("the champion is being moved by another request") from None
    try:
        yield
    finally:
        moving.release()


async def look_again(service: Service) -> Reloaded:
    """Read the champion now, also one that was refused.

    Errors: ChampionNotLoadedError when it is refused again, NoChampionError when nothing answers afterwards.
    """
    live = service.live
    before = live.loaded and live.loaded.version
    await live.refresh(anew=True)
    version = live.bundle.version
    if live.stale_reason is not None:
        raise ChampionNotLoadedError(live.stale_reason)
    return {"version": version, "changed": version != before}

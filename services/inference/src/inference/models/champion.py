"""Moving the champion: the pointer under the registry's lock, the bundle loaded here, everybody scored by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.customers.scores import score_everybody
from inference.models.versions import VersionRefusedError

if TYPE_CHECKING:
    from inference.models.schemas import Moved, Reloaded
    from inference.service import Service


async def move_champion(service: Service, version: str, *, by: str) -> Moved:
    """Make `version` the champion, answer with it, and score everybody by it; all of it may be asked for again.

    Scores are made also when it was the champion already: those of an earlier try, without a database, may be missing.
    """
    live = service.live
    async with service.versions.moving:
        before, changed = await service.versions.promote(version, at=service.now(), by=by)
        await live.refresh(anew=live.stale_reason is not None)
        bundle = live.bundle
        if bundle.version != version and live.stale_reason is not None:
            raise VersionRefusedError(live.stale_reason)
        scored = await score_everybody(service, bundle)
    return {"champion": bundle.version, "before": before, "changed": changed, "scored": scored}


async def look_again(service: Service) -> Reloaded:
    """Read the champion now, also one that was refused; NoChampionError when nothing answers afterwards."""
    live = service.live
    before = live.loaded and live.loaded.version
    await live.refresh(anew=True)
    version = live.bundle.version
    return {"version": version, "changed": version != before, "stale_reason": live.stale_reason}

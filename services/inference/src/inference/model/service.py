"""Moves the champion under the registry's lock, loads it, and starts to score all customers by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inference.errors import ChampionNotLoadedError
from inference.model.model_card import ModelCard, model_card

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inference.http.admission import Lane
    from inference.model.live_bundle import LiveBundle
    from inference.model.repository import Versions
    from inference.model.responses import ChampionMoved, Reloaded
    from inference.score.service import Scores


class ModelService(NamedTuple):
    """The live model and the published versions."""

    live: LiveBundle
    versions: Versions
    scores: Scores
    lane: Lane  # of champion moves
    now: Callable[[], datetime]

    def card(self) -> ModelCard:
        """Return the card of the live model; NoChampionError before the first."""
        live = self.live.required
        return model_card(live.bundle, champion_since=live.champion_since)

    async def move_champion(self, version: str, *, by: str) -> ChampionMoved:
        """Make `version` the champion, load it here and start to score all customers by it; safe to repeat.

        Scores are started even if it was the champion already: an earlier attempt may have failed without a database.
        Raises BusyError and the errors of `Versions.promote`, which change nothing; ChampionNotLoadedError and
        BadDataError after the move.
        """
        async with self.lane.place():
            before, changed = await self.versions.promote(version, at=self.now(), by=by)
            await self.live.refresh(force=self.live.stale_reason is not None)
            bundle = self.live.bundle
            if bundle.version != version and self.live.stale_reason is not None:
                raise ChampionNotLoadedError(self.live.stale_reason)
        scored = await self.scores.everybody(bundle)
        return {"champion": bundle.version, "before": before, "changed": changed, "scored": scored}

    async def reload(self) -> Reloaded:
        """Read the champion again, even if it was refused before.

        ChampionNotLoadedError when it is refused again, NoChampionError when no model is loaded afterwards.
        """
        before = self.live.loaded and self.live.loaded.version
        await self.live.refresh(force=True)
        version = self.live.bundle.version
        if self.live.stale_reason is not None:
            raise ChampionNotLoadedError(self.live.stale_reason)
        return {"version": version, "changed": version != before}

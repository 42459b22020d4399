"""The model that answers now: loaded and verified beside the one before it, then swapped in one assignment."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeAlias

from retention.bundle import Bundle, read_bundle, read_signing_key
from retention.champion_log import moves
from retention.errors import NoChampionError, RetentionError

if TYPE_CHECKING:
    from pathlib import Path

    from retention.registry import Registry

logger = logging.getLogger(__name__)

Stamp: TypeAlias = "tuple[tuple[int, int, int] | None, ...]"


class LiveBundle:
    """Follows the registry's champion. What is refused is remembered and not tried again until its stamp changes.

    A file that could not be read is another matter: it is tried again with every look, and logged once.
    """

    def __init__(self, registry: Registry, signing_key_file: Path) -> None:
        self._registry = registry
        self._key_file = signing_key_file
        self._bundle: Bundle | None = None
        self._seen: Stamp | None = None
        self.stale_reason: str | None = None
        self.champion_since: str | None = None  # the bundle that answers; None when the log does not say

    @property
    def loaded(self) -> Bundle | None:
        """The bundle that answers, if any."""
        return self._bundle

    @property
    def bundle(self) -> Bundle:
        """The bundle that answers; NoChampionError before the first. One answer takes it once."""
        if self._bundle is None:
            raise NoChampionError(self.stale_reason or "no model is loaded yet")
        return self._bundle

    async def require(self) -> None:
        """Raise NoChampionError when no bundle answers yet."""
        _ = self.bundle

    async def follow(self, *, poll_s: float) -> None:
        """Refresh until cancelled."""
        while True:
            await asyncio.sleep(poll_s)
            try:
                await self.refresh()
            except Exception:  # following must not end: the next champion may be sound
                logger.exception("unexpected error while looking for a new champion")

    async def refresh(self) -> None:
        """Load the champion if anything about it changed; when it is refused, the old one goes on answering."""
        try:
            fresh = await asyncio.to_thread(self._load_if_changed)
        except (RetentionError, OSError, ValueError) as error:
            reason = self._without_paths(error)
            unreadable = isinstance(error.__cause__ or error, OSError)
            if unreadable:
                self._seen = None
            if not (unreadable and reason == self.stale_reason):
                # No champion yet is how every installation begins.
                level = logging.INFO if isinstance(error, NoChampionError) else logging.ERROR
                logger.log(level, "champion not loaded", extra={"reason": str(error)})
            self.stale_reason = reason
        else:
            if fresh is not None:
                self._bundle, self.champion_since = fresh
                self.stale_reason = None
                logger.info("champion loaded", extra={"model_version": self._bundle.version})

    def _load_if_changed(self) -> tuple[Bundle, str | None] | None:
        """Return the verified champion and since when; None when nothing has changed since the last look."""
        pointer = self._registry.live_dir / "champion"
        seen_pointer = _stamp(pointer)
        try:
            version = self._registry.champion()
        except (RetentionError, OSError, ValueError):
            if not self._is_news((seen_pointer,)):
                return None
            raise
        folder = self._registry.folder(version)
        paths = (*sorted(folder.glob("*")), self._key_file)
        if not self._is_news((seen_pointer, *map(_stamp, paths))):
            return None
        return read_bundle(folder, read_signing_key(self._key_file)), self._since(version)

    def _since(self, version: str) -> str | None:
        try:
            logged = moves(self._registry.live_dir / "champion.log")  # written before the pointer is moved
        except OSError:
            return None
        return next((move.at for move in reversed(logged) if move.version == version), None)

    def _is_news(self, stamp: Stamp) -> bool:
        known, self._seen = self._seen, stamp
        return stamp != known

    def _without_paths(self, error: Exception) -> str:
        """Return the reason for /health, which anybody may read: the log has it whole."""
        text = str(error).replace(str(self._registry.live_dir.parent), "models")
        return text.replace(str(self._key_file), "").replace("  ", " ")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino

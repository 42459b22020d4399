"""The live model: the champion is loaded and verified beside the current one, then swapped in one assignment."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from retention.errors import NoChampionError, RetentionError
from retention.registry.bundle import Bundle, read_bundle, read_signing_key
from retention.registry.champion_log import moves

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inference.metrics import LoadResult
    from retention.registry.versions import Registry

logger = logging.getLogger(__name__)

Stamp: TypeAlias = "tuple[bytes, tuple[int, int, int] | None, tuple[int, int, int] | None]"

_FIRST_PAUSE_S: Final = 1.0  # before an unreadable file is read again; each pause is twice the last
_LONGEST_PAUSE_S: Final = 60.0


class Live(NamedTuple):
    """A verified version and the time it became champion (None if not in the log), swapped together."""

    bundle: Bundle
    champion_since: str | None


class LiveBundle:
    """Follows the champion pointer, and reads nothing else until the pointer or the signing key changes.

    A refused champion is not read again until then, or until a reload is requested. An unreadable file is retried,
    with pauses growing from a second to a minute, and logged once.
    """

    def __init__(
        self,
        registry: Registry,
        signing_key_file: Path,
        *,
        count: Callable[[LoadResult], None] = lambda _: None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._key_file = signing_key_file
        self._count = count
        self._monotonic_s = monotonic_s
        self._refreshing = asyncio.Lock()  # a slow refresh must not undo a later one
        self._seen: Stamp | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._again_at_s: float | None = None  # when an unreadable champion is read again
        self.current: Live | None = None
        self.stale_reason: str | None = None

    @property
    def loaded(self) -> Bundle | None:
        """The live bundle, if there is one."""
        return self.current and self.current.bundle

    @property
    def bundle(self) -> Bundle:
        """The live bundle; NoChampionError before the first. An answer reads it once."""
        return self.required.bundle

    @property
    def required(self) -> Live:
        """The live bundle and the time it became champion; NoChampionError before the first."""
        if self.current is None:
            raise NoChampionError(self.stale_reason or "no model is loaded yet")
        return self.current

    async def require(self) -> None:
        """Raise NoChampionError before the first bundle."""
        _ = self.required

    async def follow(self, *, poll_s: float) -> None:
        """Refresh until cancelled."""
        while True:
            await asyncio.sleep(poll_s)
            try:
                await self.refresh()
            except Exception:  # following must not stop: the next champion may be sound
                logger.exception("unexpected error while checking for a new champion")

    async def refresh(self, *, force: bool = False) -> None:
        """Load the champion if the pointer moved; if it is refused, the current model stays.

        With `force` it is read even if nothing has changed.
        """
        async with self._refreshing:
            try:
                fresh = await asyncio.to_thread(self._load_if_moved, force=force)
            except (RetentionError, OSError, ValueError) as error:
                self._refuse(error)
            else:
                if fresh is not None:
                    self._swap(fresh)

    def _load_if_moved(self, *, force: bool) -> Live | None:
        """Return the verified champion, or None if there is no reason to read it. Runs in a thread."""
        pointer = self._registry.live_dir / "champion"
        # The content too: two moves within one tick of the file system's clock leave the same stamp.
        stamp = (_content(pointer), _stamp(pointer), _stamp(self._key_file))
        due = self._again_at_s is not None and self._monotonic_s() >= self._again_at_s
        if stamp == self._seen and not (force or due):
            return None
        if stamp != self._seen:
            self._pause_s = _FIRST_PAUSE_S
        self._seen, self._again_at_s = stamp, None
        version = self._registry.champion()
        bundle = read_bundle(self._registry.folder(version), read_signing_key(self._key_file))
        return Live(bundle, self._since(version))

    def _since(self, version: str) -> str | None:
        try:
            logged = moves(self._registry.live_dir / "champion.log")  # written before the pointer is moved
        except OSError:
            return None
        return next((move.at for move in reversed(logged) if move.version == version), None)

    def _swap(self, fresh: Live) -> None:
        self.current, self.stale_reason = fresh, None
        self._count("loaded")
        logger.info("champion loaded", extra={"model_version": fresh.bundle.version})

    def _refuse(self, error: Exception) -> None:
        reason = self.without_paths(error)
        unreadable = isinstance(error.__cause__ or error, OSError)
        none_yet = isinstance(error, NoChampionError)  # as in every new installation
        if unreadable:
            self._again_at_s = self._monotonic_s() + self._pause_s
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        if not none_yet:
            self._count("unreadable" if unreadable else "refused")
        if not (unreadable and reason == self.stale_reason):
            level = logging.INFO if none_yet else logging.ERROR
            logger.log(level, "champion not loaded", extra={"reason": str(error)})
        self.stale_reason = reason

    def without_paths(self, error: Exception) -> str:
        """Return the reason without paths for /health, which is public; the log has it in full."""
        text = str(error).replace(str(self._registry.live_dir.parent), "models")
        return text.replace(str(self._key_file), "the file")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino

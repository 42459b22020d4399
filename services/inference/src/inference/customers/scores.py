"""Scores that stay true: of customers whose lines were posted, of everybody by another champion, of who was missed."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from inference.connection import TIMEOUT_MS, refused_as
from inference.customers.score_work import ScoreWork
from retention.errors import (
    BadDataError,
    CannotWriteError,
    LockedError,
    NoChampionError,
    RetentionError,
    UnavailableError,
)
from retention.files import locked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from inference.connection import Connection
    from inference.models.live_bundle import LiveBundle
    from inference.service import Service
    from retention.bundle import Bundle
    from retention.registry import Registry

logger = logging.getLogger(__name__)

WORK_TIMEOUT_MS: Final = 120_000  # 1,000,000 customers take 20 s
LOCK_WAIT_S: Final = 60  # another scorer's 1,000,000 customers take less
LOOK_EVERY_S: Final = 15
RECHECK_S: Final = 300  # also when nothing seems to have changed: a load may write long after it took its number
AT_REST: Final = 20  # times as long as at work: of one processor a twentieth at most, however many customers there are
_LOCK_POLL_S: Final = 0.1


async def score_everybody(service: Service, bundle: Bundle) -> int:
    """Give everybody a score by `bundle`, the champion; return how many were made, 0 when all of them were there.

    Raises LockedError while another scorer is at work for LOCK_WAIT_S, UnavailableError, and BadDataError when the
    customers were derived by another version. The scores of before then stay, and it is tried again by keep_true.
    """
    return await service.scores.everybody(bundle)


class Scores(Protocol):
    """Who writes scores. Those of before stay when anything fails."""

    async def rescore(self, bundle: Bundle | None, customer_ids: Collection[int]) -> None:
        """Make the scores of these customers again, if scores are by `bundle`. What fails is logged, and made later."""

    async def everybody(self, bundle: Bundle) -> int:
        """As score_everybody."""

    async def keep_true(self) -> None:
        """Look, until cancelled, for scores that are behind or of another version than the champion's; mend them."""


class MongoScores:
    """Scores in MongoDB, beside other writers: the trainer, and other processes of this kind."""

    def __init__(self, connection: Connection, live: LiveBundle, registry: Registry) -> None:
        self._connection = connection
        self._work = ScoreWork(connection.database)
        self._live = live
        self._registry = registry
        self._seen: object = None
        self._settling = False
        self._checked_at = 0.0
        self._said = ""

    async def rescore(self, bundle: Bundle | None, customer_ids: Collection[int]) -> None:
        """Do it in one pipeline, within the deadline of a look-up."""
        if bundle is None or not customer_ids:
            return
        try:
            async with self._connection.asking(TIMEOUT_MS):
                if await self._work.version() == bundle.version:
                    with refused_as(BadDataError):
                        await self._work.score_touched(bundle, customer_ids)
        except RetentionError as error:
            logger.warning("some scores are behind until they are looked at", extra={"reason": str(error)})

    async def everybody(self, bundle: Bundle) -> int:
        """Do it when nobody else does."""
        async with self._alone(LOCK_WAIT_S):
            return await self._make_true(bundle)

    async def keep_true(self) -> None:
        """Look every LOOK_EVERY_S seconds, or less often when that is much work."""
        while True:
            started = time.monotonic()
            try:
                await self._look(started)
                self._said = ""
            except (UnavailableError, LockedError):
                pass  # the one is logged, the other is at work on the same; the next look may get through
            except RetentionError as error:
                self._log_once(f"{type(error).__name__}: {error}")
            except Exception:  # looking must not end
                logger.exception("unexpected error while looking at the scores")
            await asyncio.sleep(max(LOOK_EVERY_S, AT_REST * (time.monotonic() - started)))

    async def _look(self, now_s: float) -> None:
        """Count and compare only when something changed since the last look, or the one before that."""
        bundle = self._live.loaded
        if bundle is None:
            return
        async with self._connection.asking(TIMEOUT_MS):
            seen = (bundle.version, await self._work.version(), await self._work.revision())
        news = seen != self._seen
        if news or self._settling or now_s - self._checked_at > RECHECK_S:
            async with self._alone(0):
                scored = await self._make_true(bundle)
            if scored:
                logger.info("scored", extra={"customers": scored, "model_version": bundle.version})
            self._seen, self._settling, self._checked_at = seen, news, now_s

    async def _make_true(self, bundle: Bundle) -> int:
        """Return how many scores were made. Another version's are replaced by the champion's alone."""
        async with self._connection.asking(WORK_TIMEOUT_MS):
            with refused_as(BadDataError):
                customers, scored = await self._work.tallies()
                if not customers.customers:
                    return 0
                if scored.versions != {bundle.version}:
                    made = await self._work.replace(bundle) if await self._is_champion(bundle) else 0
                elif scored.highest < customers.lowest:
                    made = await self._work.replace(bundle)  # a load moved the clock: to mend all would take longer
                else:
                    return await self._work.mend(bundle)
                return made and made + await self._work.mend(bundle)

    async def _is_champion(self, bundle: Bundle) -> bool:
        """Tell whether the pointer names it: a process that has not seen the next one yet must not undo its scores."""
        try:
            return await asyncio.to_thread(self._registry.champion) == bundle.version
        except NoChampionError:
            return False

    @asynccontextmanager
    async def _alone(self, wait_s: float) -> AsyncIterator[None]:
        """Hold the lock that the trainer, too, scores under; each try returns at once, so that nothing else waits."""
        lock = self._registry.live_dir / "scoring.lock"
        deadline = time.monotonic() + wait_s
        with ExitStack() as held:
            while True:
                try:
                    held.enter_context(locked(lock, wait_s=0, busy="everybody is being scored by another run"))
                    break
                except LockedError:
                    if time.monotonic() >= deadline:
                        raise
                except OSError as error:
                    raise CannotWriteError(f"cannot write {lock.name}: {error.strerror}") from error
                await asyncio.sleep(_LOCK_POLL_S)
            yield

    def _log_once(self, reason: str) -> None:
        if reason != self._said:
            logger.warning("the scores could not be looked at or mended yet", extra={"reason": reason})
        self._said = reason

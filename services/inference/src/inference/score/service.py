"""Scores that stay true: of customers whose lines were posted, of everybody by another champion, of who was missed."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from inference.database.connection import TIMEOUT_MS
from inference.score.work import ScoreWork
from retention.errors import (
    BadDataError,
    CannotWriteError,
    LockedError,
    NoChampionError,
    RetentionError,
    UnavailableError,
)
from retention.registry.files import locked
from retention.store.driver_errors import refused_as

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from inference.database.connection import Connection
    from inference.model.live_bundle import LiveBundle
    from retention.registry.bundle import Bundle
    from retention.registry.versions import Registry

logger = logging.getLogger(__name__)

SOON_S: Final = 2.0  # who moves the champion learns how many where that is quick, and waits no longer
WORK_TIMEOUT_MS: Final = 120_000  # a bound: a run over 1,000,000 customers by the API was not timed
LOCK_WAIT_S: Final = 60  # for another scorer
LOOK_EVERY_S: Final = 15
RECHECK_S: Final = 300  # also when nothing seems to have changed: a load may write long after it took its number
AT_REST: Final = 20  # times as long as at work: of one processor about a twentieth, however many customers there are
LONGEST_REST_S: Final = 300
_LOCK_POLL_S: Final = 0.1


class Scores(Protocol):
    """Who writes scores. Those of before stay when anything fails."""

    async def rescore(self, bundle: Bundle | None, customer_ids: Collection[int]) -> None:
        """Make the scores of these customers again, if scores are by `bundle`. What fails is logged, and made later."""

    async def everybody(self, bundle: Bundle) -> int | None:
        """Give everybody a score by `bundle`, the champion; return how many were made, 0 when all of them were there.

        None when that takes longer than SOON_S and goes on, or cannot be done now and is left to keep_true. Raises
        BadDataError when the customers were derived by another version.
        """

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
        self._at_work: dict[str, asyncio.Task[int]] = {}  # everybody being scored, by the version

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

    async def everybody(self, bundle: Bundle) -> int | None:
        """Begin it, or join who began it, and wait for SOON_S."""
        work = self._at_work.get(bundle.version)
        if work is None:
            work = self._at_work[bundle.version] = asyncio.create_task(self._everybody(bundle))
            work.add_done_callback(lambda done: self._ended(bundle.version, done))
        await asyncio.wait({work}, timeout=SOON_S)
        try:
            return work.result() if work.done() else None
        except (UnavailableError, LockedError, CannotWriteError):
            return None

    async def _everybody(self, bundle: Bundle) -> int:
        async with self._alone(LOCK_WAIT_S):
            return await self._make_true(bundle)

    def _ended(self, version: str, work: asyncio.Task[int]) -> None:
        del self._at_work[version]
        if not work.cancelled() and (error := work.exception()) is not None:
            self._log_once(f"{type(error).__name__}: {error}")

    async def keep_true(self) -> None:
        """Look every LOOK_EVERY_S seconds, or less often when that is much work; what is at work ends with it."""
        try:
            while True:
                rest_s = await self._looked()
                await asyncio.sleep(rest_s)
        finally:
            for work in self._at_work.values():
                work.cancel()

    async def _looked(self) -> float:
        """Look; return for how long to rest. What failed is tried again soon, however long it took to fail."""
        started = time.monotonic()
        try:
            await self._look(started)
        except (UnavailableError, LockedError):
            pass  # the one is logged, the other is at work on the same; the next look may get through
        except RetentionError as error:
            self._log_once(f"{type(error).__name__}: {error}")
        except Exception:  # looking must not end
            logger.exception("unexpected error while looking at the scores")
        else:
            self._said = ""
            return min(max(LOOK_EVERY_S, AT_REST * (time.monotonic() - started)), LONGEST_REST_S)
        return LOOK_EVERY_S

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
        await self._connection.ping()  # the work may take long; that the server is away is known at once
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

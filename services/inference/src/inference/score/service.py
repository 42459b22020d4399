"""Scores that stay true: of customers whose lines were posted, of everybody after the champion moved, of stragglers."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from retention.errors import (
    BadDataError,
    CannotWriteError,
    LockedError,
    NoChampionError,
    RetentionError,
    UnavailableError,
)
from retention.registry.files import locked
from retention.scoring.pipeline import scores as scoring_stages
from retention.store import scores as engine
from retention.store.driver_errors import refused_as

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from inference.database.connection import Connection
    from retention.features.pipelines import Pipeline
    from retention.registry.bundle import Bundle
    from retention.registry.versions import Registry

logger = logging.getLogger(__name__)

SOON_S: Final = 2.0  # whoever moves the champion learns how many were scored if that is quick, and waits no longer
WORK_TIMEOUT_MS: Final = 120_000  # a bound: a run over 1,000,000 customers by the API was not timed
LOCK_WAIT_S: Final = 60  # for another scorer
LOOK_EVERY_S: Final = 15
RECHECK_S: Final = 300  # also when nothing seems to have changed: a load may write long after it took its number
AT_REST: Final = 20  # times as long as at work: about a twentieth of one processor, however many customers there are
LONGEST_REST_S: Final = 300
ROUNDS: Final = 3  # in a shop where somebody always orders there is always one more, for the next look
THREADS: Final = 3  # one scores everybody; the others score who was posted about, and look
_LOCK_POLL_S: Final = 0.1


class Scores(Protocol):
    """Writes scores. The old ones stay when anything fails."""

    async def rescore(self, bundle: Bundle | None, customer_ids: Collection[int]) -> None:
        """Score these customers again, if scores are by `bundle`. A failure is logged, and made good later."""

    async def everybody(self, bundle: Bundle) -> int | None:
        """Score everybody by `bundle`, the champion; return how many scores were made, 0 when all were there.

        None when that takes longer than SOON_S and goes on, or cannot be done now and is left to reconcile_forever.
        Raises BadDataError when another version derived the customers.
        """

    async def reconcile_forever(self) -> None:
        """Look, until cancelled, for scores that are behind or of another version than the champion's; mend them."""


class MongoScores:
    """Scores in MongoDB, beside other writers: the trainer, and other processes of this kind."""

    def __init__(self, connection: Connection, loaded: Callable[[], Bundle | None], registry: Registry) -> None:
        self._connection = connection
        self._engine = engine.Scores(connection.store_database, at_once=False)  # the other core is for requests
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="scores")
        self._loaded = loaded
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
            await self._connection.in_thread(self._threads, partial(self._rescore, bundle, customer_ids))
        except RetentionError as error:
            logger.warning("some scores are behind until the next look", extra={"reason": str(error)})

    def _rescore(self, bundle: Bundle, customer_ids: Collection[int]) -> None:
        if self._engine.version() == bundle.version:
            with refused_as(BadDataError):
                self._engine.score_touched(_stages(bundle), customer_ids)

    async def everybody(self, bundle: Bundle) -> int | None:
        """Begin it, or join the task that did, and wait for SOON_S."""
        work = self._at_work.get(bundle.version)
        if work is None:
            work = self._at_work[bundle.version] = asyncio.create_task(self._reconcile(bundle, lock_wait_s=LOCK_WAIT_S))
            work.add_done_callback(lambda done: self._ended(bundle.version, done))
        await asyncio.wait({work}, timeout=SOON_S)
        try:
            return work.result() if work.done() else None
        except (UnavailableError, LockedError, CannotWriteError):
            return None

    def _ended(self, version: str, work: asyncio.Task[int]) -> None:
        del self._at_work[version]
        if not work.cancelled() and (error := work.exception()) is not None:
            self._log_once(f"{type(error).__name__}: {error}")

    async def reconcile_forever(self) -> None:
        """Look every LOOK_EVERY_S seconds, or less often when that is much work; it takes the tasks at work with it."""
        try:
            while True:
                rest_s = await self._looked()
                await asyncio.sleep(rest_s)
        finally:
            for work in self._at_work.values():
                work.cancel()

    async def _looked(self) -> float:
        """Look; return for how long to rest. A failure is followed by the shortest rest, however long it took."""
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
        bundle = self._loaded()
        if bundle is None:
            return
        seen = (bundle.version, *await self._connection.in_thread(self._threads, self._version_and_revision))
        news = seen != self._seen
        if news or self._settling or now_s - self._checked_at > RECHECK_S:
            scored = await self._reconcile(bundle)
            if scored:
                logger.info("scored", extra={"customers": scored, "model_version": bundle.version})
            self._seen, self._settling, self._checked_at = seen, news, now_s

    def _version_and_revision(self) -> tuple[str | None, int]:
        return self._engine.version(), self._engine.revision()

    async def _reconcile(self, bundle: Bundle, *, lock_wait_s: float = 0) -> int:
        """Make the scores those of `bundle`, holding the lock; return how many were made."""
        with ExitStack() as held:
            await self._take_lock(held, lock_wait_s)
            await self._connection.ping()  # the work may take long; a server that is away is noticed at once
            return await self._connection.in_thread(
                self._threads,
                partial(self._reconciled, bundle),
                timeout_ms=WORK_TIMEOUT_MS,
                ended=held.pop_all().close,  # the lock lasts as long as the thread
            )

    def _reconciled(self, bundle: Bundle) -> int:
        stages = _stages(bundle)
        with refused_as(BadDataError):
            customers, scored = self._engine.tallies()
            if not customers.customers:
                return 0
            if scored.versions != {bundle.version}:
                made = self._engine.replace(stages) if self._is_champion(bundle) else 0
            elif scored.highest < customers.lowest:
                made = self._engine.replace(stages)  # a load moved the clock: to mend all would take longer
            else:
                return self._engine.mend(stages, rounds=ROUNDS).again
            return made and made + self._engine.mend(stages, rounds=ROUNDS).again

    def _is_champion(self, bundle: Bundle) -> bool:
        """Tell whether the pointer names it: a process that has not seen the next one yet must not undo its scores."""
        try:
            return self._registry.champion() == bundle.version
        except NoChampionError:
            return False

    async def _take_lock(self, held: ExitStack, wait_s: float) -> None:
        """Enter into `held` the lock that the trainer, too, scores under; each try returns at once."""
        lock = self._registry.live_dir / "scoring.lock"
        deadline = time.monotonic() + wait_s
        while True:
            try:
                held.enter_context(locked(lock, wait_s=0, busy="everybody is being scored by another run"))
            except LockedError:
                if time.monotonic() >= deadline:
                    raise
            except OSError as error:
                raise CannotWriteError(f"cannot write {lock.name}: {error.strerror}") from error
            else:
                return
            await asyncio.sleep(_LOCK_POLL_S)

    def _log_once(self, reason: str) -> None:
        if reason != self._said:
            logger.warning("the scores could not be looked at or mended yet", extra={"reason": reason})
        self._said = reason


def _stages(bundle: Bundle) -> Pipeline:
    return scoring_stages(bundle.churn, bundle.segments, bundle.version)

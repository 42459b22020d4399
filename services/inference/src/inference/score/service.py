"""Keeps the scores current: after lines are posted, after the champion moves, and by regular checks."""

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

SOON_S: Final = 2.0  # longest wait for the number scored, in the answer to a move of the champion
WORK_TIMEOUT_MS: Final = 120_000  # a bound: the API was not timed on 1,000,000 customers
LOCK_WAIT_S: Final = 60  # for another scorer
LOOK_EVERY_S: Final = 15
RECHECK_S: Final = 300  # also without a visible change: a load may write long after it took its number
AT_REST: Final = 20  # times the duration of the check: about a twentieth of one processor, for any number of customers
LONGEST_REST_S: Final = 300
ROUNDS: Final = 3  # a busy shop never stops changing: the next check scores the rest
THREADS: Final = 3  # one scores all customers; the others score customers of posted lines, and check
_LOCK_POLL_S: Final = 0.1


class Scores(Protocol):
    """Writes scores. The old ones stay when anything fails."""

    async def rescore(self, bundle: Bundle | None, customer_ids: Collection[int]) -> None:
        """Score these customers again if the scores are by `bundle`. A failure is logged; a later check repairs it."""

    async def everybody(self, bundle: Bundle) -> int | None:
        """Score all customers by `bundle`, the champion; return the number of new scores, 0 if all were up to date.

        None if scoring takes longer than SOON_S (it continues) or is impossible now (reconcile_forever tries again).
        Raises BadDataError if another version derived the customers.
        """

    async def reconcile_forever(self) -> None:
        """Until cancelled, check for scores that are outdated or not by the champion, and repair them."""


class MongoScores:
    """Scores in MongoDB. The trainer and other API processes write them too."""

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
        self._at_work: dict[str, asyncio.Task[int]] = {}  # running tasks that score all customers, by version

    async def rescore(self, bundle: Bundle | None, customer_ids: Collection[int]) -> None:
        """Score them in one pipeline, within the deadline of a look-up."""
        if bundle is None or not customer_ids:
            return
        try:
            await self._connection.in_thread(self._threads, partial(self._rescore, bundle, customer_ids))
        except RetentionError as error:
            logger.warning("some scores are outdated until the next check", extra={"reason": str(error)})

    def _rescore(self, bundle: Bundle, customer_ids: Collection[int]) -> None:
        if self._engine.version() == bundle.version:
            with refused_as(BadDataError):
                self._engine.score_touched(_stages(bundle), customer_ids)

    async def everybody(self, bundle: Bundle) -> int | None:
        """Start the task or join the running one, and wait up to SOON_S."""
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
        """Check every LOOK_EVERY_S seconds, less often if that takes long; when cancelled, cancel the running tasks."""
        try:
            while True:
                rest_s = await self._looked()
                await asyncio.sleep(rest_s)
        finally:
            for work in self._at_work.values():
                work.cancel()

    async def _looked(self) -> float:
        """Check once; return the pause in seconds: the shortest one after a failure, however long it took."""
        started = time.monotonic()
        try:
            await self._look(started)
        except (UnavailableError, LockedError):
            pass  # the first is logged; with the second, another run is scoring; the next check may succeed
        except RetentionError as error:
            self._log_once(f"{type(error).__name__}: {error}")
        except Exception:  # the checks must not end
            logger.exception("unexpected error while checking the scores")
        else:
            self._said = ""
            return min(max(LOOK_EVERY_S, AT_REST * (time.monotonic() - started)), LONGEST_REST_S)
        return LOOK_EVERY_S

    async def _look(self, now_s: float) -> None:
        """Count and compare only after a change, once more at the next check, and after RECHECK_S."""
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
        """Make all scores those of `bundle`, under the lock; return the number of new scores."""
        with ExitStack() as held:
            await self._take_lock(held, lock_wait_s)
            await self._connection.ping()  # scoring may take long, but an unreachable server is reported at once
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
                made = self._engine.replace(stages)  # a load moved the clock: repairing all scores would take longer
            else:
                return self._engine.mend(stages, rounds=ROUNDS).again
            return made and made + self._engine.mend(stages, rounds=ROUNDS).again

    def _is_champion(self, bundle: Bundle) -> bool:
        """Return whether the pointer names `bundle`: an outdated process must not overwrite newer scores."""
        try:
            return self._registry.champion() == bundle.version
        except NoChampionError:
            return False

    async def _take_lock(self, held: ExitStack, wait_s: float) -> None:
        """Take the scoring lock, which the trainer uses too, into `held`; no try blocks the event loop."""
        lock = self._registry.live_dir / "scoring.lock"
        deadline = time.monotonic() + wait_s
        while True:
            try:
                held.enter_context(locked(lock, wait_s=0, busy="another run is scoring all customers"))
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
            logger.warning("the scores could not be checked or repaired yet", extra={"reason": reason})
        self._said = reason


def _stages(bundle: Bundle) -> Pipeline:
    return scoring_stages(bundle.churn, bundle.segments, bundle.version)

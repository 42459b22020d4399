"""Everybody's score by the champion, made inside the database: nothing but counts passes through this process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from retention.errors import BadDataError, BundleRefusedError, CannotWriteError, NotEnoughDataError, RetentionError
from retention.registry.bundle import read_bundle, read_signing_key
from retention.registry.files import locked
from retention.registry.versions import Registry
from retention.scoring.pipeline import scores
from retention.store.score_steps import EVERY_REVISION
from trainer.repository import OUTDATED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retention.features.pipelines import Pipeline
    from retention.registry.bundle import Bundle
    from retention.store.score_steps import Tally
    from trainer.repository import Store
    from trainer.settings import Settings

ROUNDS: Final = 10  # a round is as short as the list of those touched in the one before: few are needed, or no end is
CHAMPIONS: Final = 5  # people do not change their mind faster than customers are scored
WAIT_S: Final = 60  # another run's 1,000,000 customers take less


class Scored(NamedTuple):
    """What one run did."""

    version: str
    customers: int
    again: int  # scored a second time, for what came in meanwhile
    forgotten: int
    by_segment: dict[str, int]  # the largest first
    seconds: float

    def lines(self) -> Iterator[str]:
        """Yield what a person is told."""
        yield f"scored       {self.customers:,} customers by {self.version} in {self.seconds:.1f} s"
        if self.again or self.forgotten:
            yield f"meanwhile    {self.again:,} changed and were scored again, {self.forgotten:,} are gone"
        for segment, customers in self.by_segment.items():
            yield f"{customers:>12,} {segment}"


def score_champion(store: Store, settings: Settings) -> Scored:
    """Score everybody by the champion, and again by the next one should it move meanwhile. One scorer at a time.

    Whoever moves the champion calls this. NoChampionError or BundleRefusedError when there is no sound one.
    """
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    registry.champion()  # no lock file where nothing was ever published
    lock = registry.live_dir / "scoring.lock"
    try:
        with locked(lock, wait_s=WAIT_S, busy=f"another run is scoring ({lock} is locked): try again when it is done"):
            return _score_current(store, registry, key)
    except OSError as error:
        raise CannotWriteError(f"cannot write {error.filename}: {error.strerror}: let this user write there") from error


def _score_current(store: Store, registry: Registry, key: bytes) -> Scored:
    for _ in range(CHAMPIONS):
        version = registry.champion()
        try:
            scored = score_everybody(store, read_bundle(registry.folder(version), key))
        except BundleRefusedError:
            if registry.champion() == version:
                raise
            continue  # it moved, and the old version was deleted
        if registry.champion() == version:
            return scored
    raise RetentionError(
        f"the champion moved {CHAMPIONS} times while everybody was scored: run 'python -m trainer score'"
    )


def score_everybody(store: Store, bundle: Bundle) -> Scored:
    """Give every customer its score by `bundle`: all at once, then again whoever was touched meanwhile.

    The scores of before stay until all of the new ones are there, and when this raises: NotEnoughDataError without
    customers, BadDataError when one was derived by another version of the features.
    """
    started = time.perf_counter()
    if not store.has_customers():
        raise NotEnoughDataError("no customers to score: load some data first ('python -m seeder --help')")
    if store.has_outdated_customers():
        raise BadDataError(OUTDATED)
    stages = scores(bundle.churn, bundle.segments, bundle.version)
    store.score(stages)
    tally, again, forgotten = _follow(store, stages)
    seconds = time.perf_counter() - started
    return Scored(bundle.version, tally.customers, again, forgotten, dict(tally.by_segment), seconds)


def _follow(store: Store, stages: Pipeline) -> tuple[Tally, int, int]:
    """Score again until nobody was touched meanwhile, ROUNDS times at most; return how many, and how many were gone.

    In a shop where somebody orders every second there is always one more, who is scored by the next run; the `revision`
    in the score tells a reader that it is behind.
    """
    again = forgotten = 0
    customers, scored = store.tallies()
    for _ in range(ROUNDS):
        if customers.state == scored.state:
            break
        # Numbers only rise: a customer that still has the lowest one was scored with it, unless it is new.
        again += store.score_moved(stages, above=scored.lowest)
        customers, scored = store.tallies()
        if customers.who != scored.who:
            again += store.score_moved(stages, above=EVERY_REVISION)
            forgotten += store.forget_gone()
            customers, scored = store.tallies()
    return scored, again, forgotten

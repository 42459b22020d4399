"""Scores all customers with the champion, inside the database, and reports the result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from retention.errors import BundleRefusedError, CannotWriteError, NotEnoughDataError, RetentionError
from retention.registry.bundle import read_bundle, read_signing_key
from retention.registry.files import locked
from retention.registry.versions import Registry
from retention.scoring.pipeline import scores as scoring_stages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retention.registry.bundle import Bundle
    from retention.store.scores import Scores
    from trainer.repository import Store
    from trainer.settings import Settings

ROUNDS: Final = 10  # each scores only the customers touched during the one before: few are enough
CHAMPIONS: Final = 5  # moves of it during one run: people are slower than the scoring
WAIT_S: Final = 60  # another run scores 1,000,000 customers in less


class Scored(NamedTuple):
    """The result of one run."""

    version: str
    customers: int
    again: int  # scored a second time, because they changed meanwhile
    forgotten: int
    by_segment: dict[str, int]  # the largest first
    seconds: float

    def lines(self) -> Iterator[str]:
        """Yield lines for a person."""
        yield f"scored       {self.customers:,} customers by {self.version} in {self.seconds:.1f} s"
        if self.again or self.forgotten:
            yield f"meanwhile    {self.again:,} changed and were scored again, {self.forgotten:,} are gone"
        for segment, customers in self.by_segment.items():
            yield f"{customers:>12,} {segment}"


def score_champion(store: Store, settings: Settings) -> Scored:
    """Score all customers with the champion, and again if it moves meanwhile. One scorer at a time.

    Every command that moves the champion ends with this. NoChampionError or BundleRefusedError without a sound one.
    """
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    registry.champion()  # makes no lock file where nothing was ever published
    lock = registry.live_dir / "scoring.lock"
    try:
        with locked(lock, wait_s=WAIT_S, busy=f"another run is scoring ({lock} is locked): try again when it is done"):
            return _score_current(store.scores, registry, key)
    except OSError as error:
        raise CannotWriteError(f"cannot write {error.filename}: {error.strerror}: let this user write there") from error


def _score_current(scores: Scores, registry: Registry, key: bytes) -> Scored:
    for _ in range(CHAMPIONS):
        version = registry.champion()
        try:
            scored = score_all(scores, read_bundle(registry.folder(version), key))
        except BundleRefusedError:
            if registry.champion() == version:
                raise
            continue  # the champion moved, and the old version was deleted
        if registry.champion() == version:
            return scored
    raise RetentionError(
        f"the champion moved {CHAMPIONS} times while customers were scored: run 'python -m trainer score'"
    )


def score_all(scores: Scores, bundle: Bundle) -> Scored:
    """Replace all scores by those of `bundle`, then score again the customers who changed meanwhile.

    The old scores stay until all new ones are there, and when this raises: NotEnoughDataError without customers,
    BadDataError when another version derived one of them.
    """
    started = time.perf_counter()
    if not scores.has_customers():
        raise NotEnoughDataError("no customers to score: load some data first ('python -m seeder --help')")
    stages = scoring_stages(bundle.churn, bundle.segments, bundle.version)
    scores.replace(stages)
    tally, again, forgotten = scores.mend(stages, rounds=ROUNDS)
    seconds = time.perf_counter() - started
    return Scored(bundle.version, tally.customers, again, forgotten, dict(tally.by_segment), seconds)

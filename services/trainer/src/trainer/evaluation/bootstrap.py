"""Percentile bootstrap over customers: all metrics of all models on the same 1,000 resamples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from trainer.evaluation.metrics import METRICS, RankedSample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.arrays import Floats, Integers

RESAMPLES: Final = 1_000
LEVEL: Final = 0.95
SEED: Final = 42
BLOCK: Final = 2**14  # counts at a time: intermediate results stay in the processor's cache, twice as fast


class Estimates(NamedTuple):
    """Each metric on the sample and on the resamples that drew both classes."""

    value: dict[str, float]
    resampled: dict[str, Floats]

    def to_json(self) -> dict[str, dict[str, float]]:
        """Return value, low and high of each metric."""
        return {name: _interval(value, self.resampled[name]) for name, value in self.value.items()}

    def minus(self, other: Estimates, metric: str) -> dict[str, float]:
        """Return value, low and high of the paired difference: both on the same customers and resamples."""
        difference = self.value[metric] - other.value[metric]
        return _interval(difference, self.resampled[metric] - other.resampled[metric])


def bootstrap(churned: Integers, score: Floats, names: tuple[str, ...] = METRICS) -> Estimates:
    """Return the metrics of `score`: probabilities, unless `names` are RANKING_METRICS. Both classes are required."""
    sample = RankedSample(churned, score)
    values = sample.metrics(np.ones((1, len(churned)), dtype=np.int64), names)
    blocks = [sample.metrics(counts, names) for counts in _resamples(churned)]
    return Estimates(
        {name: float(value[0]) for name, value in values.items()},
        {name: np.concatenate([block[name] for block in blocks]) for name in names},
    )


def _resamples(churned: Integers) -> Iterator[Integers]:
    """Yield counts (resamples × customers), equal for equal customers, skipping resamples with one class only."""
    random, size = np.random.default_rng(SEED), len(churned)
    rows = max(1, BLOCK // size)
    for start in range(0, RESAMPLES, rows):
        height = min(rows, RESAMPLES - start)
        drawn = random.integers(0, size, (height, size))
        drawn += np.arange(height)[:, None] * size
        counts = np.bincount(drawn.ravel(), minlength=height * size).reshape(height, size)
        churners = counts @ churned
        yield counts[(churners > 0) & (churners < size)]


def _interval(value: float, resampled: Floats) -> dict[str, float]:
    low, high = map(float, np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    # Resampling adds sampling error a second time: a small ECE, mostly sampling error, can fall below its interval.
    return {"value": value, "low": min(low, value), "high": max(high, value)}

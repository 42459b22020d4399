"""When to send, decided before anything is: a Poisson schedule that no slow answer can thin out."""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LATENESS_LIMIT_MS = 5.0  # of our own sending, p99: above it the figures are ours and not the server's
_MIN_SAMPLES_P999 = 10_000


class Summary(NamedTuple):
    """Exact quantiles of one kind of request, in milliseconds from when each was due."""

    name: str
    requests: int
    failures: int
    p50: float
    p90: float
    p99: float
    p999: float | None  # None below 10,000 samples: it would be one request's
    slowest: float

    def __str__(self) -> str:
        p999 = "" if self.p999 is None else f"  p99.9 {self.p999:7.1f}"
        return (
            f"{self.name:12} {self.requests:7,} requests {self.failures:5,} failed  p50 {self.p50:7.1f}"
            f"  p90 {self.p90:7.1f}  p99 {self.p99:7.1f}{p999}  slowest {self.slowest:7.1f} ms"
        )


def schedule(rate_per_s: float, seed: int) -> Iterator[float]:
    """Yield seconds from the start, without end: arrivals that know nothing of each other, fixed by the seed."""
    random, at = Random(seed), 0.0  # noqa: S311 - a schedule, no secret
    while True:
        at += random.expovariate(rate_per_s)
        yield at


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the `ordered` values do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(name: str, milliseconds: Sequence[float], failures: int) -> Summary:
    """Return the summary of at least one request."""
    ordered = sorted(milliseconds)
    p999 = quantile(ordered, 0.999) if len(ordered) >= _MIN_SAMPLES_P999 else None
    p50, p90, p99 = (quantile(ordered, share) for share in (0.5, 0.9, 0.99))
    return Summary(name, len(ordered), failures, p50, p90, p99, p999, ordered[-1])

"""Compares 2 to 9 segments by three quality criteria and the elbow."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from threadpoolctl import threadpool_limits

from trainer.segments.cluster_quality import cluster_quality
from trainer.segments.descriptions import SEGMENTS
from trainer.segments.fit import count_distinct, k_means, standardise, worth_something

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from trainer.arrays import Floats

BEST: Final[dict[str, Callable[..., Any]]] = {"silhouette": max, "davies_bouldin": min, "calinski_harabasz": max}


def compare_cluster_counts(customers: pd.DataFrame) -> dict[str, Any]:
    """Return {"rows", "choices"}: the figures per number of segments, and the best number by each criterion.

    A row is `segments`, the criteria of `cluster_quality` and `inertia`. The number of segments stays below the number
    of distinct customers; NotEnoughDataError with fewer than three of these.
    """
    points, _ = standardise(worth_something(customers), at_least=SEGMENTS[0] + 1)
    distinct = count_distinct(points)
    with threadpool_limits(1):
        fits = [k_means(k).fit(points) for k in SEGMENTS if k < distinct]
        quality = cluster_quality(points, [fit.labels_ for fit in fits])
    rows = [
        {"segments": fit.n_clusters, **criteria, "inertia": float(fit.inertia_)}
        for fit, criteria in zip(fits, quality, strict=True)
    ]
    elbow = rows[knee([row["inertia"] for row in rows])]["segments"]
    return {"rows": rows, "choices": {**{name: _best(rows, name) for name in BEST}, "elbow": elbow}}


def _best(rows: list[dict[str, Any]], name: str) -> int | None:
    known = [(row[name], row["segments"]) for row in rows if row[name] is not None]
    return BEST[name](known, key=itemgetter(0))[1] if known else None


def knee(values: Sequence[float] | Floats) -> int:
    """Return the index of the value farthest from the straight line between the first and the last."""
    line = np.linspace(values[0], values[-1], len(values))
    return int(np.abs(np.asarray(values) - line).argmax())

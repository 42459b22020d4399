"""How many segments? Each number from 2 to 9, by three criteria and the elbow."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from trainer.segments.fit import SEED, distinct, standardise
from trainer.segments.names import SEGMENTS
from trainer.segments.separation import separations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt
    import pandas as pd

BEST: Final[dict[str, Callable[..., Any]]] = {"silhouette": max, "davies_bouldin": min, "calinski_harabasz": max}


def cluster_counts(customers: pd.DataFrame) -> dict[str, Any]:
    """Return {"rows", "choices"}: per number of segments its figures, and the number each criterion would choose.

    A row is `segments, silhouette, davies_bouldin, calinski_harabasz, inertia`, as `trainer.segments.separation` has
    them. There are fewer segments than different customers; NotEnoughDataError below three of these.
    """
    points, _ = standardise(customers, at_least=SEGMENTS[0] + 1)
    different = distinct(points)
    with threadpool_limits(1):
        fits = [KMeans(k, random_state=SEED, n_init=10).fit(points) for k in SEGMENTS if k < different]
        figures = separations(points, [fit.labels_ for fit in fits])
    rows = [
        {"segments": fit.n_clusters, **row, "inertia": float(fit.inertia_)}
        for fit, row in zip(fits, figures, strict=True)
    ]
    elbow = rows[knee([row["inertia"] for row in rows])]["segments"]
    return {"rows": rows, "choices": {**{name: _choice(rows, name) for name in BEST}, "elbow": elbow}}


def _choice(rows: list[dict[str, Any]], name: str) -> int | None:
    known = [(row[name], row["segments"]) for row in rows if row[name] is not None]
    return BEST[name](known, key=itemgetter(0))[1] if known else None


def knee(values: Sequence[float] | npt.NDArray[np.float64]) -> int:
    """Return the index of the value farthest from the straight line between the first and the last."""
    line = np.linspace(values[0], values[-1], len(values))
    return int(np.abs(np.asarray(values) - line).argmax())

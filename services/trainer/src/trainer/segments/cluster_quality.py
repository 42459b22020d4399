"""Cluster quality: silhouette, Davies-Bouldin and Calinski-Harabasz, for many labellings at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, pairwise_distances_chunked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.arrays import Booleans, Floats, Integers

CRITERIA: Final = ("silhouette", "davies_bouldin", "calinski_harabasz")
SILHOUETTE_POINTS: Final = 5_000  # cost is quadratic; at this size the standard error is 0.004
WORKING_MEMORY_MB: Final = 4  # of distances at a time; scikit-learn's default of 1,024 takes 350 MB for k = 2 to 9
SEED: Final = 42


def cluster_quality(points: Floats, labelings: Sequence[Integers]) -> list[dict[str, float | None]]:
    """Return the three CRITERIA of each labelling; all None for fewer than two clusters.

    The silhouette is over all points, or over 5,000 drawn with a fixed seed.
    """
    silhouettes = _silhouettes(points, labelings)
    return [
        {
            "silhouette": silhouette,
            "davies_bouldin": float(davies_bouldin_score(points, labels)),
            "calinski_harabasz": float(calinski_harabasz_score(points, labels)),
        }
        if _has_clusters(labels)
        else dict.fromkeys(CRITERIA)
        for labels, silhouette in zip(labelings, silhouettes, strict=True)
    ]


def _has_clusters(labels: Integers) -> bool:
    return 1 < len(np.unique(labels)) < len(labels)


def _silhouettes(points: Floats, labelings: Sequence[Integers]) -> list[float | None]:
    """Return each labelling's mean silhouette; the distances, nearly all of the work, are computed once for all."""
    if len(points) > SILHOUETTE_POINTS:
        drawn = np.random.default_rng(SEED).choice(len(points), SILHOUETTE_POINTS, replace=False)
        points, labelings = points[drawn], [labels[drawn] for labels in labelings]
    members = [np.equal.outer(labels, np.unique(labels)) for labels in labelings if _has_clusters(labels)]
    if not members:
        return [None] * len(labelings)
    side_by_side = np.hstack(members).astype(float)
    distances = pairwise_distances_chunked(
        points, reduce_func=lambda rows, _: rows @ side_by_side, working_memory=WORKING_MEMORY_MB
    )
    ends = np.cumsum([member.shape[1] for member in members])[:-1]
    sums = np.split(np.vstack([*distances]), ends, axis=1)
    means = iter(map(_mean_silhouette, members, sums))
    return [next(means) if _has_clusters(labels) else None for labels in labelings]


def _mean_silhouette(member: Booleans, sums: Floats) -> float:
    """Return the mean of (b − a) / max(a, b), given (points, clusters) membership and summed distances.

    a is the mean distance within a point's own cluster, b that to the nearest other cluster; a point alone in its
    cluster counts 0.
    """
    sizes = member.sum(axis=0)
    others = sizes[member.argmax(axis=1)] - 1
    a = sums[member] / np.maximum(others, 1)
    b = np.where(member, np.inf, sums / sizes).min(axis=1)
    larger = np.maximum(a, b)
    return float(np.divide(b - a, larger, out=np.zeros_like(a), where=(others > 0) & (larger > 0)).mean())

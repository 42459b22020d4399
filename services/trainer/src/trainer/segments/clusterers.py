"""Compares k-means with five other clustering methods on the same customers."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans, SpectralClustering
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from retention.errors import NotEnoughDataError
from trainer.segments.cluster_counts import knee
from trainer.segments.cluster_quality import cluster_quality
from trainer.segments.descriptions import DEFAULT_SEGMENTS
from trainer.segments.fit import RFM, SEED, standardise, worth_something

if TYPE_CHECKING:
    import pandas as pd

    from trainer.arrays import Floats, Integers

MAX_CUSTOMERS: Final = 2_000  # agglomerative clustering holds all distances: 16 MB; 3 GB for 20,000
MIN_CUSTOMERS: Final = 50
NEIGHBOURS: Final = 2 * len(RFM)  # the rule of DBSCAN's authors
NOISE: Final = -1


def compare_clusterers(customers: pd.DataFrame, segments: int = DEFAULT_SEGMENTS) -> list[dict[str, Any]]:
    """Return a row per method, k-means first, on at most 2,000 customers drawn with a fixed seed.

    A row is `method, clusters, silhouette, davies_bouldin, calinski_harabasz` (without noise; None for fewer than two
    clusters), `noise_share`, `adjusted_rand_index` (against k-means; noise counts as a group of its own) and
    `seconds`, the only value that differs between runs. NotEnoughDataError below 50 customers.
    """
    customers = worth_something(customers)
    if len(customers) < MIN_CUSTOMERS:
        raise NotEnoughDataError(
            f"{len(customers)} customers; comparing clustering methods needs {MIN_CUSTOMERS}: load more history"
        )
    points, _ = standardise(customers, at_least=segments)
    drawn = np.random.default_rng(SEED).permutation(len(points))[:MAX_CUSTOMERS]
    points = points[drawn]
    with threadpool_limits(1):
        fits = {method: _timed_labels(clusterer, points) for method, clusterer in _methods(points, segments).items()}
        kmeans_labels, _ = fits["kmeans"]
        return [
            {"method": method, **_figures(points, labels, kmeans_labels), "seconds": seconds}
            for method, (labels, seconds) in fits.items()
        ]


def _methods(points: Floats, segments: int) -> dict[str, Any]:
    return {
        "kmeans": KMeans(segments, random_state=SEED, n_init=10),
        "agglomerative": AgglomerativeClustering(segments, linkage="ward"),
        "gaussian_mixture": GaussianMixture(segments, random_state=SEED),
        "dbscan": DBSCAN(eps=_neighbourhood_radius(points), min_samples=NEIGHBOURS),
        "hdbscan": HDBSCAN(min_cluster_size=max(NEIGHBOURS, len(points) // 100)),  # below 1% is no segment
        # The neighbour graph instead of the full kernel, which takes 100 MB.
        "spectral": SpectralClustering(segments, affinity="nearest_neighbors", random_state=SEED),
    }


def _neighbourhood_radius(points: Floats) -> float:
    """Return DBSCAN's eps: the knee of the sorted distances to the sixth neighbour."""
    distances, _ = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(points).kneighbors(points)
    farthest = np.sort(distances[:, -1])
    return max(float(farthest[knee(farthest)]), float(np.finfo(float).tiny))  # 0 when most customers are alike


def _timed_labels(clusterer: Any, points: Floats) -> tuple[Integers, float]:  # noqa: ANN401 - scikit-learn's clusterers share no type
    started = time.perf_counter()
    # Warnings of non-convergence or a disconnected graph do not matter here: the figures judge the result.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels: Integers = clusterer.fit_predict(points)
    return labels, time.perf_counter() - started


def _figures(points: Floats, labels: Integers, kmeans_labels: Integers) -> dict[str, Any]:
    clustered = labels != NOISE
    return {
        "clusters": len(np.unique(labels[clustered])),
        **cluster_quality(points[clustered], [labels[clustered]])[0],
        "noise_share": float(1 - clustered.mean()),
        "adjusted_rand_index": float(adjusted_rand_score(kmeans_labels, labels)),
    }

"""KMeans beside five other ways to cluster the same customers: what was found, how well it stands apart, how alike."""

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
from trainer.segments.fit import RFM, SEED, standardise
from trainer.segments.names import DEFAULT_SEGMENTS
from trainer.segments.separation import separations

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Labels = npt.NDArray[np.integer[Any]]

MOST_CUSTOMERS: Final = 2_000  # agglomerative clustering keeps all their distances: 16 MB; of 20,000 it takes 3 GB
FEWEST_CUSTOMERS: Final = 50
NEIGHBOURS: Final = 2 * len(RFM)  # DBSCAN's authors' rule
NOISE: Final = -1


def compare(customers: pd.DataFrame, segments: int = DEFAULT_SEGMENTS) -> list[dict[str, Any]]:
    """Return a row per method, KMeans first, on at most 2,000 customers drawn by a fixed seed.

    A row is `method, clusters, silhouette, davies_bouldin, calinski_harabasz` (of the customers that are not noise;
    None when there are fewer than two clusters), `noise_share`, `adjusted_rand_index` (against KMeans; noise counts as
    one more group) and `seconds`, which alone differs from run to run. NotEnoughDataError below 50 customers.
    """
    if len(customers) < FEWEST_CUSTOMERS:
        raise NotEnoughDataError(f"{len(customers)} customers; clusterers are compared on {FEWEST_CUSTOMERS} or more")
    points, _ = standardise(customers, at_least=segments)
    drawn = np.random.default_rng(SEED).permutation(len(points))[:MOST_CUSTOMERS]
    points = points[drawn]
    with threadpool_limits(1):
        found = {method: _labels(clusterer, points) for method, clusterer in _methods(points, segments).items()}
        by_kmeans, _ = found["kmeans"]
        return [
            {"method": method, **_figures(points, labels, by_kmeans), "seconds": seconds}
            for method, (labels, seconds) in found.items()
        ]


def _methods(points: Floats, segments: int) -> dict[str, Any]:
    return {
        "kmeans": KMeans(segments, random_state=SEED, n_init=10),
        "agglomerative": AgglomerativeClustering(segments, linkage="ward"),
        "gaussian_mixture": GaussianMixture(segments, random_state=SEED),
        "dbscan": DBSCAN(eps=_reach(points), min_samples=NEIGHBOURS),
        "hdbscan": HDBSCAN(min_cluster_size=max(NEIGHBOURS, len(points) // 100)),  # under 1 % is no segment
        # The neighbours' graph and not the full kernel, which takes 100 MB.
        "spectral": SpectralClustering(segments, affinity="nearest_neighbors", random_state=SEED),
    }


def _reach(points: Floats) -> float:
    """Return DBSCAN's eps: the knee of the sorted distances to the sixth neighbour."""
    distances, _ = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(points).kneighbors(points)
    farthest = np.sort(distances[:, -1])
    return max(float(farthest[knee(farthest)]), float(np.finfo(float).tiny))  # 0 when most customers are alike


def _labels(clusterer: Any, points: Floats) -> tuple[Labels, float]:  # noqa: ANN401 - scikit-learn's have no type in common
    started = time.perf_counter()
    # Not converged, or neighbours in several parts: the result is judged by its figures all the same.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels: Labels = clusterer.fit_predict(points)
    return labels, time.perf_counter() - started


def _figures(points: Floats, labels: Labels, by_kmeans: Labels) -> dict[str, Any]:
    kept = labels != NOISE
    return {
        "clusters": len(np.unique(labels[kept])),
        **separations(points[kept], [labels[kept]])[0],
        "noise_share": float(1 - kept.mean()),
        "adjusted_rand_index": float(adjusted_rand_score(by_kmeans, labels)),
    }

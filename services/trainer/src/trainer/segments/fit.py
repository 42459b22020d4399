"""Fits the segments: k-means on log RFM, each cluster named after the nearest description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from retention.errors import NotEnoughDataError
from retention.scoring.segments import NET, Segment, SegmentModel
from trainer.segments.descriptions import DIMENSIONS, Description, read_descriptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    import pandas as pd

    from trainer.arrays import Floats

RFM: Final = ("Recency", "Frequency", NET)
SEED: Final = 42


class FittedSegments(NamedTuple):
    """A scikit-learn pipeline and the equal model in numbers, with the same cluster ids."""

    pipeline: Pipeline
    model: SegmentModel
    descriptions: tuple[Description, ...]  # of cluster 0, 1, …

    @property
    def names(self) -> list[str]:
        """The names, by cluster id."""
        return [description.segment for description in self.descriptions]

    def standardised(self, customers: pd.DataFrame) -> Floats:
        """Return (customers, 3): log RFM in standard deviations, the space of the centroids."""
        points: Floats = self.pipeline[:-1].transform(rfm(customers))
        return points

    def clusters(self, customers: pd.DataFrame) -> npt.NDArray[np.int32]:
        """Return each customer's cluster id."""
        clusters: npt.NDArray[np.int32] = self.pipeline.predict(rfm(customers))
        return clusters


def fit_segments(customers: pd.DataFrame, descriptions: Sequence[Description] | None = None) -> FittedSegments:
    """Fit one cluster per description (by default the first four) to the customers as of the clock.

    NotEnoughDataError with fewer distinct customers than clusters. The same bytes on any number of threads.
    """
    descriptions = tuple(descriptions or read_descriptions())
    points, scaling = standardise(worth_something(customers), at_least=len(descriptions))
    with threadpool_limits(1):  # threads sum in order of completion; one is also faster for 4,338 customers
        kmeans = k_means(len(descriptions)).fit(points)
    _order_clusters(kmeans, np.array([description.like for description in descriptions]))
    scaler = scaling[-1]
    segments = tuple(
        Segment(cluster, text.segment, text.action, text.offer, _triple(centroid))
        for cluster, (text, centroid) in enumerate(zip(descriptions, kmeans.cluster_centers_, strict=True))
    )
    model = SegmentModel(_triple(scaler.mean_), _triple(scaler.scale_), segments, NET)
    return FittedSegments(make_pipeline(*(step for _, step in scaling.steps), kmeans), model, descriptions)


def k_means(segments: int) -> KMeans:
    """Return the algorithm with enough restarts: of 8 segments and more, ten may all miss the best split by 0.1 %."""
    return KMeans(segments, random_state=SEED, n_init=10 if segments < 8 else 30)  # noqa: PLR2004 - found by trying


def worth_something(customers: pd.DataFrame) -> pd.DataFrame:
    """Return the customers to fit to: those who did not give everything back.

    The logarithm of nothing is far from any other: 21 of Online Retail's 4,338 customers would bend the scale for all,
    and with 7 segments have one for themselves. They belong to the segment that is nearest.
    """
    return customers[customers[NET] > 0]


def standardise(customers: pd.DataFrame, *, at_least: int) -> tuple[Floats, Pipeline]:
    """Return log RFM in standard deviations, and its pipeline; NotEnoughDataError below `at_least` distinct points."""
    scaling = make_pipeline(FunctionTransformer(np.log1p), StandardScaler())
    points: Floats = scaling.fit_transform(rfm(customers)) if len(customers) else np.empty((0, len(RFM)))
    distinct = count_distinct(points)
    if distinct < at_least:
        raise NotEnoughDataError(
            f"{len(customers)} customers, {distinct} of them distinct in recency, frequency or money; at least "
            f"{at_least} distinct ones are needed for {at_least} segments: load more history or ask for fewer segments"
        )
    return points, scaling


def count_distinct(points: Floats) -> int:
    """Return the number of distinct points; k-means cannot separate differences below 1e-9."""
    return len(np.unique(points.round(9), axis=0))


def rfm(customers: pd.DataFrame) -> Floats:
    """Return (customers, 3): days, orders, net money, 0 where more was returned than ordered."""
    figures: Floats = customers[list(RFM)].to_numpy(dtype=float).clip(min=0)
    return figures


def naming_warnings(fitted: FittedSegments) -> list[str]:
    """Return a warning for each dimension in which a centroid contradicts its name; empty when all names fit.

    A name is wrong when the centroid falls one standard deviation short of its description, or half of one and is on
    the other side of the average customer.
    """
    return [
        f"{segment.segment}: {dimension} is {place:+.1f} standard deviations from the average customer, but the "
        f"name implies {claim:+.1f}: its action and offer may not suit; try another number of segments, or other names"
        for segment, description in zip(fitted.model.segments, fitted.descriptions, strict=True)
        for dimension, place, claim in _misfits(segment.centroid, description.like)
    ]


def _misfits(centroid: tuple[float, ...], like: tuple[float, ...]) -> Iterator[tuple[str, float, float]]:
    for dimension, place, claim in zip(DIMENSIONS, centroid, like, strict=True):
        shortfall = (claim - place) * np.sign(claim)
        if shortfall > (0.5 if place * claim < 0 else 1.0):
            yield dimension, place, claim


def _order_clusters(kmeans: KMeans, archetypes: Floats) -> None:
    """Renumber the clusters by archetype, at the least total distance: k-means numbers them differently in each fit."""
    _, order = linear_sum_assignment(cdist(archetypes, kmeans.cluster_centers_))
    kmeans.cluster_centers_ = np.ascontiguousarray(kmeans.cluster_centers_[order])
    kmeans.labels_ = np.argsort(order).astype(kmeans.labels_.dtype)[kmeans.labels_]


def _triple(values: Floats) -> tuple[float, float, float]:
    recency, frequency, money = map(float, values)
    return recency, frequency, money

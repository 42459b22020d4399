"""The segments: KMeans on log RFM, each cluster named for what its centroid is."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import yaml
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from retention.segments import Segment, SegmentModel

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

RFM: Final = ("Recency", "Frequency", "Monetary")
SEED: Final = 42


class FittedSegments(NamedTuple):
    """A scikit-learn pipeline and the same thing as numbers; cluster ids are the same in both."""

    pipeline: Pipeline
    model: SegmentModel


def fit_segments(customers: pd.DataFrame) -> FittedSegments:
    """Fit as many clusters as `segments.yaml` names, to the customers as of the clock."""
    descriptions = _descriptions()
    kmeans = KMeans(len(descriptions), random_state=SEED, n_init=10)
    pipeline = make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), kmeans)
    pipeline.fit(customers[list(RFM)].to_numpy())
    _order_clusters(kmeans, _archetypes(descriptions))
    scaler = pipeline[1]
    segments = tuple(
        Segment(cluster, text["segment"], text["action"], text["offer"], _triple(centroid))
        for cluster, (text, centroid) in enumerate(zip(descriptions, kmeans.cluster_centers_, strict=True))
    )
    return FittedSegments(pipeline, SegmentModel(_triple(scaler.mean_), _triple(scaler.scale_), segments))


def _descriptions() -> list[dict[str, Any]]:
    descriptions: list[dict[str, Any]] = yaml.safe_load(files("trainer").joinpath("segments.yaml").read_text("utf-8"))
    return descriptions


def _archetypes(descriptions: list[dict[str, Any]]) -> npt.NDArray[np.float64]:
    return np.array([[text["like"][name.lower()] for name in RFM] for text in descriptions])


def _order_clusters(kmeans: KMeans, archetypes: npt.NDArray[np.float64]) -> None:
    """Give cluster i to archetype i with the least total distance: the ids k-means deals out change with each fit."""
    _, order = linear_sum_assignment(cdist(archetypes, kmeans.cluster_centers_))
    kmeans.cluster_centers_ = np.ascontiguousarray(kmeans.cluster_centers_[order])
    kmeans.labels_ = np.argsort(order).astype(kmeans.labels_.dtype)[kmeans.labels_]


def _triple(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    recency, frequency, monetary = map(float, values)
    return recency, frequency, monetary

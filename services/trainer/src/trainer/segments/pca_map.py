"""The segment map: customers on the two principal components of log RFM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from trainer.segments.fit import RFM

if TYPE_CHECKING:
    import pandas as pd

    from trainer.arrays import Floats
    from trainer.segments.fit import FittedSegments

AXES: Final = 2


class SegmentMap(NamedTuple):
    """PCA coordinates: `points` (customers, 2) and `centroids` (segments, 2), in standard deviations of log RFM."""

    points: Floats
    centroids: Floats
    explained_variance: Floats  # (2,), shares of the total
    loadings: Floats  # (2, 3): weights of recency, frequency and monetary in each axis

    def to_json(self) -> dict[str, Any]:
        """Return the explanation of the axes; the points are for the plot alone."""
        return {
            "explained_variance": self.explained_variance.tolist(),
            "loadings": [dict(zip(RFM, axis, strict=True)) for axis in self.loadings.tolist()],
        }


def segment_map(customers: pd.DataFrame, fitted: FittedSegments) -> SegmentMap:
    """Return the map; the largest loading of each axis is positive, so that a refit does not mirror it."""
    points = fitted.standardised(customers)
    with threadpool_limits(1):
        pca = PCA(AXES, svd_solver="full").fit(points)
    largest = np.abs(pca.components_).argmax(axis=1)
    sign = np.sign(pca.components_[range(AXES), largest])
    loadings = pca.components_ * sign[:, None]
    centroids = np.array([segment.centroid for segment in fitted.model.segments])
    return SegmentMap(
        points=(points - pca.mean_) @ loadings.T,
        centroids=(centroids - pca.mean_) @ loadings.T,
        explained_variance=pca.explained_variance_ratio_,
        loadings=loadings,
    )

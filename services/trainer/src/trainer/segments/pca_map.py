"""The customers on a flat map: the two directions in which their log RFM differs most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from trainer.segments.fit import RFM

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from trainer.segments.fit import FittedSegments

    Floats = npt.NDArray[np.float64]

AXES: Final = 2


class SegmentMap(NamedTuple):
    """PCA coordinates: `points` (customers, 2) and `centroids` (segments, 2), in standard deviations of log RFM."""

    points: Floats
    centroids: Floats
    explained_variance: Floats  # (2,), shares of the whole
    loadings: Floats  # (2, 3): what recency, frequency and monetary weigh in each axis

    def to_json(self) -> dict[str, Any]:
        """Return what explains the axes; the points are for the picture alone."""
        return {
            "explained_variance": self.explained_variance.tolist(),
            "loadings": [dict(zip(RFM, axis, strict=True)) for axis in self.loadings.tolist()],
        }


def pca_coordinates(customers: pd.DataFrame, fitted: FittedSegments) -> SegmentMap:
    """Return the map; each axis points where its greatest loading is positive, so that a refit does not mirror it."""
    points = fitted.standardised(customers)
    with threadpool_limits(1):
        pca = PCA(AXES, svd_solver="full").fit(points)
    greatest = np.abs(pca.components_).argmax(axis=1)
    sign = np.sign(pca.components_[range(AXES), greatest])
    loadings = pca.components_ * sign[:, None]
    centroids = np.array([segment.centroid for segment in fitted.model.segments])
    return SegmentMap(
        points=(points - pca.mean_) @ loadings.T,
        centroids=(centroids - pca.mean_) @ loadings.T,
        explained_variance=pca.explained_variance_ratio_,
        loadings=loadings,
    )

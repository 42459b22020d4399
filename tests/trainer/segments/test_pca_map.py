"""The segment map."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from segment_samples import USUAL, crowd

from trainer.segments.fit import RFM, fit_segments
from trainer.segments.pca_map import segment_map

if TYPE_CHECKING:
    import pandas as pd


def test_the_map_keeps_the_stated_variance(usual: pd.DataFrame) -> None:
    fitted = fit_segments(usual)
    flat = segment_map(usual, fitted)
    assert flat.points.shape == (len(usual), 2)
    assert flat.points.var(axis=0) / 3 == pytest.approx(flat.explained_variance)  # three columns of variance 1
    clusters = fitted.clusters(usual)
    means = [flat.points[clusters == cluster].mean(axis=0) for cluster in range(4)]
    assert flat.centroids == pytest.approx(np.array(means), abs=1e-6)
    assert flat.loadings @ flat.loadings.T == pytest.approx(np.eye(2), abs=1e-12)
    assert list(flat.to_json()["loadings"][0]) == list(RFM)
    assert json.dumps(flat.to_json())


@pytest.mark.parametrize("seed", range(5))
def test_other_data_does_not_mirror_the_map(seed: int) -> None:
    customers = crowd(*USUAL, seed=seed)
    flat = segment_map(customers, fit_segments(customers))
    loyal, at_risk, _, _ = flat.centroids
    assert loyal[0] > 0 > at_risk[0]
    assert all(max(axis, key=abs) > 0 for axis in flat.loadings)

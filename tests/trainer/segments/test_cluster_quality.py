"""Cluster quality: equal to scikit-learn's, and null without clusters."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from trainer.segments.cluster_quality import CRITERIA, cluster_quality


@pytest.mark.parametrize("seed", range(20))
def test_the_silhouette_is_scikit_learns(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = random.integers(0, 4, (60, 3)).astype(float)  # with duplicates
    labelings = [random.integers(0, clusters, 60) for clusters in (2, 3, 8)]
    labelings.append(np.r_[0, np.ones(59, dtype=int)])  # one point alone
    for labels, found in zip(labelings, cluster_quality(points, labelings), strict=True):
        assert found["silhouette"] == pytest.approx(silhouette_score(points, labels), abs=1e-12)


def test_the_silhouette_of_more_than_5000_points_is_that_of_5000_drawn() -> None:
    random = np.random.default_rng(3)
    points, labels = random.normal(size=(5_500, 3)), random.integers(0, 3, 5_500)
    drawn = np.random.default_rng(42).choice(5_500, 5_000, replace=False)
    (found,) = cluster_quality(points, [labels])
    assert found["silhouette"] == pytest.approx(silhouette_score(points[drawn], labels[drawn]), abs=1e-12)


def test_fewer_than_two_clusters_have_no_figures() -> None:
    points = np.arange(12.0).reshape(4, 3)
    nothing = dict.fromkeys(CRITERIA)
    two = np.array([0, 0, 1, 1])
    found = cluster_quality(points, [np.zeros(4, dtype=int), two, np.arange(4)])
    assert [found[0], found[2]] == [nothing, nothing]
    assert found[1] == cluster_quality(points, [two])[0]
    assert cluster_quality(np.empty((0, 3)), [np.empty(0, dtype=int)]) == [nothing]

"""Tests whether segments predict churn beyond the formula, on a later cut-off; reported, never used by the formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from trainer.churn.model_selection import log_losses, time_splits
from trainer.segments.fit import SEED, standardise

if TYPE_CHECKING:
    from trainer.churn.model_selection import ModelSelection
    from trainer.windows import Examples


def predictive_gain(
    examples: Examples, selection: ModelSelection, horizon_days: int, segments: int
) -> dict[str, Any] | None:
    """Return by how much distances to the centroids lower the log-loss on a later cut-off, with standard error.

    Uses the latest split alone, with centroids from its earlier rows; None without a split. The formula leaves the
    distances out: they derive from recency, frequency and money, which it has.
    """
    splits = time_splits(examples, horizon_days)
    if not splits:
        return None
    X, y = examples.features[list(selection.features)].to_numpy(), examples.churned.to_numpy()
    points, _ = standardise(examples.features, at_least=segments)
    with threadpool_limits(1):
        kmeans = KMeans(segments, random_state=SEED, n_init=1).fit(points[splits[0].earlier])
        distances = kmeans.transform(points)
    without = log_losses(X, y, splits[0], selection.regularisation)
    with_distances = log_losses(np.column_stack([X, distances]), y, splits[0], selection.regularisation)
    gain = without - with_distances
    return {
        "log_loss": float(without.mean()),
        "log_loss_gain": float(gain.mean()),
        "standard_error": float(gain.std() / np.sqrt(len(gain))),
        "kept": False,
    }

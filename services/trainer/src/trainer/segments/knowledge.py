"""Does the segment know something about churn that the formula does not? Tried forward in time, and reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from trainer.churn.choose import log_losses, time_splits
from trainer.segments.fit import SEED, standardise

if TYPE_CHECKING:
    from trainer.churn.choose import Choice
    from trainer.windows import Examples


def segment_gain(examples: Examples, choice: Choice, horizon_days: int, segments: int) -> dict[str, Any] | None:
    """Return by how much the distances to the centroids lower the log-loss on a later cut-off, with standard error.

    The latest split alone, centroids from its earlier rows; None while there is no split. The formula does not take
    the distances in: they are made of recency, frequency and monetary, which it has.
    """
    splits = time_splits(examples, horizon_days)
    if not splits:
        return None
    X, y = examples.features[list(choice.features)].to_numpy(), examples.churned.to_numpy()
    points, _ = standardise(examples.features, at_least=segments)
    with threadpool_limits(1):
        kmeans = KMeans(segments, random_state=SEED, n_init=1).fit(points[splits[0].earlier])
        distances = kmeans.transform(points)
    without = log_losses(X, y, splits[0], choice.regularisation)
    knowing = log_losses(np.column_stack([X, distances]), y, splits[0], choice.regularisation)
    gain = without - knowing
    return {
        "log_loss": float(without.mean()),
        "log_loss_gain": float(gain.mean()),
        "standard_error": float(gain.std() / np.sqrt(len(gain))),
        "kept": False,
    }

"""Stability of the names: the share of customers that keep their segment name over bootstrap refits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from retention.errors import NotEnoughDataError
from trainer.segments.fit import SEED, fit_segments

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from trainer.arrays import Booleans
    from trainer.segments.fit import FittedSegments


def name_stability(
    customers: pd.DataFrame, fitted: FittedSegments, refits: int = 50, seed: int = SEED
) -> dict[str, Any]:
    """Return {"refits", "same_name", "same_name_by_segment"}: shares of (customer, refit) pairs.

    Each refit starts afresh on as many customers drawn with replacement, then names all the original customers.
    Starting from the fitted centroids would cost a tenth but overstate: 0.978 instead of 0.960 on Online Retail.
    """
    clusters = fitted.clusters(customers)
    same = np.mean([_same_name(customers, fitted, clusters, (seed, refit)) for refit in range(refits)], axis=0)
    by_segment = {name: same[clusters == cluster] for cluster, name in enumerate(fitted.names)}
    return {
        "refits": refits,
        "same_name": float(same.mean()),
        "same_name_by_segment": {name: float(shares.mean()) for name, shares in by_segment.items() if len(shares)},
    }


def _same_name(
    customers: pd.DataFrame, fitted: FittedSegments, clusters: npt.NDArray[np.int32], seed: tuple[int, int]
) -> Booleans:
    drawn = np.random.default_rng(seed).integers(0, len(customers), len(customers))
    try:
        refit = fit_segments(customers.iloc[drawn], fitted.descriptions)
    except NotEnoughDataError:  # too few distinct customers were drawn: nobody keeps a name
        return np.zeros(len(customers), dtype=bool)
    same: Booleans = refit.clusters(customers) == clusters
    return same

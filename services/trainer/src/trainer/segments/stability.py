"""Would the same customers be called the same, had the shop met a few others? Bootstrap refits of the segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from retention.errors import NotEnoughDataError
from trainer.segments.fit import SEED, fit_segments

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from trainer.segments.fit import FittedSegments


def stability(customers: pd.DataFrame, fitted: FittedSegments, refits: int = 50, seed: int = SEED) -> dict[str, Any]:
    """Return {"refits", "same_name", "same_name_by_segment"}: shares of (customer, refit) pairs.

    Each refit is a full one, to as many customers drawn with replacement; it then names all the original customers.
    Starting it from the fitted centroids would cost a tenth and flatter: 0.978 instead of 0.960 on Online Retail.
    """
    now = fitted.clusters(customers)
    same = np.mean([_named_again(customers, fitted, now, (seed, refit)) for refit in range(refits)], axis=0)
    by_segment = {name: same[now == cluster] for cluster, name in enumerate(fitted.names)}
    return {
        "refits": refits,
        "same_name": float(same.mean()),
        "same_name_by_segment": {name: float(shares.mean()) for name, shares in by_segment.items() if len(shares)},
    }


def _named_again(
    customers: pd.DataFrame, fitted: FittedSegments, now: npt.NDArray[np.int32], seed: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    drawn = np.random.default_rng(seed).integers(0, len(customers), len(customers))
    try:
        refit = fit_segments(customers.iloc[drawn], fitted.descriptions)
    except NotEnoughDataError:  # so few different customers were drawn that it names nobody
        return np.zeros(len(customers), dtype=bool)
    named: npt.NDArray[np.bool_] = refit.clusters(customers) == now
    return named

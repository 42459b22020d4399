"""Invented customers with known segments."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trainer.segments.fit import RFM

FOUR = ["Loyal High-Value", "Churn Risk", "Occasional Buyers", "Potential Loyalists"]


def shop(rows: object) -> pd.DataFrame:
    return pd.DataFrame(np.array(rows, dtype=float), columns=list(RFM))


def crowd(*groups: tuple[int, float, float, float], seed: int = 1) -> pd.DataFrame:
    """Customers around each (number, recency, frequency, monetary), spread by about a third."""
    random = np.random.default_rng(seed)
    days_orders_money = [
        np.outer(np.ones(size), centre) * np.exp(random.normal(0, 0.3, (size, 3))) for size, *centre in groups
    ]
    rows = np.vstack(days_orders_money)
    rows[:, :2] = rows[:, :2].round()
    rows[:, 1] = np.maximum(rows[:, 1], 1)
    return shop(rows)


# One group per default name, far enough apart to be unambiguous.
USUAL = ((60, 8, 30, 9_000), (150, 300, 1, 150), (120, 80, 6, 1_800), (70, 9, 2, 300))

"""Which instants the model learns from and which one it is judged at. Labels look forward; no label is looked at twice.

data start ──── training cut-offs ────┤ horizon │ test as_of │ horizon │ clock
their labels end here
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from retention.clock import rfc3339
from retention.errors import NotEnoughDataError

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt

    from trainer.repository import Store

MAX_CUT_OFFS: Final = 40  # the newest 600 days: every month in one year and half of them in two; memory is bounded
STEP_DAYS: Final = 15  # closer cut-offs show mostly the same customers again: 7 days gain nothing, 30 lose little


class Windows(NamedTuple):
    """The test instant, whose horizon ends at the clock, and the training cut-offs, whose horizons end by it."""

    test: datetime
    training: tuple[datetime, ...]  # newest first
    horizon_days: int

    def to_json(self) -> dict[str, Any]:
        """Return the windows as they stand in the manifest."""
        return {
            "training_as_of": [rfc3339(as_of) for as_of in self.training],
            "test_as_of": rfc3339(self.test),
            "horizon_days": self.horizon_days,
        }


class Examples(NamedTuple):
    """Customers as of some instants, and what became of them. Rows of the four are the same."""

    features: pd.DataFrame  # (rows, features), float
    churned: pd.Series[int]  # 1 when no order fell in [as_of, as_of + horizon)
    customer_ids: pd.Index[int]  # the same customer stands in several cut-offs
    as_of: npt.NDArray[np.datetime64]  # days

    def where(self, rows: npt.NDArray[np.bool_]) -> Examples:
        """Return these rows."""
        return Examples(self.features[rows], self.churned[rows], self.customer_ids[rows], self.as_of[rows])


def choose_windows(first_order_day: datetime, clock: datetime, horizon_days: int) -> Windows:
    """Return the windows; NotEnoughDataError when no training cut-off has a horizon of history and one of labels."""
    horizon = timedelta(days=horizon_days)
    test = clock - horizon
    newest, oldest = test - horizon, first_order_day + horizon
    if newest < oldest:
        raise NotEnoughDataError(
            f"{(clock - first_order_day).days} days of orders; {3 * horizon_days} are needed: one horizon of "
            f"{horizon_days} days each to look back, to learn from and to be tested on. Load more history, or train "
            "with a shorter --horizon-days"
        )
    count = min(MAX_CUT_OFFS, (newest - oldest) // timedelta(days=STEP_DAYS) + 1)
    return Windows(test, tuple(newest - timedelta(days=STEP_DAYS * step) for step in range(count)), horizon_days)


def examples_at(store: Store, as_of: datetime, horizon_days: int) -> Examples:
    """Return everybody with an order before `as_of`, and whether they churned after it."""
    features = store.customers(as_of)
    buyers = store.buyers(as_of, as_of + timedelta(days=horizon_days))
    churned = pd.Series((~features.index.isin(sorted(buyers))).astype(int), index=features.index, name="churned")
    day = np.datetime64(as_of.replace(tzinfo=None), "D")
    return Examples(features, churned, features.index, np.full(len(features), day))


def training_examples(store: Store, windows: Windows) -> Examples:
    """Return the examples of all training cut-offs, one below the other, newest first."""
    parts = [examples_at(store, as_of, windows.horizon_days) for as_of in windows.training]
    features = pd.concat([part.features for part in parts])
    churned = pd.concat([part.churned for part in parts])
    return Examples(features, churned, features.index, np.concatenate([part.as_of for part in parts]))

"""The training cut-offs and the test instant, and the labelled customers at each. No label is used twice.

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

    from trainer.arrays import Booleans, Days
    from trainer.repository import Store

MAX_CUT_OFFS: Final = 40  # the last 600 days: every month once, half of them twice; bounds memory
STEP_DAYS: Final = 15  # closer cut-offs mostly repeat the same customers: 7 days gain nothing, 30 lose little


class Windows(NamedTuple):
    """The test instant, one horizon before the clock, and the training cut-offs, whose labels end by that instant."""

    first_order_day: datetime
    clock: datetime
    test: datetime
    training: tuple[datetime, ...]  # newest first
    horizon_days: int

    @property
    def history_horizons(self) -> float:
        """Length of the history in horizons; training needs at least three."""
        return (self.clock - self.first_order_day) / timedelta(days=self.horizon_days)

    @property
    def history_days(self) -> int:
        """Days from the first order to the clock."""
        return (self.clock - self.first_order_day).days

    def to_json(self) -> dict[str, Any]:
        """Return the windows for the manifest."""
        return {
            "training_as_of": [rfc3339(as_of) for as_of in self.training],
            "test_as_of": rfc3339(self.test),
            "horizon_days": self.horizon_days,
        }


class Examples(NamedTuple):
    """Customers as of one or more cut-offs, with their outcomes. The four share their rows."""

    features: pd.DataFrame  # (rows, features), float
    churned: pd.Series[int]  # 1 when no order fell in [as_of, as_of + horizon)
    customer_ids: pd.Index[int]  # one customer appears at several cut-offs
    as_of: Days

    def where(self, rows: Booleans) -> Examples:
        """Return the selected rows."""
        return Examples(self.features[rows], self.churned[rows], self.customer_ids[rows], self.as_of[rows])


def choose_windows(first_order_day: datetime, clock: datetime, horizon_days: int) -> Windows:
    """Return the windows; NotEnoughDataError unless the history spans three horizons."""
    horizon = timedelta(days=horizon_days)
    test = clock - horizon
    newest, oldest = test - horizon, first_order_day + horizon
    if newest < oldest:
        raise NotEnoughDataError(
            f"only {(clock - first_order_day).days} days of orders; {3 * horizon_days} are needed: one horizon of "
            f"{horizon_days} days each for features, training labels and testing. Load more history, or train with a "
            "shorter --horizon-days"
        )
    count = min(MAX_CUT_OFFS, (newest - oldest) // timedelta(days=STEP_DAYS) + 1)
    cut_offs = tuple(newest - timedelta(days=STEP_DAYS * step) for step in range(count))
    return Windows(first_order_day, clock, test, cut_offs, horizon_days)


def examples_at(store: Store, as_of: datetime, horizon_days: int) -> Examples:
    """Return every customer with an order before `as_of`, and whether each churned after it."""
    features = store.customers(as_of)
    buyers = store.buyers(as_of, as_of + timedelta(days=horizon_days))
    churned = pd.Series((~features.index.isin(sorted(buyers))).astype(int), index=features.index, name="churned")
    day = np.datetime64(as_of.replace(tzinfo=None), "D")
    return Examples(features, churned, features.index, np.full(len(features), day))


def training_examples(store: Store, windows: Windows) -> Examples:
    """Return the examples of all training cut-offs in one table, newest first."""
    parts = [examples_at(store, as_of, windows.horizon_days) for as_of in windows.training]
    features = pd.concat([part.features for part in parts])
    churned = pd.concat([part.churned for part in parts])
    return Examples(features, churned, features.index, np.concatenate([part.as_of for part in parts]))

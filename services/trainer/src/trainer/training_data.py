"""Everything one run reads from the database, checked for readiness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from trainer.readiness import check_readiness
from trainer.windows import examples_at, training_examples

if TYPE_CHECKING:
    import pandas as pd

    from trainer.repository import Store
    from trainer.windows import Examples, Windows


class TrainingData(NamedTuple):
    """The windows, their examples, the customers as of the clock, and the readiness report."""

    windows: Windows
    training: Examples
    test: Examples
    customers: pd.DataFrame
    readiness: list[dict[str, Any]]


def load_training_data(store: Store, windows: Windows) -> TrainingData:
    """Read the examples and the customers; NotEnoughDataError when a readiness check fails."""
    training = training_examples(store, windows)
    test = examples_at(store, windows.test, windows.horizon_days)
    readiness = check_readiness(
        training,
        test,
        history_horizons=windows.history_horizons,
        order_days=store.order_days(windows.test, windows.clock),
    )
    return TrainingData(windows, training, test, store.customers(windows.clock), readiness)

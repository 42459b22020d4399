"""Checks that the data is enough to train on, before anything is fitted; each failed check gives advice."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from retention.errors import NotEnoughDataError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    import pandas as pd

    from trainer.windows import Examples

Severity: TypeAlias = Literal["ok", "warning", "error"]

MIN_CUSTOMERS: Final = 100  # fewer make the 95% interval of the AUC wider than ±0.1
MIN_OF_EACH_CLASS: Final = 20
FULL_HISTORY_HORIZONS: Final = 5  # with fewer, all training cut-offs fall in one season: the grade is capped
MIN_REPEAT_CUSTOMERS: Final = 100  # the formula is learned from customers with two or more orders
MAX_DAYS_WITHOUT_ORDERS: Final = 14
MAX_RATE_SHIFT: Final = 0.10


class ReadinessCheck(NamedTuple):
    """One requirement on the data, the figure found, and advice unless it is met."""

    check: str
    severity: Severity
    figure: str
    advice: str = ""


def check_readiness(
    training: Examples, test: Examples, *, history_horizons: float, order_days: Collection[datetime] | None = None
) -> list[dict[str, Any]]:
    """Return the readiness report for the manifest; NotEnoughDataError lists every failed check with its advice.

    `history_horizons` is the length of the history; `order_days` are the days with orders in the test window, if known.
    """
    report = [
        *_customers(training, "training windows"),
        *_customers(test, "test window"),
        _history(history_horizons),
        *_repeat_customers(training),
        _churn_rate_shift(training, test),
        *([] if order_days is None else [_longest_gap(order_days)]),
    ]
    errors = [check for check in report if check.severity == "error"]
    if errors:
        problems = "; ".join(f"{check.check}: {check.figure}: {check.advice}" for check in errors)
        raise NotEnoughDataError(f"{problems}. The champion is unchanged")
    return [check._asdict() for check in report]


def _customers(examples: Examples, window: str) -> Iterator[ReadinessCheck]:
    customers = examples.customer_ids.nunique()
    yield _check(
        f"customers in the {window}",
        f"{customers:,} customers",
        None if customers >= MIN_CUSTOMERS else "error",
        f"at least {MIN_CUSTOMERS} are needed: load more history",
    )
    yield _both_outcomes(examples.customer_ids, examples.churned, f"in the {window}")


def _both_outcomes(customer_ids: pd.Index[int], churned: pd.Series[int], where: str) -> ReadinessCheck:
    left, stayed = (customer_ids[churned == label].nunique() for label in (1, 0))
    return _check(
        f"both outcomes {where}",
        f"{left:,} left and {stayed:,} stayed",
        None if min(left, stayed) >= MIN_OF_EACH_CLASS else "error",
        f"at least {MIN_OF_EACH_CLASS} of each are needed: load more history, or train with "
        f"a {'longer' if left > stayed else 'shorter'} --horizon-days",
    )


def _history(horizons: float) -> ReadinessCheck:
    return _check(
        "length of the history",
        f"{horizons:.1f} horizons",
        None if horizons >= FULL_HISTORY_HORIZONS else "warning",
        f"with fewer than {FULL_HISTORY_HORIZONS} a season looks like a trend, and the grade is at most C: "
        "load more history",
    )


def _repeat_customers(training: Examples) -> Iterator[ReadinessCheck]:
    is_repeat = (training.features["Frequency"] > 1).to_numpy()
    customer_ids = training.customer_ids[is_repeat]
    customers = customer_ids.nunique()
    yield _check(
        "customers with two or more orders",
        f"{customers:,} customers",
        None if customers >= MIN_REPEAT_CUSTOMERS else "warning",
        f"with fewer than {MIN_REPEAT_CUSTOMERS} the formula is uncertain: load more history",
    )
    yield _both_outcomes(customer_ids, training.churned[is_repeat], "among customers with two or more orders")


def _churn_rate_shift(training: Examples, test: Examples) -> ReadinessCheck:
    trained, tested = float(training.churned.mean()), float(test.churned.mean())
    return _check(
        "churn rate, training against test",
        f"{trained:.0%} in the training windows, {tested:.0%} in the test window",
        None if abs(trained - tested) <= MAX_RATE_SHIFT else "warning",
        "the probabilities will be off by season: two years of history would correct them",
    )


def _longest_gap(order_days: Collection[datetime]) -> ReadinessCheck:
    longest = max((later - earlier for earlier, later in pairwise(sorted(order_days))), default=timedelta())
    return _check(
        "longest gap without orders in the test window",
        f"{longest.days} days",
        None if longest.days <= MAX_DAYS_WITHOUT_ORDERS else "warning",
        "a file may be missing: while no orders are loaded, every customer looks lost",
    )


def _check(check: str, figure: str, severity: Severity | None, advice: str) -> ReadinessCheck:
    return ReadinessCheck(check, severity, figure, advice) if severity else ReadinessCheck(check, "ok", figure)

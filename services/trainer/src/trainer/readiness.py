"""Is there enough to learn from? Asked before anything is fitted; the answer is for the person who loads the data."""

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

MIN_CUSTOMERS: Final = 100  # below, the 95 % interval of the AUC is wider than ±0.1
MIN_OF_EACH_CLASS: Final = 20
FULL_HISTORY_HORIZONS: Final = 5  # below, every training cut-off is of the same season: the grade is capped
MIN_REPEAT_CUSTOMERS: Final = 100  # the formula is learned from customers with two orders or more
MAX_SILENT_DAYS: Final = 14
MAX_RATE_SHIFT: Final = 0.10


class Check(NamedTuple):
    """One demand on the data: the figure found, and what to do about it where it is not met."""

    check: str
    severity: Severity
    figure: str
    advice: str = ""


def history_horizons(first_order_day: datetime, clock: datetime, horizon_days: int) -> float:
    """Return how many horizons the history is long; three are needed for any training at all."""
    return (clock - first_order_day) / timedelta(days=horizon_days)


def check_readiness(
    learn: Examples, test: Examples, *, horizons: float, order_days: Collection[datetime] | None = None
) -> list[dict[str, Any]]:
    """Return the report for the manifest; NotEnoughDataError, with every failed check and its advice, after any error.

    `horizons` is the length of the history; `order_days` are the days with an order in the test window, if known.
    """
    report = [
        *_customers(learn, "training windows"),
        *_customers(test, "test window"),
        _history(horizons),
        *_repeat_customers(learn),
        _same_season(learn, test),
        *([] if order_days is None else [_silence(order_days)]),
    ]
    errors = [check for check in report if check.severity == "error"]
    if errors:
        problems = "; ".join(f"{check.check}: {check.figure}: {check.advice}" for check in errors)
        raise NotEnoughDataError(f"{problems}. The champion is unchanged")
    return [check._asdict() for check in report]


def _customers(examples: Examples, window: str) -> Iterator[Check]:
    customers = examples.customer_ids.nunique()
    yield _check(
        f"customers in the {window}",
        f"{customers:,} customers",
        None if customers >= MIN_CUSTOMERS else "error",
        f"at least {MIN_CUSTOMERS} are needed: load more history",
    )
    yield _both_outcomes(examples.customer_ids, examples.churned, f"in the {window}")


def _both_outcomes(customer_ids: pd.Index[int], churned: pd.Series[int], among: str) -> Check:
    left, stayed = (customer_ids[churned == label].nunique() for label in (1, 0))
    return _check(
        f"both outcomes {among}",
        f"{left:,} left and {stayed:,} stayed",
        None if min(left, stayed) >= MIN_OF_EACH_CLASS else "error",
        f"at least {MIN_OF_EACH_CLASS} of each are needed: load more history, or train with "
        f"a {'longer' if left > stayed else 'shorter'} --horizon-days",
    )


def _history(horizons: float) -> Check:
    return _check(
        "length of the history",
        f"{horizons:.1f} horizons",
        None if horizons >= FULL_HISTORY_HORIZONS else "warning",
        f"below {FULL_HISTORY_HORIZONS} the seasons cannot be told from the trend, and the grade is at most C: "
        "load more history",
    )


def _repeat_customers(learn: Examples) -> Iterator[Check]:
    is_repeat = (learn.features["Frequency"] > 1).to_numpy()
    customer_ids = learn.customer_ids[is_repeat]
    customers = customer_ids.nunique()
    yield _check(
        "customers with two orders or more",
        f"{customers:,} customers",
        None if customers >= MIN_REPEAT_CUSTOMERS else "warning",
        f"with fewer than {MIN_REPEAT_CUSTOMERS} the formula is uncertain: load more history",
    )
    yield _both_outcomes(customer_ids, learn.churned[is_repeat], "among customers with two orders or more")


def _same_season(learn: Examples, test: Examples) -> Check:
    learned, tested = float(learn.churned.mean()), float(test.churned.mean())
    return _check(
        "churn rate now and then",
        f"{learned:.0%} in the training windows, {tested:.0%} in the test window",
        None if abs(learned - tested) <= MAX_RATE_SHIFT else "warning",
        "the probabilities are off where seasons differ by so much: two years of history tell them apart",
    )


def _silence(order_days: Collection[datetime]) -> Check:
    longest = max((later - earlier for earlier, later in pairwise(sorted(order_days))), default=timedelta())
    return _check(
        "longest time without any order in the test window",
        f"{longest.days} days",
        None if longest.days <= MAX_SILENT_DAYS else "warning",
        "a file may be missing: everybody looks lost while nothing is loaded",
    )


def _check(check: str, figure: str, severity: Severity | None, advice: str) -> Check:
    return Check(check, severity, figure, advice) if severity else Check(check, "ok", figure)

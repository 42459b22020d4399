"""Readiness: too little data is refused with advice, thin data gives warnings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retention.errors import NotEnoughDataError
from trainer.readiness import check_readiness
from trainer.windows import Examples, choose_windows

START = datetime(2011, 1, 1, tzinfo=UTC)
DAY = np.datetime64("2011-06-01")


def examples(left: int, stayed: int, *, frequency: int = 3) -> Examples:
    features = pd.DataFrame({"Frequency": float(frequency)}, index=range(left + stayed))
    churned = pd.Series(np.repeat([1, 0], [left, stayed]), name="churned")
    return Examples(features, churned, features.index, np.full(len(churned), DAY))


GOOD = examples(500, 500)


def severities(report: list[dict[str, Any]]) -> dict[str, str]:
    return {check["check"]: check["severity"] for check in report}


def ready(
    learn: Examples = GOOD, test: Examples = GOOD, horizons: float = 5.0, days: list[int] | None = None
) -> dict[str, str]:
    order_days = None if days is None else [START + timedelta(days=day) for day in days]
    return severities(check_readiness(learn, test, history_horizons=horizons, order_days=order_days))


def test_sufficient_data_passes_without_advice() -> None:
    report = check_readiness(GOOD, GOOD, history_horizons=5.0, order_days=[START, START + timedelta(days=14)])
    assert {(check["severity"], check["advice"]) for check in report} == {("ok", "")}
    assert len(report) == 9
    assert all(set(check) == {"check", "severity", "figure", "advice"} for check in report)


@pytest.mark.parametrize(
    ("learn", "test", "problem"),
    [
        (examples(50, 49), GOOD, "customers in the training windows: 99 customers: at least 100 are needed"),
        (GOOD, examples(50, 49), "customers in the test window: 99 customers"),
        (GOOD, examples(19, 500), "both outcomes in the test window: 19 left and 500 stayed: .* a shorter --horizon"),
        (GOOD, examples(500, 19), "both outcomes in the test window: 500 left and 19 stayed: .* a longer --horizon"),
        (examples(500, 500, frequency=1), GOOD, "among customers with two or more orders: 0 left and 0 stayed"),
    ],
)
def test_too_little_data_is_an_error_with_the_figure_and_the_next_step(
    learn: Examples, test: Examples, problem: str
) -> None:
    with pytest.raises(NotEnoughDataError, match=problem) as refused:
        ready(learn, test)
    assert str(refused.value).endswith("load more history. The champion is unchanged") or "--horizon-days" in str(
        refused.value
    )


def test_all_failed_checks_are_in_one_message() -> None:
    with pytest.raises(NotEnoughDataError) as refused:
        ready(examples(10, 10), examples(0, 5))
    assert str(refused.value).count("needed") == 5


@pytest.mark.parametrize(
    ("check", "thin"),
    [
        ("length of the history", {"horizons": 4.9}),
        ("customers with two or more orders", {"learn": examples(50, 49, frequency=2)}),
        ("churn rate, training against test", {"test": examples(389, 611)}),
        ("longest gap without orders in the test window", {"days": [0, 15, 20]}),
    ],
)
def test_thin_data_is_a_warning(check: str, thin: dict[str, Any]) -> None:
    if check == "customers with two or more orders":
        both = pd.concat([thin["learn"].features, examples(300, 300, frequency=1).features], ignore_index=True)
        churned = pd.concat([thin["learn"].churned, examples(300, 300).churned], ignore_index=True)
        thin = {"learn": Examples(both, churned, both.index, np.full(len(churned), DAY))}
    found = ready(**thin)
    assert {name for name, severity in found.items() if severity == "warning"} == {check}


def test_a_customer_at_several_cut_offs_counts_once() -> None:
    few = examples(30, 30)
    features, churned = pd.concat([few.features] * 3), pd.concat([few.churned] * 3)
    thrice = Examples(features, churned, features.index, np.repeat(few.as_of, 3))
    with pytest.raises(NotEnoughDataError, match="training windows: 60 customers"):
        ready(thrice)


def test_the_published_year_is_four_horizons_long() -> None:
    first, clock = datetime(2010, 12, 1, tzinfo=UTC), datetime(2011, 12, 10, tzinfo=UTC)
    assert choose_windows(first, clock, 90).history_horizons == pytest.approx(374 / 90)

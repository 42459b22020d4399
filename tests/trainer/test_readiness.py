"""Readiness and grade: too little data is refused with advice, thin data is said to be thin, and the grade shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retention.errors import NotEnoughDataError
from trainer.evaluation.grade import grade
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


def test_plenty_of_data_is_in_order_and_needs_no_advice() -> None:
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
def test_too_little_is_an_error_that_gives_the_figure_and_the_next_step(
    learn: Examples, test: Examples, problem: str
) -> None:
    with pytest.raises(NotEnoughDataError, match=problem) as refused:
        ready(learn, test)
    assert str(refused.value).endswith("load more history. The champion is unchanged") or "--horizon-days" in str(
        refused.value
    )


def test_every_failed_check_is_named_at_once() -> None:
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


def test_the_same_customer_at_several_cut_offs_is_one_customer() -> None:
    few = examples(30, 30)
    features, churned = pd.concat([few.features] * 3), pd.concat([few.churned] * 3)
    thrice = Examples(features, churned, features.index, np.repeat(few.as_of, 3))
    with pytest.raises(NotEnoughDataError, match="training windows: 60 customers"):
        ready(thrice)


def test_the_history_of_the_published_year_is_four_horizons() -> None:
    first, clock = datetime(2010, 12, 1, tzinfo=UTC), datetime(2011, 12, 10, tzinfo=UTC)
    assert choose_windows(first, clock, 90).history_horizons == pytest.approx(374 / 90)


def metrics(low: float, ece: float) -> dict[str, Any]:
    return {"roc_auc": {"value": low + 0.02, "low": low, "high": low + 0.04}, "ece": {"value": ece}}


@pytest.mark.parametrize(
    ("low", "ece", "expected"),
    [
        (0.75, 0.05, "A"), (0.749, 0.05, "B"), (0.75, 0.051, "B"),
        (0.70, 0.08, "B"), (0.699, 0.08, "C"), (0.70, 0.081, "C"), (0.90, 0.2, "C"),
    ],
)  # fmt: skip
def test_the_grade_follows_its_rule(low: float, ece: float, expected: str) -> None:
    given = grade(metrics(low, ece), history_horizons=5.0, history_days=450)
    assert (given["grade"], given["would_be"], given["capped_because"]) == (expected, expected, None)


def test_less_than_five_horizons_of_history_cap_the_grade_at_c_and_it_says_so() -> None:
    given = grade(metrics(0.76, 0.03), history_horizons=374 / 90, history_days=374)
    assert (given["grade"], given["would_be"]) == ("C", "A")
    assert given["capped_because"] == "only 374 days of history: other seasons are untested"
    assert "78 times in 100" in given["sentence"]
    assert "It would be grade A" in given["sentence"]
    assert given["rule"] == "ROC-AUC's low end at least 0.75 and ECE at most 0.05"


def test_a_c_that_was_earned_is_not_called_capped() -> None:
    assert grade(metrics(0.60, 0.03), history_horizons=4.0, history_days=360)["capped_because"] is None

"""The formula alone: contributions add up, its uncertainty is a variance, and what is none is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.scoring.formula import Formula, Term

FORMULA = Formula(
    base_log_odds=-0.3,
    terms=(Term("Frequency", 1.2, -0.8), Term("Recency", 3.5, 0.4)),
    covariance=((0.01, 0.0, 0.001), (0.0, 0.02, 0.0), (0.001, 0.0, 0.03)),
)
FIGURES = st.fixed_dictionaries({"Frequency": st.floats(0, 1e9), "Recency": st.floats(0, 1e9)})


@given(FIGURES)
def test_base_and_contributions_sum_to_the_log_odds(features: dict[str, float]) -> None:
    total = FORMULA.base_log_odds + sum(FORMULA.contributions(features))
    assert FORMULA.log_odds(features) == pytest.approx(total, abs=1e-9)


def test_a_contribution_is_the_weighted_distance_from_the_mean_on_the_log_scale() -> None:
    assert FORMULA.contributions({"Frequency": math.expm1(2.2), "Recency": math.expm1(3.5)}) == [
        pytest.approx(-0.8),
        pytest.approx(0),
    ]


def test_the_variance_at_the_means_is_that_of_the_base() -> None:
    assert FORMULA.variance({"Frequency": math.expm1(1.2), "Recency": math.expm1(3.5)}) == pytest.approx(0.01)


def test_the_variance_is_the_quadratic_form_of_the_covariance() -> None:
    features = {"Frequency": math.expm1(1.2), "Recency": math.expm1(5.5)}  # gradient 1, 0, 2
    assert FORMULA.variance(features) == pytest.approx(0.01 + 2 * 2 * 0.001 + 4 * 0.03)


@given(FIGURES)
def test_a_variance_is_never_below_zero(features: dict[str, float]) -> None:
    contradictory = FORMULA._replace(covariance=((0.0, 5.0, 5.0), (5.0, 0.0, 5.0), (5.0, 5.0, 0.0)))
    assert contradictory.variance(features) >= 0


def test_a_formula_is_the_same_after_json() -> None:
    assert Formula.from_json(json.loads(json.dumps(FORMULA.to_json()))) == FORMULA


@pytest.mark.parametrize(
    "change",
    [
        {"covariance": [[1.0]]},
        {"covariance": [[1.0] * 3] * 2},
        {"covariance": [[1.0] * 2] * 3},
        {"covariance": [[-1.0] * 3] * 3},
        {"covariance": [[math.nan] * 3] * 3},
        {"base_log_odds": math.inf},
        {"base_log_odds": "0.3"},
        {"base_log_odds": True},
        {"base_log_odds": None},
        {"terms": [{"feature": "Frequency", "mean": math.nan, "weight": 1.0}] * 2},
        {"terms": [{"feature": "Frequency", "mean": 1.0, "weight": -math.inf}] * 2},
        {"terms": [{"feature": "Frequency", "mean": 1.0}] * 2},
        {"terms": None},
    ],
    ids=str,
)
def test_what_is_no_formula_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Formula.from_json(FORMULA.to_json() | change)

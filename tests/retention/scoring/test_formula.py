"""The formula: contributions add up, its variance is the quadratic form, and malformed content is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.scoring.formula import TRANSFORMS, Formula, Term, Transform

FORMULA = Formula(
    base_log_odds=-0.3,
    terms=(Term("Frequency", "log1p", 1.2, -0.8), Term("Recency", "log1p", 3.5, 0.4)),
    covariance=((0.01, 0.0, 0.001), (0.0, 0.02, 0.0), (0.001, 0.0, 0.03)),
)
FIGURES = st.fixed_dictionaries({"Frequency": st.floats(0, 1e9), "Recency": st.floats(0, 1e9)})


@given(FIGURES)
def test_base_and_contributions_sum_to_the_log_odds(features: dict[str, float]) -> None:
    total = FORMULA.base_log_odds + sum(FORMULA.contributions(features))
    assert FORMULA.log_odds(features) == pytest.approx(total, abs=1e-9)


def test_a_contribution_is_the_weighted_distance_from_the_mean_after_the_transform() -> None:
    assert FORMULA.contributions({"Frequency": math.expm1(2.2), "Recency": math.expm1(3.5)}) == [
        pytest.approx(-0.8),
        pytest.approx(0),
    ]


def test_an_untransformed_feature_counts_as_it_is() -> None:
    formula = Formula(-0.3, (Term("rhythm", "identity", -0.5, 2.0),), ((0.01, 0.0), (0.0, 0.02)))
    evaluated = formula.evaluate({"rhythm": -1.5})
    assert evaluated.contributions == formula.contributions({"rhythm": -1.5}) == [-2.0]
    assert evaluated.log_odds == formula.log_odds({"rhythm": -1.5}) == -2.3
    assert evaluated.variance == pytest.approx(0.01 + 0.02)


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_a_transform_is_undone_by_its_inverse_without_overflow(transform: Transform) -> None:
    assert transform.invert(transform.apply(123.0)) == pytest.approx(123.0)
    assert math.isfinite(transform.invert(1e300))


def test_the_variance_at_the_means_is_the_variance_of_the_base() -> None:
    assert FORMULA.variance({"Frequency": math.expm1(1.2), "Recency": math.expm1(3.5)}) == pytest.approx(0.01)


def test_the_variance_is_the_quadratic_form_of_the_covariance() -> None:
    features = {"Frequency": math.expm1(1.2), "Recency": math.expm1(5.5)}  # gradient 1, 0, 2
    assert FORMULA.variance(features) == pytest.approx(0.01 + 2 * 2 * 0.001 + 4 * 0.03)


@given(FIGURES)
def test_a_variance_is_never_below_zero(features: dict[str, float]) -> None:
    contradictory = replace(FORMULA, covariance=((0.0, 5.0, 5.0), (5.0, 0.0, 5.0), (5.0, 5.0, 0.0)))
    assert contradictory.variance(features) >= 0


def test_a_formula_survives_json() -> None:
    assert Formula.from_json(json.loads(json.dumps(FORMULA.to_json()))) == FORMULA


def test_the_transform_of_each_term_is_in_the_json() -> None:
    mixed = replace(FORMULA, terms=(FORMULA.terms[0], FORMULA.terms[1]._replace(transform="identity")))
    content = json.loads(json.dumps(mixed.to_json()))
    assert [term["transform"] for term in content["terms"]] == ["log1p", "identity"]
    assert Formula.from_json(content) == mixed


def test_a_term_without_a_transform_from_an_earlier_release_is_log1p() -> None:
    content = FORMULA.to_json()
    for term in content["terms"]:
        del term["transform"]
    assert Formula.from_json(content) == FORMULA


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
        {"terms": [{"feature": "Frequency", "transform": "sqrt", "mean": 1.0, "weight": 1.0}] * 2},
        {"terms": [{"feature": "Frequency", "transform": None, "mean": 1.0, "weight": 1.0}] * 2},
        {"terms": [{"feature": "Frequency", "transform": [], "mean": 1.0, "weight": 1.0}] * 2},
        {"terms": None},
    ],
    ids=str,
)
def test_malformed_content_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Formula.from_json(FORMULA.to_json() | change)

"""The formula: contributions sum to the log-odds, intervals hold the estimate, confidence follows the threshold."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.churn import Assumption, ChurnModel, FeatureOnlyModel, Interval, Term, evidence, sigmoid

MODEL = ChurnModel(
    base_log_odds=-0.3,
    terms=(Term("Frequency", 1.2, -0.8), Term("Recency", 3.5, 0.4)),
    covariance=((0.01, 0.0, 0.001), (0.0, 0.02, 0.0), (0.001, 0.0, 0.03)),
    threshold=0.4,
    horizon_days=90,
)
FIGURES = st.fixed_dictionaries({"Frequency": st.integers(1, 10_000), "Recency": st.integers(0, 5_000)})


@given(FIGURES)
def test_base_and_contributions_sum_to_the_log_odds_of_the_probability(features: dict[str, int]) -> None:
    log_odds = MODEL.base_log_odds + sum(MODEL.contributions(features))
    probability = MODEL.probability(features)
    assert math.log(probability / (1 - probability)) == pytest.approx(log_odds, abs=1e-9)


@given(FIGURES)
def test_the_interval_holds_the_probability(features: dict[str, int]) -> None:
    interval = MODEL.interval(features)
    assert 0 < interval.low <= MODEL.probability(features) <= interval.high < 1


@given(st.floats(-1e308, 1e308))
def test_the_sigmoid_never_overflows(log_odds: float) -> None:
    assert 0 <= sigmoid(log_odds) <= 1
    assert sigmoid(log_odds) + sigmoid(-log_odds) == pytest.approx(1)


@pytest.mark.parametrize(
    ("interval", "confidence"),
    [((0.35, 0.45), "low"), ((0.41, 0.51), "medium"), ((0.46, 0.56), "high"), ((0.1, 0.2), "high")],
)
def test_confidence_is_how_the_interval_stands_to_the_threshold(interval: tuple[float, float], confidence: str) -> None:
    assert MODEL.confidence(Interval(*interval)) == confidence


def test_a_formula_is_the_same_after_json() -> None:
    assert ChurnModel.from_json(json.loads(json.dumps(MODEL.to_json()))) == MODEL


def test_a_covariance_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="3 × 3"):
        ChurnModel.from_json(MODEL.to_json() | {"covariance": [[1.0]]})


@pytest.mark.parametrize(
    ("frequency", "recency", "expected"),
    [(5, 91, "lapsed"), (1, 91, "lapsed"), (1, 90, "single_order"), (2, 0, "sparse"), (3, 90, "repeat")],
)
def test_evidence_has_the_contracts_precedence(frequency: int, recency: int, expected: str) -> None:
    assert evidence(frequency, recency, 90) == expected


def test_what_is_missing_is_assumed_and_named_and_tenure_is_never_below_recency() -> None:
    small = FeatureOnlyModel(
        MODEL._replace(terms=(*MODEL.terms, Term("Tenure", 4.0, 0.1)), covariance=((0.0,) * 4,) * 4),
        (
            Assumption("Recency", ("Frequency",), 3.0, (0.0,)),
            Assumption("Tenure", ("Frequency",), 1.0, (0.0,)),
            Assumption("Tenure", ("Frequency", "Recency"), 1.0, (0.0, 0.0)),
            Assumption("Recency", ("Frequency", "Tenure"), 3.0, (0.0, 0.0)),
        ),
    )
    both, assumed = small.complete({"Frequency": 2})
    assert assumed == ["Recency", "Tenure"]
    assert both["Tenure"] >= both["Recency"]
    assert small.complete({"Frequency": 2, "Recency": 50}) == (
        {"Frequency": 2, "Recency": 50, "Tenure": 50},
        ["Tenure"],
    )
    assert small.complete({"Frequency": 1, "Tenure": 99})[0]["Recency"] == 99
    assert small.complete({"Frequency": 1, "Recency": 1})[0]["Tenure"] == 1
    assert small.complete({"Frequency": 2, "Tenure": 5}) == ({"Frequency": 2, "Tenure": 5, "Recency": 5}, ["Recency"])

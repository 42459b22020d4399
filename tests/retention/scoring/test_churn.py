"""The churn model: contributions add up, intervals contain the probability, and seasons shift every customer."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from bundles import small_model
from hypothesis import given
from hypothesis import strategies as st

from retention.scoring.churn import (
    NO_SEASON,
    ChurnModel,
    Interval,
    Shift,
    confidence,
    evidence,
    sigmoid,
)
from retention.scoring.formula import Term

MODEL = small_model()
CUSTOMER = st.fixed_dictionaries(
    {
        "Frequency": st.one_of(st.just(1), st.integers(2, 10_000)),
        "Recency": st.integers(0, 5_000),
        "distinct_products": st.integers(0, 10_000),
        "month": st.integers(1, 12),
    }
)
ONCE = {"Frequency": 1, "Recency": 120, "distinct_products": 3, "month": 6}
REGULAR = ONCE | {"Frequency": 7}


@given(CUSTOMER)
def test_base_and_contributions_sum_to_the_log_odds_of_the_probability(customer: dict[str, int]) -> None:
    base, contributions = MODEL.explain(customer)
    probability = MODEL.probability(customer)
    log_odds = math.log(probability / (1 - probability))
    assert base + math.fsum(share for _, share in contributions) == pytest.approx(log_odds, abs=1e-9)


@given(CUSTOMER)
def test_the_interval_contains_the_probability(customer: dict[str, int]) -> None:
    interval = MODEL.interval(customer)
    assert 0 < interval.low <= MODEL.probability(customer) <= interval.high < 1


@given(CUSTOMER)
def test_a_month_shifts_every_customers_log_odds_alike(customer: dict[str, int]) -> None:
    shift = MODEL.season[customer["month"] - 1].log_odds
    unshifted = MODEL._replace(season=NO_SEASON)
    assert MODEL.log_odds(customer) == pytest.approx(unshifted.log_odds(customer) + shift, abs=1e-9)
    assert MODEL.explain(customer).base_log_odds == pytest.approx(unshifted.explain(customer).base_log_odds + shift)


@given(CUSTOMER)
def test_an_uncertain_month_widens_every_interval(customer: dict[str, int]) -> None:
    certain = MODEL._replace(season=tuple(Shift(shift.log_odds, 0.0) for shift in MODEL.season)).interval(customer)
    interval = MODEL.interval(customer)
    if MODEL.season[customer["month"] - 1].variance:
        assert interval.low < certain.low <= certain.high < interval.high
    else:
        assert interval == certain


def test_a_single_order_is_explained_by_its_cell_against_all_single_orders() -> None:
    assert MODEL.explain(ONCE) == (0.3, (("Recency", 1.05 - 0.3),))
    assert MODEL.probability(ONCE) == sigmoid(1.05)
    assert MODEL.interval(ONCE) == pytest.approx((sigmoid(0.85), sigmoid(1.25)))


@given(CUSTOMER)
def test_a_lapsed_single_order_is_still_scored_by_its_cell(customer: dict[str, int]) -> None:
    lapsed = customer | {"Frequency": 1, "Recency": customer["Recency"] + 91, "month": 1}
    assert MODEL.log_odds(lapsed) == MODEL.single_order.cells[-1].log_odds


def test_several_orders_are_explained_by_every_feature_of_the_formula() -> None:
    base, contributions = MODEL.explain(REGULAR)
    assert base == MODEL.several_orders.base_log_odds
    assert dict(contributions) == dict(
        zip(("Frequency", "Recency"), MODEL.several_orders.contributions(REGULAR), strict=True)
    )


def test_each_branch_needs_only_its_own_features() -> None:
    assert MODEL.probability({"Frequency": 2, "Recency": 3, "month": 1})
    assert MODEL.probability(ONCE)


def test_the_features_are_those_of_the_formula_then_those_of_the_table() -> None:
    assert MODEL.features == ("Frequency", "Recency", "distinct_products")
    other = MODEL._replace(several_orders=replace(MODEL.several_orders, terms=(Term("Tenure", "log1p", 1.0, 1.0),)))
    assert other.features == ("Tenure", "Frequency", "Recency", "distinct_products")


@given(st.floats(-1e308, 1e308))
def test_the_sigmoid_never_overflows(log_odds: float) -> None:
    assert 0 <= sigmoid(log_odds) <= 1
    assert sigmoid(log_odds) + sigmoid(-log_odds) == pytest.approx(1)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [((0.35, 0.45), "low"), ((0.41, 0.51), "medium"), ((0.46, 0.56), "high"), ((0.1, 0.2), "high")],
)
def test_confidence_grows_with_the_distance_to_the_threshold(interval: tuple[float, float], expected: str) -> None:
    assert confidence(Interval(*interval), 0.4) == expected


def test_a_model_survives_json() -> None:
    assert ChurnModel.from_json(json.loads(json.dumps(MODEL.to_json()))) == MODEL


DECISIONS: list[dict[str, Any]] = [
    {"threshold": 0.0},
    {"threshold": 1.0},
    {"threshold": -0.1},
    {"threshold": math.nan},
    {"threshold": None},
    {"threshold": True},
    {"horizon_days": 0},
    {"horizon_days": -90},
    {"horizon_days": 90.5},
    {"horizon_days": "90"},
]
SHIFT = {"log_odds": 0.1, "variance": 0.1}


@pytest.mark.parametrize(
    "change",
    [
        *DECISIONS,
        {"season": []},
        {"season": [SHIFT] * 11},
        {"season": [SHIFT] * 13},
        {"season": [SHIFT] * 11 + [SHIFT | {"log_odds": math.nan}]},
        {"season": [SHIFT] * 11 + [SHIFT | {"variance": math.inf}]},
        {"season": [SHIFT] * 11 + [SHIFT | {"variance": -0.1}]},
        {"season": [SHIFT] * 11 + [{"log_odds": 0.1}]},
        {"single_order": {}},
        {"several_orders": {}},
    ],
    ids=str,
)
def test_malformed_content_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        ChurnModel.from_json(MODEL.to_json() | change)


@pytest.mark.parametrize("name", ChurnModel._fields)
def test_a_model_with_a_missing_part_is_refused(name: str) -> None:
    content = MODEL.to_json()
    del content[name]
    with pytest.raises(KeyError, match=name):
        ChurnModel.from_json(content)


@pytest.mark.parametrize(
    ("frequency", "recency", "expected"),
    [(5, 91, "lapsed"), (1, 91, "lapsed"), (1, 90, "single_order"), (2, 0, "sparse"), (3, 90, "repeat")],
)
def test_evidence_follows_the_precedence_in_the_contract(frequency: int, recency: int, expected: str) -> None:
    assert evidence(frequency, recency, 90) == expected

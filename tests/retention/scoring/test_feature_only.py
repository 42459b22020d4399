"""Predictions from figures alone: missing figures are assumed and named, and there is always an interval."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from retention.scoring.feature_only import Assumption, FeatureOnlyModel
from retention.scoring.formula import Formula, Term

TERMS = (
    Term("Frequency", "log1p", 1.2, -0.8),
    Term("Recency", "log1p", 3.5, 0.4),
    Term("Tenure", "log1p", 4.0, 0.1),
)
SMALL = FeatureOnlyModel(
    Formula(-0.3, TERMS, ((0.01,) * 4,) * 4),
    0.4,
    90,
    (
        Assumption("Recency", ("Frequency",), 3.0, (0.0,)),
        Assumption("Tenure", ("Frequency",), 1.0, (0.0,)),
        Assumption("Tenure", ("Frequency", "Recency"), 1.0, (0.0, 0.0)),
        Assumption("Recency", ("Frequency", "Tenure"), 3.0, (0.0, 0.0)),
    ),
)


def test_missing_figures_are_assumed_and_named_and_tenure_is_at_least_recency() -> None:
    both, assumed = SMALL.complete({"Frequency": 2})
    assert assumed == ["Recency", "Tenure"]
    assert both["Tenure"] >= both["Recency"]
    assert SMALL.complete({"Frequency": 2, "Recency": 50}) == (
        {"Frequency": 2, "Recency": 50, "Tenure": 50},
        ["Tenure"],
    )
    assert SMALL.complete({"Frequency": 1, "Tenure": 99})[0]["Recency"] == 99
    assert SMALL.complete({"Frequency": 1, "Recency": 1})[0]["Tenure"] == 1
    assert SMALL.complete({"Frequency": 2, "Tenure": 5}) == ({"Frequency": 2, "Tenure": 5, "Recency": 5}, ["Recency"])


@given(st.integers(1, 10_000), st.integers(0, 5_000), st.integers(0, 5_000))
def test_the_interval_contains_the_probability(frequency: int, recency: int, later: int) -> None:
    figures = {"Frequency": frequency, "Recency": recency, "Tenure": recency + later}
    interval = SMALL.interval(figures)
    assume(interval.low > 0)
    assert interval.low < SMALL.probability(figures) < interval.high


def test_a_model_survives_json() -> None:
    assert FeatureOnlyModel.from_json(json.loads(json.dumps(SMALL.to_json()))) == SMALL


@pytest.mark.parametrize(
    "change",
    [
        {"threshold": 1.0},
        {"horizon_days": 0},
        {"formula": {}},
        {"assumptions": [{"feature": "Recency", "given": ["Frequency"], "intercept": math.nan, "weights": [0.0]}]},
        {"assumptions": [{"feature": "Recency", "given": ["Frequency"], "intercept": 3.0, "weights": [math.inf]}]},
        {"assumptions": None},
    ],
    ids=str,
)
def test_malformed_content_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        FeatureOnlyModel.from_json(SMALL.to_json() | change)

from __future__ import annotations

import pytest

from inference.reasons import WORDINGS, text
from retention import pipelines
from retention.reference import Reference

HUNDRED = Reference("2011-12-10T00:00:00Z", 100, {name: tuple(map(float, range(101))) for name in pipelines.FEATURES})


def test_every_feature_of_the_pipelines_has_its_words() -> None:
    assert set(WORDINGS) == set(pipelines.FEATURES)


@pytest.mark.parametrize(
    ("feature", "value", "contribution", "expected"),
    [
        ("Frequency", 7, -1.21, "7 orders, more than 7% of customers: lowers the risk"),
        ("Frequency", 1, 0.5, "1 order, more than 1% of customers: raises the risk"),
        ("Frequency", 2, 0.009, "2 orders, more than 2% of customers: makes hardly a difference"),
        ("Recency", 0, -0.5, "ordered on the last day: lowers the risk"),
        ("Recency", 1, -0.5, "last order 1 day ago, longer than 1% of customers: lowers the risk"),
        ("Recency", 62, 0.5, "last order 62 days ago, longer than 62% of customers: raises the risk"),
        ("Monetary", 4310.0, -0.5, "4,310.00 GBP spent, more than 99% of customers: lowers the risk"),
        ("Monetary", 0.0, 0.5, "0.00 GBP spent, nobody spent less: raises the risk"),
        ("orders_90d", 0, 0.5, "no order in the last 90 days: raises the risk"),
        ("returns_share", 0.125, 0.5, "12.5% of the money returned, more than 1% of customers: raises the risk"),
        ("recency_to_gap", 2.5, 0.5,
         "silent for 2.50 times the usual gap between orders, longer than 3% of customers: raises the risk"),
    ],
)  # fmt: skip
def test_a_reason_tells_the_figure_where_it_stands_and_what_it_does(
    feature: str, value: float, contribution: float, expected: str
) -> None:
    assert text(feature, value, contribution, HUNDRED, "GBP") == expected


@pytest.mark.parametrize("feature", pipelines.FEATURES)
@pytest.mark.parametrize("value", [0, 1, 2, 99.5, 1e6])
def test_every_figure_can_be_told(feature: str, value: float) -> None:
    told = text(feature, value, 0.1, HUNDRED, "EUR")

    assert told.endswith(": raises the risk")
    assert "{" not in told

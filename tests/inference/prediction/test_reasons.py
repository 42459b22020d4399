from __future__ import annotations

import pytest
from bundles import small_model

from inference.prediction.reasons import WORDINGS, single_order_text, text
from retention.features import pipelines
from retention.features.reference import Reference

HUNDRED = Reference("2011-12-10T00:00:00Z", 100, {name: tuple(map(float, range(101))) for name in pipelines.FEATURES})


def test_every_feature_of_the_pipelines_has_its_words() -> None:
    assert set(WORDINGS) == set(pipelines.FEATURES)


@pytest.mark.parametrize(
    ("feature", "value", "contribution", "expected"),
    [
        ("Frequency", 7, -1.21, "7 orders, more than 7% of customers: lowers the risk"),
        ("Frequency", 1, 0.5, "1 order, more than 1% of customers: raises the risk"),
        ("Frequency", 2, 0.009, "2 orders, more than 2% of customers: hardly changes the risk"),
        ("Recency", 0, -0.5, "last order under a day ago: lowers the risk"),
        ("Recency", 1, -0.5, "last order 1 day ago, longer than 1% of customers: lowers the risk"),
        ("Recency", 62, 0.5, "last order 62 days ago, longer than 62% of customers: raises the risk"),
        ("Monetary", 4310.0, -0.5, "4,310.00 GBP ordered, more than 99% of customers: lowers the risk"),
        ("Tenure", 100_000, 0.5, "first order 100,000 days ago, longer than 99% of customers: raises the risk"),
        ("Monetary", 0.0, 0.5, "0.00 GBP ordered, nobody ordered for less: raises the risk"),
        ("orders_90d", 0, 0.5, "no order in the last 90 days: raises the risk"),
        ("returns_share", 0.0004, 0.5, "under 0.1% of the value returned, more than 1% of customers: raises the risk"),
        ("returns_share", 0.125, 0.5, "12.5% of the value returned, more than 1% of customers: raises the risk"),
        ("recency_to_gap", 2.5, 0.5,
         "last order 2.50 times the usual gap ago, longer than 3% of customers: raises the risk"),
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


MODEL = small_model()
FEW = "48% of 120 such customers did not return within 90 days: lowers the risk"
MANY = "33% of 80 such customers did not return within 90 days: lowers the risk"
OLD = "74% of 290 such customers did not return within 90 days: raises the risk"


@pytest.mark.parametrize(
    ("days", "products", "expected"),
    [
        (0, 1, f"one order, under a day ago, of 1 product; {FEW}"),
        (1, 2, f"one order, 1 day ago, of 2 products; {FEW}"),
        (59, 5, f"one order, 59 days ago, of 5 products; {MANY}"),
        (120, 3, f"one order, 120 days ago, of 3 products; {OLD}"),
        (120, 0, f"one order, 120 days ago; {OLD}"),
        (100_000, 1_234_567, f"one order, 100,000 days ago, of 1,234,567 products; {OLD}"),
    ],
)
def test_a_single_order_is_told_with_what_became_of_others_like_it(days: int, products: int, expected: str) -> None:
    features = {"Frequency": 1, "Recency": days, "distinct_products": products, "month": 1}
    ((_, share),) = MODEL.explain(features).contributions
    assert single_order_text(MODEL, features, share) == expected


@pytest.mark.parametrize(
    ("log_odds", "expected"),
    [(-9.0, "less than 1%"), (-4.6, "1%"), (0.0, "50%"), (4.6, "99%"), (9.0, "more than 99%")],
)
def test_a_rate_is_never_told_as_none_or_all(log_odds: float, expected: str) -> None:
    cell = MODEL.single_order.cells[-1]._replace(log_odds=log_odds, customers=12_345)
    model = MODEL._replace(single_order=MODEL.single_order._replace(cells=(cell,)), horizon_days=1)
    features = {"Recency": 9, "distinct_products": 1}
    told = f"{expected} of 12,345 such customers did not return within 1 day: hardly changes the risk"
    assert single_order_text(model, features, 0.0).endswith(f"; {told}")

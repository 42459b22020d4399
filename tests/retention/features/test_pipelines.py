"""Features as of an instant: no leak from the future, the same alone as among all, and as the contract defines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from math import floor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retention.features import pipelines

if TYPE_CHECKING:
    from random import Random

    from pymongo.database import Database

    Lines = list[dict[str, Any]]
    Features = dict[int, dict[str, Any]]

START = datetime(2011, 1, 1, tzinfo=UTC)
AS_OF = START + timedelta(days=100)

# Invoices "1"… are orders, "C1"… are cancelled; instants include the seconds around as_of.
INSTANTS = st.one_of(
    st.integers(0, 200 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds)),
    st.sampled_from([AS_OF - timedelta(seconds=1), AS_OF, AS_OF + timedelta(seconds=1)]),
)
LINE = st.fixed_dictionaries(
    {
        "InvoiceNo": st.sampled_from(["1", "2", "3", "C1", "C2", "A1"]),
        "Quantity": st.sampled_from([-5, -1, 0, 1, 2, 12]),
        "UnitPrice": st.sampled_from([-1.0, 0.0, 1e-10, 0.001, 0.1, 2.55, 1000.0]),
        "InvoiceDate": INSTANTS,
    },
    optional={"CustomerID": st.integers(1, 4), "StockCode": st.sampled_from("abcde")},
)
LINES = st.lists(LINE, min_size=1, max_size=60)
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def features(database: Database[dict[str, Any]], lines: Lines, only: list[int] | None = None) -> Features:
    """Run both pipelines over the lines without inserting any."""
    if not lines:
        return {}
    stages = [{"$documents": lines}, *pipelines.orders(), *pipelines.customers(AS_OF, only)]
    return {customer["_id"]: customer for customer in database.aggregate(stages)}


@many
@given(lines=LINES)
def test_no_line_at_or_after_as_of_changes_any_feature(database: Database[dict[str, Any]], lines: Lines) -> None:
    past = [line for line in lines if line["InvoiceDate"] < AS_OF]
    assert features(database, lines) == features(database, past)


@many
@given(lines=LINES)
def test_a_customer_has_the_same_features_alone_as_among_all(database: Database[dict[str, Any]], lines: Lines) -> None:
    everybody = features(database, lines)
    for customer_id in range(1, 5):
        alone = features(database, lines, [customer_id])
        assert alone == {key: value for key, value in everybody.items() if key == customer_id}


@many
@given(lines=LINES, random=st.randoms(use_true_random=False))
def test_the_order_of_the_lines_has_no_effect(database: Database[dict[str, Any]], lines: Lines, random: Random) -> None:
    shuffled = random.sample(lines, len(lines))
    assert features(database, lines) == features(database, shuffled)


@many
@given(lines=LINES)
def test_the_features_are_what_the_contract_defines(database: Database[dict[str, Any]], lines: Lines) -> None:
    found = features(database, lines)
    expected = {customer_id: by_hand(lines, customer_id) for customer_id in range(1, 5)}
    expected = {customer_id: values for customer_id, values in expected.items() if values}
    assert found.keys() == expected.keys()
    for customer_id, values in expected.items():
        for name, value in values.items():
            # Half a cent may be rounded either way; the average is of a rounded sum.
            tolerance = 0.0101 if name == "AvgOrderValue" else 0.0051
            assert found[customer_id][name] == pytest.approx(value, abs=tolerance), (customer_id, name)


def by_hand(lines: Lines, customer_id: int) -> dict[str, float]:
    """Compute the contract's definitions in plain Python."""
    mine = [line for line in lines if line.get("CustomerID") == customer_id and line["InvoiceDate"] < AS_OF]
    cancelled = [line["InvoiceNo"].startswith("C") or line["Quantity"] < 0 for line in mine]
    bought = [
        line for line, is_return in zip(mine, cancelled, strict=True)
        if not is_return and line["Quantity"] > 0 and line["UnitPrice"] > 0
    ]  # fmt: skip
    if not bought:
        return {}
    returned = [line for line, is_return in zip(mine, cancelled, strict=True) if is_return]
    matched = [line for line in returned if is_of_an_earlier_purchase(line, bought)]
    frequency = len({(line["InvoiceNo"], line["InvoiceDate"].date()) for line in bought})
    monetary = sum(line["Quantity"] * line["UnitPrice"] for line in bought)
    return {
        "Frequency": frequency,
        "Monetary": monetary,
        "AvgOrderValue": monetary / frequency,
        "Recency": floor((AS_OF - max(line["InvoiceDate"] for line in bought)) / timedelta(days=1)),
        "Tenure": floor((AS_OF - min(line["InvoiceDate"] for line in bought)) / timedelta(days=1)),
        "net_monetary": monetary - sum(abs(line["Quantity"] * line["UnitPrice"]) for line in returned),
        "returns": len({(line["InvoiceNo"], line["InvoiceDate"].date()) for line in returned}),
        "active_months": len({(line["InvoiceDate"].year, line["InvoiceDate"].month) for line in bought}),
        "month": AS_OF.month,
        "distinct_products": len({line["StockCode"] for line in bought if "StockCode" in line}),
        "unmatched_returns": len(returned) - len(matched),
        "matched_returned": sum(abs(line["Quantity"] * line["UnitPrice"]) for line in matched),
    }


def is_of_an_earlier_purchase(returned: dict[str, Any], bought: Lines) -> bool:
    return any(
        line.get("StockCode") == returned.get("StockCode") is not None
        and line["InvoiceDate"].date() <= returned["InvoiceDate"].date()
        for line in bought
    )


@many
@given(lines=LINES, random=st.randoms(use_true_random=False))
def test_touched_invoices_have_the_same_orders_alone_as_among_all(
    database: Database[dict[str, Any]], lines: Lines, random: Random
) -> None:
    pairs = sorted({(line["CustomerID"], line["InvoiceNo"]) for line in lines if "CustomerID" in line})
    touched = random.sample(pairs, len(pairs) // 2)
    everything, some = (
        {tuple(order["_id"].values()): order for order in database.aggregate([{"$documents": lines}, *stages])}
        for stages in (pipelines.orders(), pipelines.orders(touched))
    )
    assert all(everything[key] == order for key, order in some.items())
    assert {key for key in everything if key[:2] in touched} <= some.keys()


@pytest.mark.parametrize(("bought_days_later", "unmatched", "matched"), [(-1, 0, 2.0), (0, 0, 2.0), (1, 1, 0.0)])
def test_a_return_is_matched_by_a_purchase_on_its_day_or_earlier(
    database: Database[dict[str, Any]], bought_days_later: int, unmatched: int, matched: float
) -> None:
    day: dict[str, Any] = {
        "CustomerID": 1,
        "StockCode": "a",
        "UnitPrice": 1.0,
        "InvoiceDate": START + timedelta(days=9),
    }
    bought_at = day["InvoiceDate"] + timedelta(days=bought_days_later, hours=5)
    lines = [
        {**day, "InvoiceNo": "C1", "Quantity": -2},
        {**day, "InvoiceNo": "1", "Quantity": 1, "InvoiceDate": bought_at},
    ]
    (customer,) = features(database, lines).values()
    assert (customer["unmatched_returns"], customer["matched_returned"]) == (unmatched, matched)
    assert customer["net_monetary"] == -1.0


@pytest.mark.parametrize(
    ("as_of", "month"),
    [
        (datetime(2011, 1, 1, tzinfo=UTC), 1),
        (datetime(2011, 12, 31, tzinfo=UTC), 12),
        (datetime(2011, 8, 31, 22, tzinfo=timezone(timedelta(hours=-2))), 9),
        (datetime(2011, 9, 1, 2, tzinfo=timezone(timedelta(hours=2))), 9),
        (datetime(2011, 9, 1), 9),  # noqa: DTZ001 - as some drivers give it: UTC
    ],
)
def test_the_month_is_that_of_the_instant_in_utc(
    database: Database[dict[str, Any]], as_of: datetime, month: int
) -> None:
    line = {"CustomerID": 1, "InvoiceNo": "1", "Quantity": 1, "UnitPrice": 1.0, "InvoiceDate": datetime(2010, 5, 1)}  # noqa: DTZ001
    stages = [{"$documents": [line]}, *pipelines.orders(), *pipelines.customers(as_of)]
    (customer,) = database.aggregate(stages)
    assert customer["month"] == month


def test_a_month_counts_once_per_year_and_not_for_a_return(
    database: Database[dict[str, Any]],
) -> None:
    line: dict[str, Any] = {"CustomerID": 1, "StockCode": "a", "UnitPrice": 1.0}
    order = {**line, "Quantity": 1}
    lines = [
        {**order, "InvoiceNo": "1", "InvoiceDate": START - timedelta(days=364)},
        {**order, "InvoiceNo": "2", "InvoiceDate": START},
        {**order, "InvoiceNo": "3", "InvoiceDate": START + timedelta(days=30, hours=23)},
        {**line, "InvoiceNo": "C4", "Quantity": -1, "InvoiceDate": START + timedelta(days=60)},
    ]
    (customer,) = features(database, lines).values()
    assert (customer["Frequency"], customer["active_months"]) == (3, 2)


def test_a_customer_seen_once_has_tenure_equal_to_recency(database: Database[dict[str, Any]]) -> None:
    line = {"CustomerID": 1, "InvoiceNo": "1", "StockCode": "a", "Quantity": 1, "UnitPrice": 1.0, "InvoiceDate": START}
    (customer,) = features(database, [line]).values()
    assert customer["Recency"] == customer["Tenure"] == 100

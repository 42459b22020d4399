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

# Invoices of any name are orders, unless their lines are marked; instants include the seconds around as_of.
INSTANTS = st.one_of(
    st.integers(0, 200 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds)),
    st.sampled_from([AS_OF - timedelta(seconds=1), AS_OF, AS_OF + timedelta(seconds=1)]),
)
LINE = st.fixed_dictionaries(
    {
        "InvoiceNo": st.sampled_from(["1", "2", "3", "C1", "C2", "A1"]),
        "Quantity": st.sampled_from([-5, -1, -0.255, 0, 0.255, 1, 2, 12]),
        "UnitPrice": st.sampled_from([-10.0, -1.0, 0.0, 1e-10, 0.001, 0.1, 2.55, 1000.0]),
        "InvoiceDate": INSTANTS,
    },
    optional={
        "CustomerID": st.integers(1, 4),
        "StockCode": st.sampled_from("abcde"),
        "Total": st.sampled_from([0.01, -2.56, 999.99]),
        "State": st.just("pending"),
        "Cancelled": st.sampled_from([True]),
    },
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
    mine = [
        line
        for line in lines
        if line.get("CustomerID") == customer_id and line["InvoiceDate"] < AS_OF and "State" not in line
    ]
    bought = [line for line in mine if not is_return(line) and line["Quantity"] > 0 and line["UnitPrice"] > 0]
    if not bought:
        return {}
    returned = [line for line in mine if is_return(line)]
    matched = [line for line in returned if is_of_an_earlier_purchase(line, bought)]
    frequency = len({(line["InvoiceNo"], line["InvoiceDate"].date()) for line in bought})
    monetary = sum(map(worth, bought))
    return {
        "Frequency": frequency,
        "Monetary": monetary,
        "AvgOrderValue": monetary / frequency,
        "Recency": floor((AS_OF - max(line["InvoiceDate"] for line in bought)) / timedelta(days=1)),
        "Tenure": floor((AS_OF - min(line["InvoiceDate"] for line in bought)) / timedelta(days=1)),
        "net_monetary": monetary - sum(map(worth, returned)),
        "returns": len({(line["InvoiceNo"], line["InvoiceDate"].date()) for line in returned}),
        "active_months": len({(line["InvoiceDate"].year, line["InvoiceDate"].month) for line in bought}),
        "month": AS_OF.month,
        "distinct_products": len({line["StockCode"] for line in bought if "StockCode" in line}),
        "unmatched_returns": len(returned) - len(matched),
        "matched_returned": sum(map(worth, matched)),
    }


def is_return(line: dict[str, Any]) -> bool:
    taken_back = line["Quantity"] < 0 or (line["UnitPrice"] < 0 and line["Quantity"] > 0)
    return taken_back or "Cancelled" in line


def worth(line: dict[str, Any]) -> float:
    total: float = line.get("Total", line["Quantity"] * line["UnitPrice"])
    return abs(total)


def is_of_an_earlier_purchase(returned: dict[str, Any], bought: Lines) -> bool:
    """Return whether the product was bought by then; without a product nothing is held against the return."""
    return "StockCode" not in returned or any(
        line.get("StockCode") == returned["StockCode"] and line["InvoiceDate"].date() <= returned["InvoiceDate"].date()
        for line in bought
    )


def lines_of(*rows: tuple[str, str, float, float]) -> Lines:
    at = {"CustomerID": 1, "InvoiceDate": START}
    return [
        {**at, "InvoiceNo": no, "StockCode": code, "Quantity": n, "UnitPrice": price} for no, code, n, price in rows
    ]


def test_a_discount_line_lowers_what_the_customer_is_worth_and_is_no_order(
    database: Database[dict[str, Any]],
) -> None:
    lines = lines_of(("3101", "LIN", 2, 14.0), ("3101", "SOAP", 1, 14.0), ("3103", "SOAP", 3, 14.0))
    (customer,) = features(database, [*lines, *lines_of(("3101", "DISC", 1, -10.0))]).values()
    assert (customer["Frequency"], customer["Monetary"], customer["net_monetary"]) == (2, 84.0, 74.0)


def test_an_invoice_of_nothing_but_a_negative_price_is_a_return(database: Database[dict[str, Any]]) -> None:
    lines = lines_of(("3102", "OAK", 1, 1240.5), ("3106", "SOAP", 10, 12.6), ("3108", "OAK", 1, -1240.5))
    (customer,) = features(database, lines).values()
    assert (customer["Frequency"], customer["Monetary"], customer["net_monetary"]) == (2, 1366.5, 126.0)
    assert (customer["returns"], customer["unmatched_returns"]) == (1, 0)


def test_a_weighed_quantity_counts_in_full(database: Database[dict[str, Any]]) -> None:
    (customer,) = features(database, lines_of(("3105", "CUP", 2, 3.25), ("3109", "OLV", 0.255, 20.0))).values()
    assert (customer["Frequency"], customer["Monetary"]) == (2, 11.6)


def test_a_stated_total_is_the_lines_value(database: Database[dict[str, Any]]) -> None:
    lines = [line | {"Total": 10.0} for line in lines_of(("1", "a", 3, 3.33))]
    (customer,) = features(database, lines).values()
    assert customer["Monetary"] == 10.0


def test_an_order_that_does_not_stand_counts_nowhere(database: Database[dict[str, Any]]) -> None:
    lines = [line | {"State": "cancelled"} for line in lines_of(("1", "a", 1, 5.0), ("1", "a", -1, 5.0))]
    assert features(database, lines) == {}
    (customer,) = features(database, [*lines, *lines_of(("2", "b", 1, 5.0))]).values()
    assert (customer["Frequency"], customer["net_monetary"], customer["returns"]) == (1, 5.0, 0)


def test_a_refund_that_does_not_say_of_what_is_no_unmatched_return(database: Database[dict[str, Any]]) -> None:
    refund = {"CustomerID": 1, "InvoiceNo": "1", "Quantity": -1, "UnitPrice": 2.0, "InvoiceDate": START}
    (customer,) = features(database, [*lines_of(("1", "a", 1, 5.0)), refund]).values()
    assert (customer["unmatched_returns"], customer["matched_returned"]) == (0, 2.0)
    assert customer["net_monetary"] == 3.0


def test_the_letter_of_an_invoice_says_nothing_without_its_mark(database: Database[dict[str, Any]]) -> None:
    lines = lines_of(("CA-2016-1", "a", 1, 5.0), ("C3102", "a", 1, 5.0))
    (customer,) = features(database, lines).values()
    assert (customer["Frequency"], customer["net_monetary"]) == (2, 10.0)
    (customer,) = features(database, [lines[0], lines[1] | {"Cancelled": True}]).values()
    assert (customer["Frequency"], customer["net_monetary"], customer["returns"]) == (1, 0.0, 1)


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

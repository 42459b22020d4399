from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from bundles import KEY, VERSION
from pydantic import TypeAdapter
from serving import CLOCK, ORDERS, InMemoryCustomers, UnreachableCustomers

from inference.docs.recorded import examples_of
from inference.prediction.responses import CustomerAnswer
from retention.registry.bundle import read_bundle
from retention.scoring.churn import sigmoid

if TYPE_CHECKING:
    import httpx
    from serving import Models, Serve

pytestmark = pytest.mark.anyio

THREE = examples_of("predict_churn")["three"]["request"]["body"]
FIVE = examples_of("predict_churn")["five"]["request"]["body"]


async def test_the_answer_has_the_shape_of_the_contract(api: httpx.AsyncClient) -> None:
    answer = await api.post("/predict_churn_by_id", json={"customer_id": 12347}, headers={"X-Request-ID": "r-1"})

    assert answer.status_code == 200
    content = answer.json()
    assert list(content) == ["customer_id", "features", "prediction", "segment", "explanation", "meta"]
    assert content["features"] == {
        "Frequency": 2, "Monetary": 350.5, "AvgOrderValue": 175.25, "Recency": 2, "Tenure": 338,
    }  # fmt: skip
    assert set(content["prediction"]) == {
        "churn_probability", "churn_prediction", "threshold", "horizon_days", "interval", "confidence", "evidence",
    }  # fmt: skip
    assert set(content["prediction"]["interval"]) == {"level", "low", "high"}
    assert set(content["segment"]) == {"cluster", "segment", "action", "offer"}
    assert set(content["explanation"]) == {"base_log_odds", "contributions", "counterfactual"}
    assert content["meta"] == {
        "as_of": "2011-12-10T00:00:00Z", "model_version": VERSION, "data_age_days": 0, "stale": False,
        "currency": "GBP", "time_zone": "UTC", "request_id": "r-1",
    }  # fmt: skip


@pytest.mark.parametrize("explain", [True, False])
@pytest.mark.parametrize("as_of", [None, "2011-12-05T00:00:00Z"])
@pytest.mark.parametrize("customer_id", [12347, 12348, 12378])
async def test_what_is_written_without_validation_is_what_is_documented(
    api: httpx.AsyncClient, customer_id: int, as_of: str | None, explain: bool
) -> None:
    question = {"customer_id": customer_id, "as_of": as_of, "explain": explain}
    answer = await api.post("/predict_churn_by_id", json=question)

    assert answer.headers["content-type"] == "application/json"
    assert TypeAdapter(CustomerAnswer).validate_json(answer.content, strict=True) == answer.json()


async def test_whole_numbers_stay_whole(api: httpx.AsyncClient) -> None:
    answer = await api.post("/predict_churn_by_id", json={"customer_id": 12347})

    assert '"Frequency":2,"Monetary":350.5' in answer.text
    assert '"Recency":2,"Tenure":338' in answer.text
    assert '"churn_prediction":1' in answer.text or '"churn_prediction":0' in answer.text


@pytest.mark.parametrize("customer_id", [12347, 12348])
async def test_base_and_contributions_sum_to_the_log_odds(api: httpx.AsyncClient, customer_id: int) -> None:
    answer = (await api.post("/predict_churn_by_id", json={"customer_id": customer_id})).json()

    probability = answer["prediction"]["churn_probability"]
    explanation = answer["explanation"]
    total = explanation["base_log_odds"] + math.fsum(c["contribution"] for c in explanation["contributions"])
    assert abs(total - math.log(probability / (1 - probability))) <= 1e-9


async def test_the_answer_is_the_bundles_own_arithmetic(api: httpx.AsyncClient, models: Models) -> None:
    answer = (await api.post("/predict_churn_by_id", json={"customer_id": 12347})).json()

    model = read_bundle(models.registry.folder(VERSION), KEY).churn
    prediction = answer["prediction"]
    features = answer["features"] | {"month": 12}
    assert prediction["churn_probability"] == model.probability(features)
    assert (prediction["interval"]["low"], prediction["interval"]["high"]) == model.interval(features)
    assert prediction["churn_prediction"] == int(prediction["churn_probability"] >= prediction["threshold"])


@pytest.mark.parametrize(
    ("as_of", "evidence", "text"),
    [
        ("2011-12-10T00:00:00Z", "single_order",
         ("one order, 9 days ago, of 1 product; 48% of 120 such customers did not return within 90 days: "
         "lowers the risk")),
        ("2012-12-10T00:00:00Z", "lapsed",
         ("one order, 375 days ago, of 1 product; 74% of 290 such customers did not return within 90 days: "
         "raises the risk")),
    ],
)  # fmt: skip
async def test_a_single_order_has_one_reason_and_the_rate_of_its_like(
    api: httpx.AsyncClient, models: Models, as_of: str, evidence: str, text: str
) -> None:
    answer = (await api.post("/predict_churn_by_id", json={"customer_id": 12348, "as_of": as_of})).json()

    model = read_bundle(models.registry.folder(VERSION), KEY).churn
    cell = model.single_order.cell(answer["features"] | {"distinct_products": 1})
    december = model.season[11].log_odds
    prediction, (reason,) = answer["prediction"], answer["explanation"]["contributions"]
    assert prediction["churn_probability"] == sigmoid(cell.log_odds + december)
    assert prediction["interval"]["low"] < sigmoid(cell.low + december)  # the season is not certain either
    assert prediction["interval"]["high"] > sigmoid(cell.high + december)
    assert prediction["evidence"] == evidence
    assert answer["explanation"]["base_log_odds"] == model.single_order.base_log_odds + december
    assert (reason["feature"], reason["value"]) == ("Recency", answer["features"]["Recency"])
    assert reason["text"] == text


async def test_the_largest_reason_comes_first(api: httpx.AsyncClient) -> None:
    answer = (await api.post("/predict_churn_by_id", json={"customer_id": 12347})).json()

    sizes = [abs(reason["contribution"]) for reason in answer["explanation"]["contributions"]]
    assert sizes == sorted(sizes, reverse=True)


async def test_reasons_are_left_out_when_not_wanted(api: httpx.AsyncClient) -> None:
    answer = await api.post("/predict_churn_by_id", json={"customer_id": 12347, "explain": False})

    assert answer.json()["explanation"] is None


async def test_a_past_instant_sees_no_later_order(api: httpx.AsyncClient) -> None:
    question = {"customer_id": 12347, "as_of": "2011-09-10T00:00:00Z"}
    answer = (await api.post("/predict_churn_by_id", json=question)).json()

    assert answer["meta"]["as_of"] == "2011-09-10T00:00:00Z"
    assert answer["features"]["Frequency"] == 1


@pytest.mark.parametrize(
    "as_of", ["2011-09-10T00:00:00.000Z", "2011-09-10t00:00:00z", "2011-09-10T02:00:00+02:00", None]
)
async def test_an_instant_may_be_written_in_every_way_of_rfc_3339(api: httpx.AsyncClient, as_of: str | None) -> None:
    answer = await api.post("/predict_churn_by_id", json={"customer_id": 12347, "as_of": as_of})

    assert answer.json()["meta"]["as_of"] == ("2011-12-10T00:00:00Z" if as_of is None else "2011-09-10T00:00:00Z")


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"customer_id": 99999}, "customer_not_found"),
        ({"customer_id": 2**63 - 1}, "customer_not_found"),
        ({"customer_id": 12349}, "no_orders"),
        ({"customer_id": 12348, "as_of": "2011-01-01T00:00:00Z"}, "customer_not_found"),
    ],
)
async def test_who_cannot_be_predicted_is_a_404(api: httpx.AsyncClient, question: dict[str, object], code: str) -> None:
    answer = await api.post("/predict_churn_by_id", json=question)

    assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert "retry-after" not in answer.headers


async def test_the_wall_clock_asks_as_of_today_and_counts_from_the_data(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(CLOCK="wall", STALE_AFTER_DAYS="1") as api:
        meta = (await api.post("/predict_churn_by_id", json={"customer_id": 12347})).json()["meta"]

    assert meta["as_of"] == "2011-12-12T00:00:00Z"
    assert (meta["data_age_days"], meta["stale"]) == (2, True)


async def test_figures_alone_are_answered_and_what_was_assumed_is_named(api: httpx.AsyncClient) -> None:
    answer = await api.post("/predict_churn", json=THREE)

    assert answer.status_code == 200
    content = answer.json()
    assert content["assumed"] == ["Recency", "Tenure"]
    assert 0 < content["interval"]["low"] < content["churn_probability"] < content["interval"]["high"] < 1
    assert set(content["meta"]) == {"model_version", "currency", "request_id"}


async def test_figures_given_whole_assume_nothing(api: httpx.AsyncClient) -> None:
    content = (await api.post("/predict_churn", json=FIVE)).json()

    assert content["assumed"] == []
    assert content["evidence"] == "repeat"


@pytest.mark.parametrize("extreme", [
    {"Frequency": 1, "Monetary": 1e12, "AvgOrderValue": 1e12, "Recency": 100_000, "Tenure": 100_000},
    {"Frequency": 10**9, "Monetary": 1e12, "AvgOrderValue": 1000, "Recency": 0, "Tenure": 0},
    {"Frequency": 1, "Monetary": 5e-324, "AvgOrderValue": 5e-324},
])  # fmt: skip
async def test_extreme_figures_give_finite_answers(api: httpx.AsyncClient, extreme: dict[str, float]) -> None:
    answer = await api.post("/predict_churn", json=extreme)

    assert answer.status_code == 200
    assert 0 <= answer.json()["churn_probability"] <= 1


SEEN = {"Frequency": 50, "Monetary": 100.0, "AvgOrderValue": 2.0, "Recency": 0, "Tenure": 100}  # within 0…100


@pytest.mark.parametrize(
    ("beyond", "confidence"),
    [
        ({}, "high"),
        ({"Monetary": 100.01}, "low"),
        ({"Tenure": 101}, "low"),
        ({"Frequency": 101, "AvgOrderValue": 0.99}, "low"),
        ({"Recency": 101, "Tenure": 102}, "low"),
    ],
)
async def test_a_figure_that_no_customer_has_is_answered_with_low_confidence(
    api: httpx.AsyncClient, beyond: dict[str, float], confidence: str
) -> None:
    answer = (await api.post("/predict_churn", json=SEEN | beyond)).json()

    assert answer["interval"]["high"] < answer["threshold"]
    assert answer["confidence"] == confidence


async def test_an_answer_that_stands_on_assumptions_is_no_more_than_fairly_sure(api: httpx.AsyncClient) -> None:
    given = {name: SEEN[name] for name in ("Frequency", "Monetary", "AvgOrderValue")}
    answer = (await api.post("/predict_churn", json=given)).json()

    assert answer["assumed"] == ["Recency", "Tenure"]
    assert answer["confidence"] == "medium"


async def test_figures_need_no_database(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(UnreachableCustomers(ORDERS)) as api:
        answer = await api.post("/predict_churn", json=THREE)

    assert answer.status_code == 200


async def test_far_outside_of_what_any_customer_was_confidence_is_low(serve: Serve, models: Models) -> None:
    models.publish(VERSION, base_log_odds=-8.0)
    orders = {
        days: [(CLOCK - timedelta(days=days + more), 50.0) for more in (1, 2)]
        for days in (90, 140, 160)  # the most that any of the bundle's customers had is 100
    }
    async with serve(InMemoryCustomers(orders)) as api:
        answers = [(await api.post("/predict_churn_by_id", json={"customer_id": days})).json() for days in orders]

    assert [answer["prediction"]["confidence"] for answer in answers] == ["high", "high", "low"]

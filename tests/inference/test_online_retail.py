"""The API over the real Online Retail: every customer answered, and no more memory than it is given."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import pymongo
import pytest
from api_process import running, within
from online_retail import needs_online_retail
from shops import KEY

from retention.features import pipelines
from retention.registry.bundle import Bundle, read_bundle
from retention.registry.versions import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from api_process import Running
    from pymongo.database import Database
    from shops import Shop

    Documents = Database[dict[str, Any]]

pytestmark = needs_online_retail

CLOCK = datetime(2011, 12, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def api(real_shop: Shop, real_models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    variables = {
        "DB_NAME": real_shop.db_name,
        "MODELS_DIR": str(real_models_dir),
        "MODEL_SIGNING_KEY_FILE": str(real_models_dir.parent / "signing_key"),
        "LOG_LEVEL": "warning",
    }
    with running(variables, real_shop.mongo_uri, tmp_path_factory.mktemp("api") / "log") as process:
        within(10, lambda: process.http.get("/readyz").is_success)
        yield process


@pytest.fixture(scope="module")
def database(real_shop: Shop) -> Iterator[Documents]:
    with pymongo.MongoClient[dict[str, Any]](real_shop.mongo_uri, tz_aware=True) as client:
        yield client[real_shop.db_name]


@pytest.fixture(scope="module")
def bundle(real_models_dir: Path) -> Bundle:
    registry = Registry(real_models_dir)
    return read_bundle(registry.folder(registry.champion()), KEY)


def test_customer_12347_is_as_the_contract_says(api: Running) -> None:
    answer = api.http.post("/predict_churn_by_id", json={"customer_id": 12347}).json()
    expected = {"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.71, "Recency": 2, "Tenure": 367}
    assert answer["features"] == expected
    assert answer["meta"]["as_of"] == "2011-12-10T00:00:00Z"


@pytest.fixture(scope="module")
def customers(database: Documents) -> list[dict[str, Any]]:
    return list(database["customers"].find())


@pytest.fixture(scope="module")
def answers(api: Running, customers: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """What the API says of every customer."""
    ids = [customer["_id"] for customer in customers]
    return {one: api.http.post("/predict_churn_by_id", json={"customer_id": one}).json() for one in ids}


def test_every_customer_gets_the_published_numbers_own_probability_and_reasons_that_add_up(
    answers: dict[int, dict[str, Any]], customers: list[dict[str, Any]], real_models_dir: Path
) -> None:
    registry = Registry(real_models_dir)
    numbers = json.loads((registry.folder(registry.champion()) / "churn.json").read_bytes())["by_id"]
    assert len(customers) == 4_338
    for customer in customers:
        answer = answers[customer["_id"]]
        probability = answer["prediction"]["churn_probability"]
        explanation = answer["explanation"]
        told = explanation["base_log_odds"] + sum(reason["contribution"] for reason in explanation["contributions"])
        expected = log_odds_by_hand(numbers, customer)
        assert abs(math.log(probability / (1 - probability)) - told) <= 1e-9, customer["_id"]
        assert abs(told - expected) <= 1e-9, customer["_id"]
        assert abs(probability - 1 / (1 + math.exp(-expected))) <= 1e-9, customer["_id"]
        assert answer["prediction"]["churn_prediction"] == int(probability >= numbers["threshold"])


def log_odds_by_hand(numbers: dict[str, Any], customer: dict[str, Any]) -> float:
    """Compute the log-odds from churn.json with nothing but Python."""
    log_odds: float = numbers["season"][customer["month"] - 1]["log_odds"]
    if customer["Frequency"] > 1:
        several = numbers["several_orders"]
        log_odds += several["base_log_odds"]
        for term in several["terms"]:
            log_odds += term["weight"] * (math.log(1 + customer[term["feature"]]) - term["mean"])
        return log_odds
    for cell in numbers["single_order"]["cells"]:
        recent = cell["recency_below"] is None or customer["Recency"] < cell["recency_below"]
        narrow = cell["products_below"] is None or customer["distinct_products"] < cell["products_below"]
        if recent and narrow:
            return log_odds + cell["log_odds"]  # type: ignore[no-any-return]
    raise AssertionError("the last cell holds everybody")


Promised: TypeAlias = dict[int, dict[str, Any]]


@pytest.fixture(scope="module")
def promised(answers: dict[int, dict[str, Any]]) -> Promised:
    """The order that would keep each customer who leaves and for whom there is one."""
    every = {one: answer["explanation"]["counterfactual"] for one, answer in answers.items()}
    return {one: order for one, order in every.items() if order}


def test_every_customer_who_leaves_is_offered_one_order_and_nobody_else(
    answers: dict[int, dict[str, Any]], promised: Promised
) -> None:
    leaving = {one for one, answer in answers.items() if answer["prediction"]["churn_prediction"]}
    assert promised.keys() <= leaving
    assert len(promised) >= 0.99 * len(leaving)


# In words: the first and the last moment of the first, the last and other days; what was bought before, or new; the
# least value, or far more.
PLACED = {
    "on the last day of the data": (-1, 43_200, False, 1),
    "on the first midnight": (0, 0, False, 1),
    "on the first day, something new": (0, 86_399, True, 1),
    "in the middle, of a fortune": (3, 43_200, False, 1_000),
    "on the last midnight": (6, 0, False, 1),
    "on the last day, late, something new": (6, 86_399, True, 1),
}


@pytest.mark.parametrize("placed", PLACED.values(), ids=PLACED)
def test_the_order_keeps_every_customer_it_is_promised_of(
    database: Documents, bundle: Bundle, promised: Promised, placed: tuple[int, int, bool, float]
) -> None:
    day, seconds, new, times = placed
    after = probabilities_after(
        database, bundle, {one: times * order["order_value"] for one, order in promised.items()}, day, seconds, new=new
    )
    assert after.keys() == promised.keys()
    assert [one for one, probability in after.items() if probability >= bundle.churn.threshold] == []
    assert all(probability <= promised[one]["churn_probability"] + 1e-12 for one, probability in after.items())


def test_without_the_order_or_with_a_smaller_one_than_is_asked_for_they_leave(
    database: Documents, bundle: Bundle, promised: Promised, customers: list[dict[str, Any]]
) -> None:
    ids = list(promised)
    without = database["orders"].aggregate(pipelines.customers(CLOCK + timedelta(days=7), ids))
    assert all(bundle.churn.probability(customer) >= bundle.churn.threshold for customer in without)

    usual = {customer["_id"]: math.ceil(customer["AvgOrderValue"]) for customer in customers}
    more = {one: order["order_value"] for one, order in promised.items() if order["order_value"] > usual[one]}
    less = {one: round(0.9 * value, 2) for one, value in more.items()}
    after = probabilities_after(database, bundle, less, 6, 0, new=False)
    assert len(more) > 100
    assert sum(probability >= bundle.churn.threshold for probability in after.values()) >= 0.9 * len(more)


def probabilities_after(
    database: Documents, bundle: Bundle, values: Mapping[int, float], day: int, seconds: int, *, new: bool
) -> dict[int, float]:
    """Return what the bundle says the day after each customer has placed one order of its value, by the pipelines."""
    orders = {"$match": {"_id.kind": "order"}}
    known = {"$group": {"_id": "$_id.customer_id", "product": {"$first": {"$first": "$products"}}}}
    bought = {found["_id"]: found["product"] for found in database["orders"].aggregate([orders, known])}
    at = CLOCK + timedelta(days=day, seconds=seconds)
    lines = [
        {
            "CustomerID": one, "InvoiceNo": "another", "StockCode": "new" if new else bought[one],
            "Quantity": 1, "UnitPrice": value, "InvoiceDate": at,
        }
        for one, value in values.items()
    ]  # fmt: skip
    placed = {"$unionWith": {"pipeline": [{"$documents": lines}, *pipelines.orders()]}}
    as_of = CLOCK + timedelta(days=day + 1)
    found = database["orders"].aggregate([placed, *pipelines.customers(as_of, list(values))])
    return {customer["_id"]: bundle.churn.probability(customer) for customer in found}


def test_a_customer_with_returns_alone_has_no_orders(api: Running, real_shop: Shop) -> None:
    with pymongo.MongoClient[dict[str, Any]](real_shop.mongo_uri) as client:
        db = client[real_shop.db_name]
        known = set(db["transactions"].distinct("CustomerID"))
        without = sorted(known - set(db["customers"].distinct("_id")))
    assert len(without) == 34
    for customer_id in without:
        answer = api.http.post("/predict_churn_by_id", json={"customer_id": customer_id})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_orders")


def test_the_card_of_a_trained_model_leaves_nothing_unsaid(api: Running, bundle: Bundle) -> None:
    answer = api.http.get("/model")
    card = answer.json()
    assert answer.status_code == 200
    assert [name for name, value in card.items() if value is None] == []
    assert card["metrics"] == {name: bundle.manifest["metrics"][name] for name in card["metrics"]}
    assert card["data_clock"] == bundle.manifest["clock"]
    assert card["threshold"] == bundle.manifest["threshold"]


def test_the_process_has_at_most_90_mb(api: Running) -> None:
    assert api.predict()[0] == 200
    assert api.rss_kb() <= 90_000

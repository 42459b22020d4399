"""The API over the real Online Retail: every customer answered, and no more memory than it is given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from api_process import running, within
from online_retail import needs_online_retail
from shops import KEY

from retention.bundle import Bundle, read_bundle
from retention.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from api_process import Running
    from shops import Shop

pytestmark = needs_online_retail


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
def bundle(real_models_dir: Path) -> Bundle:
    registry = Registry(real_models_dir)
    return read_bundle(registry.folder(registry.champion()), KEY)


def test_customer_12347_is_as_the_contract_says(api: Running) -> None:
    answer = api.http.post("/predict_churn_by_id", json={"customer_id": 12347}).json()
    expected = {"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.71, "Recency": 2, "Tenure": 367}
    assert answer["features"] == expected
    assert answer["meta"]["as_of"] == "2011-12-10T00:00:00Z"


def test_every_customer_gets_the_formulas_own_probability_and_reasons_that_add_up(
    api: Running, bundle: Bundle, real_shop: Shop
) -> None:
    with pymongo.MongoClient[dict[str, Any]](real_shop.mongo_uri) as client:
        customers = list(client[real_shop.db_name]["customers"].find())
    assert len(customers) == 4_338
    for customer in customers:
        answer = api.http.post("/predict_churn_by_id", json={"customer_id": customer["_id"]}).json()
        probability = answer["prediction"]["churn_probability"]
        explanation = answer["explanation"]
        told = explanation["base_log_odds"] + sum(reason["contribution"] for reason in explanation["contributions"])
        assert abs(probability - bundle.churn.probability(customer)) <= 1e-9, customer["_id"]
        assert abs(math.log(probability / (1 - probability)) - told) <= 1e-9, customer["_id"]


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
    assert api.status("VmRSS") <= 90_000

"""The order that is promised to keep a customer, really placed: posted, and the same question asked again."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import pymongo
import pytest
from api_process import running, within
from shops import seeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_process import Running
    from shops import Shop

    Answer = dict[str, Any]

ASKED: Final = 60


@pytest.fixture(scope="module")
def shop(mongo_uri: str) -> Iterator[Shop]:
    """An invented shop of this module's own: lines are posted to it."""
    with seeded(mongo_uri, "synthetic", "--rows", "40000") as shop:
        yield shop


@pytest.fixture(scope="module")
def api(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The API over it, with a model trained on it."""
    folder = tmp_path_factory.mktemp("api")
    shop.train(folder / "models")
    variables = {
        "DB_NAME": shop.db_name,
        "MODELS_DIR": str(folder / "models"),
        "MODEL_SIGNING_KEY_FILE": str(folder / "signing_key"),
        "LOG_LEVEL": "warning",
    }
    with running(variables, shop.mongo_uri, folder / "log") as process:
        within(10, lambda: process.http.get("/readyz").is_success)
        yield process


def ask(api: Running, customer_id: int, **question: Any) -> Answer:
    answer: Answer = api.http.post("/predict_churn_by_id", json={"customer_id": customer_id, **question}).json()
    return answer


@pytest.fixture(scope="module")
def leaving(api: Running, shop: Shop) -> list[Answer]:
    """Customers who count as leaving, a sample of each number of orders."""
    with pymongo.MongoClient[dict[str, Any]](shop.mongo_uri) as client:
        every = list(client[shop.db_name]["customers"].find({}, {"Frequency": 1}).sort("_id"))
    seen = Counter[int]()
    found = []
    for customer in every:
        answer = ask(api, customer["_id"])
        if answer["prediction"]["churn_prediction"] and seen[customer["Frequency"]] < ASKED // 3:
            seen[customer["Frequency"]] += 1
            found.append(answer)
    return found[:: max(1, len(found) // ASKED)]


# Day after as_of, hour, what part of the value each line is, and what the lines are of.
PLACED: Final = (
    (0, "T00:00:00Z", (1.0,), ("new",)),
    (6, "T00:00:00Z", (1.0,), ("bought",)),
    (6, "T23:59:59Z", (0.5, 0.5), ("bought", "new")),
    (3, "T12:30:00Z", (0.25, 0.25, 5.0), ("bought", "bought", "new")),
    (0, "", (1.0,), ("bought",)),  # a day alone
)


@pytest.fixture(scope="module")
def kept(api: Running, leaving: list[Answer], shop: Shop) -> list[tuple[Answer, Answer]]:
    """The answers about those customers to whom an order is promised, before it is placed and after."""
    promised = [answer for answer in leaving if answer["explanation"]["counterfactual"]]
    with pymongo.MongoClient[dict[str, Any]](shop.mongo_uri) as client:
        lines = client[shop.db_name]["transactions"]
        bought = {answer["customer_id"]: bought_by(lines, answer["customer_id"]) for answer in promised}
    for before, order in zip(promised, cycle(PLACED)):
        place(api, before, order, bought[before["customer_id"]])
    return [(before, ask(api, before["customer_id"])) for before in promised]


def bought_by(lines: Any, customer_id: int) -> str:
    bought = {"CustomerID": customer_id, "Quantity": {"$gt": 0}, "UnitPrice": {"$gt": 0}}
    product: str = lines.find_one(bought)["StockCode"]
    return product


def place(api: Running, before: Answer, order: tuple[Any, ...], bought: str) -> None:
    day, hour, parts, products = order
    as_of = datetime.fromisoformat(before["meta"]["as_of"])
    value = before["explanation"]["counterfactual"]["order_value"]
    lines = [
        {
            "InvoiceNo": f"N{before['customer_id']}", "StockCode": f"{product}{number}" if product == "new" else bought,
            "Description": "THING", "Quantity": 1, "InvoiceDate": f"{as_of + timedelta(days=day):%Y-%m-%d}{hour}",
            "UnitPrice": value * part, "CustomerID": before["customer_id"], "Country": "France",
        }
        for number, (part, product) in enumerate(zip(parts, products, strict=True))
    ]  # fmt: skip
    answer = api.http.post("/transactions", json=lines)
    assert answer.status_code == 200, answer.text
    assert answer.json()["inserted"] == len(lines)


def test_the_order_that_is_promised_to_keep_a_customer_does(kept: list[tuple[Answer, Answer]]) -> None:
    assert len(kept) >= ASKED // 2
    for before, after in kept:
        assert after["features"]["Frequency"] == before["features"]["Frequency"] + 1
        assert after["prediction"]["churn_prediction"] == 0, (before, after)
        promised = before["explanation"]["counterfactual"]["churn_probability"]
        assert after["prediction"]["churn_probability"] <= promised + 1e-12
        assert after["explanation"]["counterfactual"] is None, "who stays needs no order"


def test_what_was_posted_since_changes_no_answer_about_the_past(
    api: Running, kept: list[tuple[Answer, Answer]]
) -> None:
    """Nothing at or after as_of does: the answers of before, asked for again as of then, are the same to the letter."""
    for before, _ in kept:
        again = ask(api, before["customer_id"], as_of=before["meta"]["as_of"])
        assert {**again, "meta": None} == {**before, "meta": None}


def test_the_order_is_told_in_words(leaving: list[Answer]) -> None:
    for answer in leaving:
        counterfactual = answer["explanation"]["counterfactual"]
        if counterfactual:
            value, days = counterfactual["order_value"], counterfactual["within_days"]
            assert counterfactual["text"] == (
                f"one order of {value:,.2f} GBP or more within {days} days brings the risk below the threshold"
            )
            assert counterfactual["churn_probability"] < answer["prediction"]["threshold"]
            assert value == int(value) >= 1

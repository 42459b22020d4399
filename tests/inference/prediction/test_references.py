"""Customers by `customer_ref` in bodies, the look-up, and who may read contacts."""

from __future__ import annotations

import csv
import io
import logging
from typing import TYPE_CHECKING, Any

import pytest
from bundles import VERSION
from serving import CLOCK, NOW, ORDERS, InMemoryContacts, InMemoryCustomers, InMemoryRanking

from inference.http.keys import make_key
from inference.prediction.repository import DataState
from retention.lines.identity import hashed
from retention.store.shop import Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx
    from serving import Models, Serve

pytestmark = pytest.mark.anyio

KEY = "k" * 43
MAYA = "Maya@Fernhill.example"
NUMBER = hashed(KEY.encode(), MAYA.lower())
ZEROS = hashed(KEY.encode(), "0012347")
CUSTOMERS = {**ORDERS, NUMBER: ORDERS[12347], ZEROS: ORDERS[12348]}
LOOKUP = "/customers/lookup"
SCORE: dict[str, Any] = {
    "churn_probability": 0.5, "churn_prediction": 0, "evidence": "sparse", "cluster": 0, "segment": "Loyal High-Value",
    "Frequency": 2, "Monetary": 20.5, "AvgOrderValue": 10.25, "Recency": 3, "Tenure": 40, "as_of": CLOCK, "due": CLOCK,
    "model_version": VERSION,
}  # fmt: skip


class CustomersOf(InMemoryCustomers):
    """The customers of a shop."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(CUSTOMERS)
        self._shop = shop

    async def state(self) -> DataState:
        return DataState(CLOCK, NOW, self._shop)


@pytest.fixture
async def api(serve: Serve, models: Models) -> AsyncIterator[httpx.AsyncClient]:
    models.publish(VERSION)
    async with serve(InMemoryCustomers(CUSTOMERS), IDENTITY_KEY=KEY) as client:
        yield client


@pytest.mark.parametrize("reference", [MAYA, f"  {MAYA.upper()} "])
async def test_a_customer_is_predicted_by_the_e_mail_that_the_shop_knows(
    api: httpx.AsyncClient, reference: str
) -> None:
    by_ref = (await api.post("/predict_churn_by_id", json={"customer_ref": reference})).json()
    by_id = (await api.post("/predict_churn_by_id", json={"customer_id": NUMBER})).json()
    assert {**by_ref, "meta": 0} == {**by_id, "meta": 0}
    assert by_ref["customer_id"] == NUMBER


async def test_a_whole_number_is_its_own_reference(api: httpx.AsyncClient) -> None:
    answer = await api.post("/predict_churn_by_id", json={"customer_ref": "12347"})
    assert answer.json()["customer_id"] == 12347


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        ({}, "#/customer_id", "missing"),
        ({"customer_id": 12347, "customer_ref": MAYA}, "#/customer_ref", "one_of_two"),
        ({"customer_ref": ""}, "#/customer_ref", "string_too_short"),
        ({"customer_ref": None}, "#/customer_ref", "string_type"),
        ({"customer_ref": 12347}, "#/customer_ref", "string_type"),
        ({"customer_ref": "Guest"}, "#/customer_ref", "customer_ref_missing"),
        ({"customer_ref": "5.99E+12"}, "#/customer_ref", "customer_ref_shortened"),
        ({"customer_ref": "x" * 321}, "#/customer_ref", "string_too_long"),
    ],
)
async def test_exactly_one_customer_is_named(
    api: httpx.AsyncClient, body: dict[str, Any], place: str, code: str
) -> None:
    answer = await api.post("/predict_churn_by_id", json=body)
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(place, code)]


async def test_a_batch_by_references_names_each_of_them(api: httpx.AsyncClient) -> None:
    references = ["12347", "nobody@fernhill.example", MAYA, "12349"]
    content = (await api.post("/predict_churn_batch", json={"customer_refs": references})).json()
    assert [(each["customer_id"], each["customer_ref"]) for each in content["results"]] == [
        (12347, "12347"), (NUMBER, MAYA),
    ]  # fmt: skip
    assert [(each["customer_ref"], each["problem"]) for each in content["errors"]] == [
        ("nobody@fernhill.example", "customer_not_found"), ("12349", "no_orders"),
    ]  # fmt: skip


async def test_a_reference_of_nobody_in_a_batch_is_named_by_its_place(api: httpx.AsyncClient) -> None:
    answer = await api.post("/predict_churn_batch", json={"customer_refs": ["12347", "guest"]})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/customer_refs/1"]


async def test_the_look_up_resolves_a_reference(api: httpx.AsyncClient) -> None:
    assert (await api.post(LOOKUP, json={"customer_ref": MAYA})).json() == {"customer_id": NUMBER}
    assert (await api.post(LOOKUP, json={"customer_ref": "12349"})).json() == {"customer_id": 12349}


async def test_who_is_unknown_is_not_found_and_the_answer_and_log_repeat_nothing(
    api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await api.post(LOOKUP, json={"customer_ref": "stranger@fernhill.example"})
    assert (answer.status_code, answer.json()["code"]) == (404, "customer_not_found")
    assert "stranger" not in answer.text + caplog.text


async def test_a_reference_is_never_in_an_address(api: httpx.AsyncClient) -> None:
    assert (await api.get("/customers", params={"customer_ref": MAYA})).status_code == 422
    assert (await api.get(f"/customers/{MAYA}")).status_code == 422
    other = await api.get("/customers/lookup")
    assert (other.status_code, other.headers["allow"]) == (405, "POST")


async def test_without_the_key_text_ids_cannot_be_read_and_numbers_can(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve() as api:
        answer = await api.post(LOOKUP, json={"customer_ref": MAYA})
        assert (answer.status_code, answer.json()["code"]) == (409, "no_identity_key")
        assert (await api.post(LOOKUP, json={"customer_ref": "12347"})).status_code == 200


async def test_leading_zeros_and_labels_are_the_shops(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    shop = Shop("Europe/Berlin", "EUR", leading_zeros=True)
    async with serve(CustomersOf(shop), IDENTITY_KEY=KEY) as api:
        assert (await api.post(LOOKUP, json={"customer_ref": "0012347"})).json() == {"customer_id": ZEROS}
        content = (await api.post("/predict_churn_by_id", json={"customer_ref": "12347"})).json()
        assert (content["meta"]["currency"], content["meta"]["time_zone"]) == ("EUR", "Europe/Berlin")
        figures = {"Frequency": 2, "Monetary": 20.0, "AvgOrderValue": 10.0}
        assert (await api.post("/predict_churn", json=figures)).json()["meta"]["currency"] == "EUR"


@pytest.mark.parametrize(
    ("scopes", "reads"), [("read", False), ("admin", False), ("read,contacts", True), ("contacts", True)]
)
async def test_contacts_are_read_with_their_own_scope_alone(
    serve: Serve, models: Models, tmp_path: Path, scopes: str, reads: bool
) -> None:
    models.publish(VERSION)
    key, line = make_key("shop", scopes)
    keys = tmp_path / "keys"
    keys.write_text(f"{line}\n")
    ranking = InMemoryRanking([{"_id": NUMBER, **SCORE}, {"_id": 12347, **SCORE}])
    contacts = InMemoryContacts({NUMBER: MAYA})
    async with serve(InMemoryCustomers(CUSTOMERS), ranking=ranking, contacts=contacts, API_KEYS_FILE=str(keys)) as api:
        api.headers["X-API-Key"] = key
        items = (await api.get("/customers")).json()["items"]
        text = (await api.get("/customers", headers={"Accept": "text/csv"})).text
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        if reads:
            assert {each["customer_id"]: each["customer_ref"] for each in items} == {NUMBER: MAYA, 12347: None}
            assert {int(row["customer_id"]): row["customer_ref"] for row in rows} == {NUMBER: MAYA, 12347: ""}
            assert (await api.get("/customers/12347")).json()["customer_ref"] is None
        else:
            assert MAYA not in str(items) + text
            assert "customer_ref" not in items[0] | rows[0] | (await api.get("/customers/12347")).json()


async def test_a_shop_without_text_ids_has_no_such_field(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(ranking=InMemoryRanking([{"_id": 12347, **SCORE}])) as api:
        assert "customer_ref" not in (await api.get("/customers")).json()["items"][0]

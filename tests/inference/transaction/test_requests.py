"""What `POST /transactions` takes, and where it says that something is wrong. The database is a double."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bundles import VERSION
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_document import responses_of
from serving import UnreachableTransactions

from inference.docs.recorded import examples_of
from inference.transaction.requests import MAX_LINES

if TYPE_CHECKING:
    import httpx
    from serving import Models, Serve

pytestmark = pytest.mark.anyio

ECHO = "do-not-repeat-me"
LINE: dict[str, Any] = {
    "InvoiceNo": "536365", "StockCode": "A", "Description": "THING", "Quantity": 6,
    "InvoiceDate": "2010-12-01T08:26:00Z", "UnitPrice": 2.55, "CustomerID": 17850, "Country": "France",
}  # fmt: skip
JSON = {"Content-Type": "application/json"}


async def post(api: httpx.AsyncClient, content: Any, **headers: str) -> httpx.Response:
    return await api.post("/transactions", json=content, headers=headers)


def with_key(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


WRONG: dict[str, tuple[Any, str, str]] = {
    "no lines": ({"lines": []}, "#/lines", "line_count"),
    "no lines, bare": ([], "#", "line_count"),
    "one line too many": ([LINE] * (MAX_LINES + 1), "#", "line_count"),
    "an object without lines": ({}, "#/lines", "missing"),
    "a line without a list": (LINE, "#/lines", "missing"),
    "another field beside lines": ({"lines": [LINE], ECHO: 1}, "#", "unknown_field"),
    "lines are an object": ({"lines": LINE}, "#/lines", "list_type"),
    "a number": (0, "#", "list_type"),
    "text": (ECHO, "#", "list_type"),
    "a line is a list": ([LINE, [ECHO]], "#/1", "line_type"),
    "a line is null": ({"lines": [None]}, "#/lines/0", "line_type"),
    "an unknown field": ([LINE, {**LINE, ECHO: 1}], "#/1", "unknown_field"),
    "a field without a name": ([{**LINE, "": 1}], "#/0", "unknown_field"),
    "a field of a long name": ([{"Invoice" + " " * 1000 + "No": 1}], "#/0", "unknown_field"),
    "a field twice": ([{**LINE, "Invoice": ECHO}], "#/0", "repeated_field"),
    "a field in two cases": ([{**LINE, "stock_code": ECHO}], "#/0", "repeated_field"),
    "true": ([{**LINE, "Quantity": True}], "#/0/Quantity", "value_type"),
    "false": ({"lines": [LINE, {**LINE, "CustomerID": False}]}, "#/lines/1/CustomerID", "value_type"),
    "a list": ([{**LINE, "UnitPrice": [ECHO]}], "#/0/UnitPrice", "value_type"),
    "an object": ([{**LINE, "price": {"$gt": ECHO}, "UnitPrice": 1}], "#/0", "repeated_field"),
    "an operator": ([{**LINE, "InvoiceNo": {"$ne": ECHO}}], "#/0/InvoiceNo", "value_type"),
}


@pytest.mark.parametrize(("content", "pointer", "code"), WRONG.values(), ids=WRONG)
async def test_another_shape_is_refused_with_its_place(
    api: httpx.AsyncClient, content: Any, pointer: str, code: str
) -> None:
    answer = await post(api, content)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation")
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    assert ECHO not in answer.text


async def test_at_most_ten_places_are_named(api: httpx.AsyncClient) -> None:
    answer = await post(api, [{"Quantity": []}] * MAX_LINES)

    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{n}/Quantity" for n in range(10)]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"lines": [], "lines": []}', b"[NaN]", b"[" * 100_000])
async def test_what_is_no_json_is_refused(api: httpx.AsyncClient, body: bytes) -> None:
    answer = await api.post("/transactions", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "json_invalid")


async def test_another_media_type_is_a_415(api: httpx.AsyncClient) -> None:
    assert (await api.post("/transactions", content=b"[]", headers={"Content-Type": "text/csv"})).status_code == 415


async def test_a_body_may_have_a_mebibyte(api: httpx.AsyncClient) -> None:
    fits = await api.post("/transactions", content=json.dumps([LINE]).encode().ljust(1 << 20), headers=JSON)
    too_large = await api.post("/transactions", content=b" " * ((1 << 20) + 1), headers=JSON)

    assert fits.status_code == 200
    assert (too_large.status_code, too_large.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("spelling", ["Invoice", "invoice_no", "INVOICE NO", "invoiceno"])
async def test_names_are_read_as_those_of_columns(api: httpx.AsyncClient, spelling: str) -> None:
    line = {**LINE, spelling: LINE["InvoiceNo"]}
    del line["InvoiceNo"]

    assert (await post(api, [LINE])).json()["inserted"] == 1
    assert (await post(api, [line])).json()["duplicate"] == 1


async def test_a_number_and_its_text_are_one_value(api: httpx.AsyncClient) -> None:
    texts = {**LINE, "Quantity": "6", "UnitPrice": "2.550", "CustomerID": "17850.0", "InvoiceNo": 536365}

    await post(api, [LINE])
    assert (await post(api, {"lines": [texts]})).json()["duplicate"] == 1


REJECTED: list[tuple[dict[str, Any], str]] = [
    ({"InvoiceNo": None}, "InvoiceNo_missing"),
    ({"InvoiceNo": " "}, "InvoiceNo_missing"),
    ({"InvoiceNo": "x" * 1001}, "InvoiceNo_too_long"),
    ({"InvoiceNo": "a\0b"}, "InvoiceNo_unreadable"),
    ({"InvoiceNo": "\ud800"}, "InvoiceNo_unreadable"),
    ({"InvoiceDate": "13/12/2010 08:26"}, "InvoiceDate_unreadable"),
    ({"InvoiceDate": 1291191960}, "InvoiceDate_unreadable"),
    ({"InvoiceDate": "1899-12-31"}, "InvoiceDate_out_of_range"),
    ({"InvoiceDate": "2099-01-01"}, "InvoiceDate_out_of_range"),
    ({"Quantity": "1,5"}, "Quantity_unreadable"),
    ({"Quantity": 10**4000}, "Quantity_unreadable"),
    ({"Quantity": 2**31}, "Quantity_out_of_range"),
    ({"UnitPrice": "2,55"}, "UnitPrice_unreadable"),
    ({"CustomerID": -1}, "CustomerID_out_of_range"),
    ({"CustomerID": 2**63}, "CustomerID_out_of_range"),
]


@pytest.mark.parametrize(("values", "reason"), REJECTED, ids=lambda value: str(value)[:30])
async def test_what_cannot_be_understood_is_quarantined_by_reason(
    api: httpx.AsyncClient, values: dict[str, Any], reason: str
) -> None:
    # As bytes: a client may write half a character, and ours refuses to.
    body = json.dumps({"lines": [LINE, {**LINE, **values}, {**LINE, "Quantity": 7}]}).encode()
    answer = (await api.post("/transactions", content=body, headers=JSON)).json()

    assert (answer["rows_in"], answer["inserted"], answer["quarantined"]) == (3, 2, {reason: 1})
    assert answer["rejected"] == [{"pointer": "#/lines/1", "field": reason.partition("_")[0], "reason": reason}]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é", "a\tb"])
async def test_a_key_is_visible_ascii(api: httpx.AsyncClient, key: str) -> None:
    answer = await api.post("/transactions", json=[LINE], headers={b"Idempotency-Key": key.encode()})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "idempotency_key")


async def test_two_keys_are_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/transactions", json=[LINE], headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])

    assert answer.status_code == 422


async def test_an_unreachable_database_is_a_503_that_says_what_to_do(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(transactions=UnreachableTransactions()) as api:
        answer = await post(api, [LINE])

    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503, "database_unavailable", "1",
    )  # fmt: skip
    assert "same Idempotency-Key" in answer.json()["detail"]
    assert "secret" not in answer.text


async def test_every_documented_example_works(api: httpx.AsyncClient) -> None:
    random = {"load_id": "", "refreshed": []}  # and what the double does not derive
    for example in examples_of("transactions").values():
        answer = (await post(api, example["request"]["body"])).json()

        assert answer | random == example["answer"] | random


async def test_every_status_is_documented(api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    operation = document["paths"]["/transactions"]["post"]
    responses = responses_of(document, operation)

    assert set(responses) == {
        "200", "400", "401", "403", "408", "409", "413", "415", "422", "429", "431", "503",
    }  # fmt: skip
    assert {status for status, answer in responses.items() if "Retry-After" in answer.get("headers", {})} == {
        "429",
        "503",
    }
    assert len(operation["requestBody"]["content"]["application/json"]["schema"]["anyOf"]) == 2
    assert [parameter["name"] for parameter in operation["parameters"]] == ["Idempotency-Key"]


names = st.sampled_from([*LINE, "Invoice", "Price", "customer id", "Total"])
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12),
    st.sampled_from(["2010-12-01", "2010-12-01T08:26:00+01:00", "6", "17850", "536365", "1e400", 0, 1, -1]),
    st.lists(st.integers(), max_size=1),
)  # fmt: skip
good = st.builds(lambda **changes: LINE | changes, Quantity=st.integers(1, 3), CustomerID=st.integers(1, 3))
odd = st.builds(
    lambda name, value: LINE | {name: value},
    st.sampled_from(list(LINE)),
    st.one_of(st.none(), st.integers(), st.text(max_size=12), st.floats(allow_nan=False, allow_infinity=False)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(good | odd, min_size=1, max_size=30))
async def test_every_line_is_accounted_for(api: httpx.AsyncClient, lines: list[dict[str, Any]]) -> None:
    answer = (await post(api, lines)).json()

    assert answer["rows_in"] == len(lines)
    assert answer["rows_in"] == (
        answer["inserted"] + answer["duplicate"] + sum(answer["quarantined"].values()) + answer["erased"]
    )
    assert len(answer["rejected"]) == sum(answer["quarantined"].values())


anything = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
bodies = st.one_of(
    st.binary(max_size=300),
    st.lists(st.dictionaries(names, values, max_size=9), max_size=4).map(lambda lines: json.dumps(lines).encode()),
    anything.map(lambda value: json.dumps({"lines": value}).encode()),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies)
async def test_no_body_is_an_error_of_ours(api: httpx.AsyncClient, body: bytes) -> None:
    assert (await api.post("/transactions", content=body, headers=JSON)).status_code in {200, 422}

"""Every row of the contract's HTTP table, with every status that it answers: the shape to the letter."""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003 - a fixture's type
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
from bundles import VERSION
from drills.shop_api import Shop, seeded_shop
from pytest_socket import enable_socket

from embedded_mongod import free_port

if TYPE_CHECKING:
    from api_process import Running

pytestmark = pytest.mark.usefixtures("network")

PROBLEM = {"type", "title", "status", "detail", "instance", "code", "request_id", "errors"}
FIGURES = {"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.71}
NOBODY = 900_000_000
BY_ID = "/predict_churn_by_id"
BATCH = "/predict_churn_batch"
LINE = {
    "InvoiceNo": "1",
    "StockCode": "1",
    "Quantity": 1,
    "InvoiceDate": "2011-12-01",
    "UnitPrice": 1.0,
    "CustomerID": 12346,
}
META = {"as_of", "model_version", "data_age_days", "stale", "currency", "time_zone", "request_id"}
PREDICTION = {
    "churn_probability", "churn_prediction", "threshold", "horizon_days", "interval", "confidence", "evidence",
}  # fmt: skip
ANSWER = {"customer_id", "features", "prediction", "segment", "explanation", "meta"}
CHECKS = {"status", "checks"}
CARD = {"version", "trained_at", "champion_since", "windows", "features", "threshold", "metrics", "grade"}


class Row(NamedTuple):
    """A question, and the members that its answer has at least (the contract's; more may be added)."""

    method: str
    path: str
    body: Any = None
    members: frozenset[str] | set[str] = frozenset()
    personal: bool = True
    open: bool = False  # without a key
    scope: str = "read"


ROWS = [
    Row("GET", "/", members={"message"}, personal=False, open=True),
    Row("POST", BY_ID, {"customer_id": 12347}, ANSWER),
    Row("POST", "/predict_churn", FIGURES, {*PREDICTION, "assumed", "meta"}),
    Row("POST", "/predict", FIGURES, {"probability", "prediction", "confidence", "threshold"}),
    Row("POST", "/predict/batch", {"data": [FIGURES, FIGURES]}, {"predictions", "count"}),
    Row("POST", BATCH, {"customer_ids": [12347, NOBODY]}, {"results", "errors"}),
    Row("POST", "/segment", {"recency": 5, "frequency": 3, "monetary": 500.0},
        {"cluster", "segment", "action", "offer"}),
    Row("GET", "/clusters/summary",
        members={"segment", "customers", "share", "recency", "frequency", "monetary", "revenue_share"}),
    Row("GET", "/customers/12347", members={*ANSWER, "orders", "similar"}),
    Row("GET", "/customers?limit=2", members={"items", "next_cursor"}),
    Row("POST", "/transactions", [LINE], {"rows_in", "inserted", "duplicate", "quarantined", "erased"}, scope="write"),
    Row("GET", "/model", members=CARD),
    Row("GET", "/model/metadata", members=CARD),
    Row("GET", "/models"),
    Row("PUT", "/models/champion", {"version": VERSION}, scope="admin"),
    Row("POST", "/model/reload", scope="admin"),
    Row("GET", "/livez", members={"status"}, personal=False, open=True),
    Row("GET", "/readyz", members=CHECKS, personal=False, open=True),
    Row("GET", "/health", members={*CHECKS, "api", "mongo", "model", "documents", "version"}, personal=False,
        open=True),
    Row("GET", "/metrics", personal=False, open=True),
    Row("GET", "/docs", personal=False, open=True),
]  # fmt: skip
WITH_BODY = [row for row in ROWS if row.body is not None]
CLOSED = [row for row in ROWS if not row.open]
FEATURE_ONLY = {
    "/predict_churn",
    "/predict",
    "/predict/batch",
    "/segment",
    "/model",
    "/model/metadata",
    "/livez",
    "/docs",
}
NEEDS_DATABASE = {BY_ID, BATCH, "/clusters/summary", "/customers/12347", "/customers?limit=2", "/transactions"}
NEEDS_MODEL = {BY_ID, BATCH, "/predict_churn", "/predict", "/predict/batch", "/segment", "/customers/12347", "/model"}


def name(row: Row) -> str:
    return f"{row.method} {row.path}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    enable_socket()
    with seeded_shop(tmp_path_factory.mktemp("contract")) as seeded:
        yield seeded


@pytest.fixture(scope="module")
def api(shop: Shop) -> Iterator[Running]:
    with shop.api(keyed=True) as running:
        yield running


def ask(api: Running, row: Row, **more: Any) -> httpx.Response:
    answer = api.http.request(row.method, row.path, **({"json": row.body} if row.body is not None else {}), **more)
    assert answer.headers["x-request-id"]
    assert "server" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ("retry-after" in answer.headers) == (answer.status_code in {429, 503})
    return answer


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    """Tell whether it is this problem, whole, and named as the answer is."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem = answer.json()
    assert set(problem) == PROBLEM
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["instance"].endswith(problem["request_id"])
    assert (problem["status"], problem["code"]) == (status, code)
    return True


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_a_good_question_has_the_members_of_the_contract(api: Running, row: Row) -> None:
    answer = ask(api, row, headers={"X-Request-ID": "mine-1"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-request-id"] == "mine-1"
    assert not row.personal or answer.headers["cache-control"] == "no-store"
    if row.members:
        content = answer.json()
        first = content[0] if isinstance(content, list) else content
        assert row.members <= set(first)
        assert not {"error", "errors"} & set(first) - row.members, "a 200 that carries an error"


def test_an_answer_by_id_is_the_contracts_to_the_letter(api: Running) -> None:
    answer = ask(api, ROWS[1]).json()
    assert set(answer["features"]) == {"Frequency", "Monetary", "AvgOrderValue", "Recency", "Tenure"}
    assert set(answer["prediction"]) == PREDICTION
    assert set(answer["prediction"]["interval"]) == {"level", "low", "high"}
    assert set(answer["segment"]) == {"cluster", "segment", "action", "offer"}
    assert set(answer["explanation"]) == {"base_log_odds", "contributions", "counterfactual"}
    assert set(answer["explanation"]["contributions"][0]) == {"feature", "value", "contribution", "text"}
    assert set(answer["meta"]) == META


def test_a_batch_keeps_the_order_and_names_what_it_could_not_answer(api: Running, shop: Shop) -> None:
    ids = [*shop.customer_ids[:5][::-1], NOBODY, shop.customer_ids[7]]
    answer = ask(api, Row("POST", BATCH, {"customer_ids": ids})).json()
    assert [result["customer_id"] for result in answer["results"]] == [one for one in ids if one != NOBODY]
    (error,) = answer["errors"]
    assert set(error) == {"customer_id", "problem"}
    assert error["customer_id"] == NOBODY


@pytest.mark.parametrize("row", CLOSED, ids=name)
def test_without_a_key_or_with_a_wrong_one_it_is_a_401(api: Running, row: Row) -> None:
    address = f"127.0.2.{1 + CLOSED.index(row)}"  # who guesses too often is not let in to guess
    with httpx.Client(base_url=api.http.base_url, transport=httpx.HTTPTransport(local_address=address)) as stranger:
        for key in ({}, {"X-API-Key": ""}, {"X-API-Key": "wrong"}, {"X-API-Key": "x" * 500}):
            assert is_problem(stranger.request(row.method, row.path, json=row.body, headers=key), 401, "unauthorized")


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_another_method_is_a_405_that_names_those_there_are(api: Running, row: Row) -> None:
    answer = api.http.request("DELETE", row.path)
    assert is_problem(answer, 405, "method_not_allowed")
    assert row.method in answer.headers["allow"].split(", ")


@pytest.mark.parametrize("row", WITH_BODY, ids=name)
def test_what_is_no_json_of_the_right_shape_is_a_422_and_of_another_type_a_415_and_too_large_a_413(
    api: Running, row: Row
) -> None:
    def send(content: bytes, media_type: str = "application/json") -> httpx.Response:
        return api.http.request(row.method, row.path, content=content, headers={"Content-Type": media_type})

    for content in (b"", b"{", b"null", b"[]", b"1", b'"x"', b'{"nothing": 1}', b"NaN", b'{"a": 1, "a": 1}'):
        assert is_problem(send(content), 422, "validation")
    assert is_problem(send(b"{}", "text/plain"), 415, "unsupported_media_type")
    assert is_problem(send(b" " * 2_000_000), 413, "body_too_large")


@pytest.mark.parametrize(
    "value",
    [
        '"12347"', "12347.0", "1.5", "true", "false", "null", "[]", "{}", '{"$gt": 0}', "-1", "0",
        "9223372036854775808", "1e400", "-1e400", "NaN", "Infinity", "-Infinity", '""', '"\\u0000"', "1" * 26,
        "9" * 5000,
    ],
    ids=lambda value: value[:24],
)  # fmt: skip
def test_every_type_that_json_has_is_answered_as_an_id(api: Running, value: str) -> None:
    headers = {"Content-Type": "application/json"}
    for path, body in ((BY_ID, '{"customer_id": %s}'), (BATCH, '{"customer_ids": [%s]}')):
        assert is_problem(api.http.post(path, content=(body % value).encode(), headers=headers), 422, "validation")


def test_nobodys_id_is_a_404(api: Running) -> None:
    assert is_problem(ask(api, Row("POST", BY_ID, {"customer_id": NOBODY})), 404, "customer_not_found")
    assert is_problem(ask(api, Row("GET", f"/customers/{NOBODY}")), 404, "customer_not_found")
    assert is_problem(ask(api, Row("GET", "/nothing")), 404, "not_found")


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_1_to_1000(api: Running, count: int) -> None:
    for path, member, one in ((BATCH, "customer_ids", 12347), ("/predict/batch", "data", FIGURES)):
        assert is_problem(ask(api, Row("POST", path, {member: [one] * count})), 422, "validation")


def test_without_a_database_what_needs_it_is_a_503_and_the_rest_goes_on(shop: Shop) -> None:
    with shop.api(mongo_port=free_port(), ready="/livez") as api:
        for row in ROWS:
            if row.path in NEEDS_DATABASE:
                answer = ask(api, row, timeout=30)
                assert is_problem(answer, 503, "database_unavailable"), row
                assert answer.elapsed.total_seconds() <= 1
            elif row.path in FEATURE_ONLY:
                assert ask(api, row).status_code == 200, row
        for path in ("/readyz", "/health"):
            assert ask(api, Row("GET", path)).status_code == 503


def test_without_a_model_what_needs_it_is_a_503(shop: Shop) -> None:
    with shop.api(ready="/livez", MODELS_DIR=str(shop.folder / "no models")) as api:
        for row in ROWS:
            if row.path in NEEDS_MODEL:
                assert is_problem(ask(api, row), 503, "model_not_loaded"), row
        assert ask(api, Row("GET", "/livez")).status_code == 200


def test_who_asks_too_often_gets_a_429_that_says_when_to_ask_again(shop: Shop) -> None:
    with shop.api(RATE_LIMIT="3/hour") as api:
        answers = [ask(api, ROWS[1]) for _ in range(5)]
    assert is_problem(answers[-1], 429, "rate_limited")
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert [answer.status_code for answer in answers[:1]] == [200]

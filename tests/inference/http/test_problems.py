"""Whatever is sent, the answer is a 4xx problem that repeats nothing of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

pytestmark = pytest.mark.anyio

BY_ID = "/predict_churn_by_id"
BY_FEATURES = "/predict_churn"
Refused: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]

JSON = {"Content-Type": "application/json"}
ECHO = "do-not-repeat-me"


def id_bodies() -> dict[str, bytes]:
    values = [
        '"12347"', "12347.0", "1.5", "true", "false", "null", "[]", "[12347]", "{}", '{"$gt":0}', '{"$where":"1"}',
        "-1", "0", "-0", "9223372036854775808", "1e3", "1e400", "-1e400", "NaN", "Infinity", "-Infinity",
        "1" * 26, "9" * 4000, "9" * 5000, '""', '"\\u0000"', '"\\ud800"', f'"{ECHO}"', "0x10", "012347", "١٢",
        "[" * 900 + "]" * 900, "[" * 9000, "[" * 30000 + "]" * 30000,
    ]  # fmt: skip
    return {value[:24]: b'{"customer_id": ' + value.encode() + b"}" for value in values}


AS_OF = [
    "2011-09-10", "2011-09-10T00:00:00", "2011-09-10T00:00:01Z", "2011-09-10T00:00:00+01:00", "2011-13-10T00:00:00Z",
    "2011-02-30T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T00:00:00Z", "9999-12-31T20:00:00-04:00",
    "2011-W36-6T00:00:00Z", "now", "", ECHO, 1315612800, 1315612800.0, True, [], {}, "2011-09-10T00:00:00+99:99",
    "2011-09-10T24:00:00Z", "٢٠١١-09-10T00:00:00Z",
]  # fmt: skip

WHOLE_BODIES: dict[str, bytes] = {
    "empty": b"",
    "space": b" ",
    "brace": b"{",
    "list": b"[]",
    "null": b"null",
    "a number": b"12347",
    "a string": f'"{ECHO}"'.encode(),
    "nothing": b"{}",
    "latin-1": b'{"customer_id": "\xe9"}',
    "utf-16": '{"customer_id": "é"}'.encode("utf-16"),
    "zero byte": b"\x00",
    "the key twice": b'{"customer_id": 1, "customer_id": 12347}',
    "an unknown field": f'{{"customer_id": 12347, "{ECHO}": 1}}'.encode(),
    "2,000 unknown fields": json.dumps({f"{ECHO}{i}": i for i in range(2000)}).encode(),
    "explain is a number": b'{"customer_id": 12347, "explain": 1}',
    "explain is null": b'{"customer_id": 12347, "explain": null}',
    "trailing text": b'{"customer_id": 12347} x',
    "a comment": b'{"customer_id": 12347 /* */}',
}

GOOD = {"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.71}
FEATURES: dict[str, object] = {
    **{f"no {name}": {k: v for k, v in GOOD.items() if k != name} for name in GOOD},
    "no orders": {**GOOD, "Frequency": 0},
    "half an order": {**GOOD, "Frequency": 7.5},
    "orders as text": {**GOOD, "Frequency": "7"},
    "orders as a bool": {"Frequency": True, "Monetary": 1.0, "AvgOrderValue": 1.0},
    "orders without end": {**GOOD, "Frequency": 10**25},
    "no money": {**GOOD, "Monetary": 0},
    "negative money": {**GOOD, "Monetary": -1.0},
    "money as text": {**GOOD, "Monetary": ECHO},
    "money without end": {**GOOD, "Monetary": 10**400},
    "money of NaN": {**GOOD, "Monetary": float("nan")},
    "an average 2 % off": {**GOOD, "AvgOrderValue": 628.1},
    "an average of nothing": {**GOOD, "AvgOrderValue": 0},
    "a last order in the future": {**GOOD, "Recency": -1},
    "half a day": {**GOOD, "Recency": 1.5},
    "first after last": {**GOOD, "Recency": 10, "Tenure": 9},
    "days without end": {**GOOD, "Tenure": 2**63},
    "an unknown field": {**GOOD, ECHO: 1},
}


@pytest.fixture
def refused(api: httpx.AsyncClient) -> Refused:
    """Send a body and return the problem, having seen that it is one and repeats nothing."""

    async def send(path: str, body: bytes, headers: Mapping[str, str] = JSON, *, status: int = 422) -> Any:
        answer = await api.post(path, content=body, headers=headers)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert ECHO not in answer.text
        assert len(answer.content) < 2000
        problem = answer.json()
        assert set(problem) == {"type", "title", "status", "detail", "instance", "code", "request_id", "errors"}
        assert problem["status"] == status
        return problem

    return send


@pytest.mark.parametrize("body", id_bodies().values(), ids=id_bodies())
async def test_a_customer_id_is_a_whole_number_from_1_to_2_63(refused: Refused, body: bytes) -> None:
    await refused(BY_ID, body)


@pytest.mark.parametrize("as_of", AS_OF, ids=str)
async def test_an_instant_is_a_day_boundary(refused: Refused, as_of: object) -> None:
    await refused(BY_ID, json.dumps({"customer_id": 12347, "as_of": as_of}).encode())


@pytest.mark.parametrize("body", WHOLE_BODIES.values(), ids=WHOLE_BODIES)
async def test_a_body_is_one_object_of_known_fields(refused: Refused, body: bytes) -> None:
    await refused(BY_ID, body)


@pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
async def test_figures_must_be_possible(refused: Refused, features: object) -> None:
    await refused(BY_FEATURES, json.dumps(features).encode())


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp", " /"]
)
@pytest.mark.parametrize("path", [BY_ID, BY_FEATURES])
async def test_another_media_type_is_a_415(refused: Refused, path: str, content_type: str) -> None:
    await refused(path, b'{"customer_id": 12347}', {"Content-Type": content_type}, status=415)


async def test_a_compressed_body_is_a_415(refused: Refused) -> None:
    await refused(BY_ID, b"\x1f\x8b", {**JSON, "Content-Encoding": "gzip"}, status=415)


async def test_a_body_that_says_it_is_large_is_a_413(refused: Refused) -> None:
    await refused(BY_ID, b" " * 70_000, status=413)


async def test_a_large_body_that_does_not_say_so_is_a_413(api: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    answer = await api.post(BY_ID, content=chunks(), headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("path", ["/model", "/customers", "/livez"])
async def test_a_body_says_nothing_with_a_question_by_get(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.request("GET", path, content=b"x")).status_code == 200
    assert (await api.request("GET", path, content=b" " * 70_000)).status_code == 413


async def test_a_charset_may_be_named(api: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await api.post(BY_ID, content=b'{"customer_id": 12347}', headers=headers)).status_code == 200


async def test_the_place_and_the_reason_of_an_error_are_named(refused: Refused) -> None:
    problem = await refused(BY_ID, b'{"customer_id": "12347", "as_of": "now"}')

    assert [error["pointer"] for error in problem["errors"]] == ["#/customer_id", "#/as_of"]
    assert problem["errors"][0]["detail"] == "Input should be a valid integer"


async def test_another_method_is_a_405_that_says_which(api: httpx.AsyncClient) -> None:
    answers = [await api.put(path) for path in (BY_ID, "/model", "/", "/docs", "/page/page.css")]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(405, "method_not_allowed")}
    assert [answer.headers.get("allow") for answer in answers] == [
        "POST",
        "GET, HEAD",
        "GET, HEAD, POST",
        "GET, HEAD",
        "GET, HEAD",
    ]


@pytest.mark.parametrize(
    "path", [f"/{ECHO}", "/predict_churn_by_id/", "/docs/page/../../../pyproject.toml", "/redoc", "/%00"]
)
async def test_another_path_is_a_404_that_does_not_repeat_it(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert ECHO not in answer.text

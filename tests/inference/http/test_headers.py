from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from bundles import VERSION
from serving import ORDERS, BrokenCustomers, InMemoryCustomers

from retention.logs import JsonFormatter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import httpx
    from serving import Models, Serve

pytestmark = pytest.mark.anyio

ASK = {"customer_id": 12347}


@pytest.mark.parametrize(
    "host", ["evil.example", "test.evil.example", "", "test:80:80", "test@evil.example", "127.0.0.1"]
)
async def test_another_host_name_is_refused(api: httpx.AsyncClient, host: str) -> None:
    answer = await api.post("/predict_churn_by_id", json=ASK, headers={"Host": host})

    assert (answer.status_code, answer.json()["code"]) == (400, "host_not_allowed")


@pytest.mark.parametrize("host", ["test", "TEST", "test:8000", "[::1]", "[::1]:8000"])
async def test_an_allowed_host_name_is_answered_on_any_port(api: httpx.AsyncClient, host: str) -> None:
    assert (await api.get("/livez", headers={"Host": host})).status_code == 200


async def test_a_star_allows_every_host_name(serve: Serve) -> None:
    async with serve(ALLOWED_HOSTS="*") as api:
        assert (await api.get("/livez", headers={"Host": "anything.example"})).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/nothing-here", "/docs", "/openapi.json"])
async def test_every_answer_has_the_security_headers(api: httpx.AsyncClient, path: str) -> None:
    headers = (await api.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers


@pytest.mark.parametrize(
    ("path", "form"), [("/", "'self'"), ("/docs", "'self'"), ("/livez", "'none'"), ("/openapi.json", "'none'")]
)
async def test_pages_alone_may_send_forms(api: httpx.AsyncClient, path: str, form: str) -> None:
    headers = (await api.get(path)).headers

    assert f"form-action {form}" in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(("path", "scripts"), [("/", False), ("/docs", True), ("/livez", False)])
async def test_swagger_ui_alone_may_run_scripts(api: httpx.AsyncClient, path: str, *, scripts: bool) -> None:
    assert ("script-src" in (await api.get(path)).headers["content-security-policy"]) is scripts


async def test_the_files_of_pages_may_be_kept(api: httpx.AsyncClient) -> None:
    headers = (await api.get("/docs/swagger/swagger-ui-bundle.js")).headers

    assert "no-store" not in headers.get("cache-control", "")
    assert headers["x-content-type-options"] == "nosniff"


async def test_listed_origins_may_ask_with_a_key_and_read_the_headers(serve: Serve) -> None:
    preflight = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-api-key,content-type",
    }
    async with serve(CORS_ORIGINS="https://shop.example") as api:
        listed = await api.options("/predict_churn_by_id", headers=preflight)
        answer = await api.post("/predict_churn_by_id", json={}, headers={"Origin": "https://shop.example"})
        other = await api.options("/predict_churn_by_id", headers=preflight | {"Origin": "https://evil.example"})
        other_answer = await api.post("/predict_churn_by_id", json={}, headers={"Origin": "https://evil.example"})

    assert listed.status_code == 200
    assert listed.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-credentials" not in listed.headers
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert {"RateLimit", "X-Request-ID", "Retry-After"} <= set(
        answer.headers["access-control-expose-headers"].split(", ")
    )
    assert other.status_code == 400
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-origin" not in other_answer.headers


class HeldCustomers(InMemoryCustomers):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__(ORDERS)
        self.asked, self.go = asyncio.Semaphore(0), asyncio.Event()

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:
        self.asked.release()
        await self.go.wait()
        return await super().features(customer_id, as_of, or_later=or_later)


async def test_above_its_places_the_answer_is_a_503_at_once_and_monitors_are_answered(
    serve: Serve, models: Models
) -> None:
    models.publish(VERSION)
    customers = HeldCustomers()
    async with serve(customers, REQUESTS_AT_ONCE="2") as api:
        held = [asyncio.create_task(api.post("/predict_churn_by_id", json=ASK)) for _ in range(2)]
        for _ in held:
            await customers.asked.acquire()
        refused = await api.post("/predict_churn_by_id", json=ASK)
        alive = await api.get("/livez")
        customers.go.set()
        answered = [(await answer).status_code for answer in held]
        again = await api.post("/predict_churn_by_id", json=ASK)

    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "busy", "1")
    assert alive.status_code == 200
    assert answered == [200, 200]
    assert again.status_code == 200


async def test_other_origins_are_not_let_in(api: httpx.AsyncClient) -> None:
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = await api.options("/predict_churn_by_id", headers=preflight)

    assert answer.status_code == 405
    assert not any(name.startswith("access-control") for name in answer.headers)


async def test_a_plain_request_id_is_given_back(api: httpx.AsyncClient) -> None:
    answer = await api.post("/predict_churn_by_id", json=ASK, headers={"X-Request-ID": "trace-42.a_B"})

    assert answer.headers["x-request-id"] == answer.json()["meta"]["request_id"] == "trace-42.a_B"


@pytest.mark.parametrize("odd", ["", "a b", "x" * 65, "<script>", '{"a":1}'])
async def test_an_odd_request_id_is_replaced(api: httpx.AsyncClient, odd: str) -> None:
    answer = await api.post("/predict_churn_by_id", json={}, headers={"X-Request-ID": odd})

    assert answer.headers["x-request-id"] == answer.json()["request_id"] != odd
    assert len(answer.headers["x-request-id"]) == 32


async def test_an_unexpected_error_is_a_500_without_details_and_a_trace_in_the_log(
    serve: Serve, models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    models.publish(VERSION)
    async with serve(BrokenCustomers(ORDERS)) as api:
        answer = await api.post("/predict_churn_by_id", json=ASK)

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "/app" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [record.message for record in caplog.records if record.exc_info] == ["unexpected error"]


async def test_a_request_is_one_line_that_says_nothing_about_the_customer(
    api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await api.post("/predict_churn_by_id?email=a@b.example", json=ASK, headers={"X-Request-ID": "r-7"})

    lines = [
        json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name.startswith("inference")
    ]
    assert len(lines) == 1
    line = lines[0]
    assert (line["method"], line["route"], line["status"], line["request_id"]) == (
        "POST", "/predict_churn_by_id", 200, "r-7",
    )  # fmt: skip
    assert line["milliseconds"] > 0
    assert "12347" not in json.dumps(line)
    assert "b.example" not in json.dumps(line)

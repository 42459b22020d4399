"""One line per request: enough to follow it through, and nothing that says who a customer is."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from bundles import VERSION
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from inference.http.context import context_of
from inference.http.request_log import RequestLog, customer_hash
from inference.http.tracing import Tracing
from retention.logs import JsonFormatter

if TYPE_CHECKING:
    from pathlib import Path

    from serving import Models, Serve
    from starlette.types import Receive, Scope, Send

pytestmark = pytest.mark.anyio

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(JsonFormatter().format(record)) for record in caplog.records if record.getMessage() == "request"]


@pytest.mark.parametrize("sent", [PARENT, f"01-{TRACE}-00f067aa0ba902b7-00"])
async def test_the_line_has_the_trace_that_the_request_belongs_to(
    api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, sent: str
) -> None:
    with caplog.at_level(logging.INFO):
        await api.get("/livez", headers={"traceparent": sent})

    assert lines(caplog)[0]["trace_id"] == TRACE


@pytest.mark.parametrize(
    "sent",
    [
        "", "00", PARENT.upper(), PARENT + "-x", PARENT.replace("00-", "ff-", 1), f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01", "00-<script>-1-01",
    ],
)  # fmt: skip
async def test_a_trace_that_is_none_is_not_repeated(
    api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, sent: str
) -> None:
    with caplog.at_level(logging.INFO):
        await api.get("/livez", headers={"traceparent": sent})

    assert "trace_id" not in lines(caplog)[0]


async def test_the_line_names_the_key_by_its_name_alone(
    serve: Serve, models: Models, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    models.publish(VERSION)
    file = tmp_path / "keys"
    file.write_text(f"shop read {sha256(b'the-secret').hexdigest()}\n")
    with caplog.at_level(logging.INFO):
        async with serve(API_KEYS_FILE=str(file)) as api:
            await api.get("/model", headers={"X-API-Key": "the-secret"})
            await api.get("/model", headers={"X-API-Key": "guess"})

    assert [line.get("key") for line in lines(caplog)] == ["shop", None]
    assert "the-secret" not in caplog.text
    assert "guess" not in caplog.text


async def test_a_customer_is_a_keyed_hash(caplog: pytest.LogCaptureFixture) -> None:
    async def about_a_customer(scope: Scope, _: Receive, send: Send) -> None:
        context_of(scope).customer_id = 12347
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    counted: list[tuple[object, ...]] = []
    app = RequestLog(about_a_customer, id_hash_key=b"key", count=lambda *what: counted.append(what))
    with caplog.at_level(logging.INFO):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as api:
            await api.get("/customers/12347")
            await asyncio.sleep(0)  # in the loop's next turn it is counted and logged

    line = lines(caplog)[0]
    assert line["customer"] == customer_hash(b"key", 12347)
    assert len(line["customer"]) == 16
    assert customer_hash(b"another key", 12347) != customer_hash(b"key", 12347) != customer_hash(b"key", 12348)
    assert "12347" not in json.dumps(line)
    assert counted[0][:3] == ("GET", "unmatched", 204)


async def test_a_question_by_id_is_told_by_the_hash_of_the_id(
    serve: Serve, models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    models.publish(VERSION)
    with caplog.at_level(logging.INFO):
        async with serve(ID_HASH_KEY="key") as api:
            await api.post("/predict_churn_by_id", json={"customer_id": 12347})
            await api.post("/predict_churn_by_id", json={"customer_id": 99999})
            await api.get("/customers/12347")

    expected = [customer_hash(b"key", customer_id) for customer_id in (12347, 99999, 12347)]
    assert [line["customer"] for line in lines(caplog)] == expected


async def test_without_info_no_line_is_made(api: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await api.get("/livez")

    assert lines(caplog) == []


def test_a_line_keeps_its_form() -> None:
    record = logging.makeLogRecord(
        {"name": "n", "levelname": "INFO", "msg": "m %s", "args": (1,), "created": 1.0625, "about": {2}}
    )

    assert JsonFormatter().format(record) == (
        '{"time": "1970-01-01T00:00:01.062Z", "level": "info", "logger": "n", "message": "m 1", "about": "{2}"}'
    )


@pytest.mark.drill
def test_spans_cost_nothing_where_nobody_wants_them(environ: dict[str, str]) -> None:
    asked = (
        "import os, sys; from inference.app import create_app; from inference.settings import Settings\n"
        "create_app(Settings.from_environ(os.environ), now=None).build_middleware_stack()\n"
        "print('opentelemetry.sdk' in sys.modules)"
    )
    wanted = environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    said = [
        subprocess.run([sys.executable, "-c", asked], env=env, capture_output=True, text=True, check=True).stdout
        for env in (environ, wanted)
    ]

    assert said == ["False\n", "True\n"]


async def test_a_span_is_a_child_of_the_callers_and_names_nobody() -> None:

    async def answers(scope: Scope, _: Receive, send: Send) -> None:
        if scope["path"] == "/boom":
            raise ZeroDivisionError("customer 12347")
        scope["route"] = type("Route", (), {"path_format": "/customers/{id}"})
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body"})

    exporter = InMemorySpanExporter()
    app = Tracing(answers, version="abc", processor=SimpleSpanProcessor(exporter))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as api:
        await api.get("/customers/12347?x=12347", headers={"traceparent": PARENT})
        await api.get("/boom")
    known, unknown = exporter.get_finished_spans()

    assert (known.name, known.kind) == ("GET /customers/{id}", SpanKind.SERVER)
    assert known.context is not None
    assert known.parent is not None
    assert f"{known.context.trace_id:032x}" == TRACE
    assert f"{known.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert known.attributes == {
        "http.request.method": "GET", "http.route": "/customers/{id}", "http.response.status_code": 503,
    }  # fmt: skip
    assert not known.status.is_ok
    assert unknown.name == "GET unmatched"
    assert "12347" not in known.to_json() + unknown.to_json()

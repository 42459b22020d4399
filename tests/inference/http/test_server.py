"""Slow, idle and too many clients are hung up on in time, and nobody else waits for them."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from api_process import Running, running, within

from embedded_mongod import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("network")]

SLOW = 200
HEAD = b"POST /predict_churn HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BODY = HEAD + b"Content-Length: 1000\r\n\r\n{"


@pytest.fixture
def api(environ: dict[str, str], tmp_path: Path) -> Iterator[Running]:
    with running(environ, f"mongodb://127.0.0.1:{free_port()}/", tmp_path / "api.log") as api:
        yield api


@contextmanager
def connected(api: Running, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Connections that have sent the beginning of a request each."""
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", api.port), 15)) for _ in range(count)]
        for client in clients:
            client.sendall(sent)
        yield clients


def received(client: socket.socket) -> bytes:
    """Return what comes before the server hangs up."""
    answer = b""
    try:
        while part := client.recv(65536):
            answer += part
    except ConnectionError:
        pass
    return answer


def test_slow_heads_and_bodies_lock_nobody_out_and_end_after_ten_seconds(api: Running) -> None:
    memory = api.rss_kb()
    started = time.monotonic()
    with connected(api, SLOW, HEAD) as heads, connected(api, SLOW, BODY) as bodies:
        legit = [api.http.post("/predict_churn", json={}).status_code for _ in range(40)]
        at_once = time.monotonic() - started
        for client in heads[:20] + bodies[:20]:
            client.sendall(b"X")  # they go on, slowly
        ended = [received(client) for client in heads + bodies]
        seconds = time.monotonic() - started

    assert legit == [422] * 40
    assert at_once < 8
    assert 9 <= seconds <= 12
    assert {answer[:12] for answer in ended} == {b"HTTP/1.1 408"}
    assert b"may take 10 seconds" in ended[0]
    assert b"request_timeout" in ended[-1]
    assert api.rss_kb() - memory <= 12_000


def test_what_is_refused_by_the_server_itself_is_logged_and_counted_under_the_id_that_is_answered(
    api: Running,
) -> None:
    named = BODY.replace(b"Host", b"X-Request-ID: slow-1\r\nHost")
    with connected(api, 1, named) as bodies, connected(api, 1, HEAD) as heads:
        no_http = api.raw(b"no HTTP\r\n\r\n")
        slow_body, slow_head = received(bodies[0]), received(heads[0])
    metrics = api.http.get("/metrics").text
    lines = [json.loads(line) for line in api.log.read_text().splitlines() if '"status"' in line]
    statuses = {line["request_id"]: line["status"] for line in lines}

    assert b'"request_id": "slow-1"' in slow_body
    assert statuses["slow-1"] == 408
    assert statuses[request_id(slow_head)] == 408
    assert statuses[request_id(no_http)] == 400
    assert 'http_requests_total{method="POST",route="/predict_churn",status="408"} 1.0' in metrics
    for status in (400, 408):
        assert f'http_requests_total{{method="other",route="unmatched",status="{status}"}} 1.0' in metrics


def request_id(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["request_id"])


def test_who_connects_and_says_nothing_is_hung_up_on(api: Running) -> None:
    started = time.monotonic()
    with connected(api, 1, b"") as silent, connected(api, 1, b"\r\n\r\n") as blank:
        ended = [received(client) for client in silent + blank]

    assert ended == [b"", b""]
    assert 9 <= time.monotonic() - started <= 12


def test_a_kept_connection_that_is_idle_is_closed_also_after_blank_lines(api: Running) -> None:
    started = time.monotonic()
    with connected(api, 2, b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as clients:
        within(5, lambda: b"alive" in clients[1].recv(65536, socket.MSG_PEEK))
        clients[1].sendall(b"\r\n")
        ended = [received(client) for client in clients]

    assert all(b"alive" in answer for answer in ended)
    assert time.monotonic() - started <= 12


def test_one_address_has_so_many_connections_and_no_more(environ: dict[str, str], tmp_path: Path) -> None:
    settings = environ | {"CONNECTIONS_PER_ADDRESS": "5"}
    with running(settings, "mongodb://127.0.0.1:1/", tmp_path / "api.log") as api:
        with connected(api, 6, b"") as clients:
            refused = received(clients[-1])
            clients[0].sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answered = received(clients[0])
        within(5, lambda: api.http.get("/livez").status_code == 200)

    assert refused.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: 1" in refused
    assert answered.startswith(b"HTTP/1.1 200 ")


def test_a_trusted_proxy_has_as_many_as_it_likes_and_says_who_asks(environ: dict[str, str], tmp_path: Path) -> None:
    settings = environ | {"CONNECTIONS_PER_ADDRESS": "1", "TRUSTED_PROXIES": "127.0.0.1", "RATE_LIMIT": "1/minute"}
    with running(settings, "mongodb://127.0.0.1:1/", tmp_path / "api.log") as api, connected(api, 3, b""):
        statuses = [
            api.http.get("/nothing-here", headers={"X-Forwarded-For": address}).status_code
            for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "203.0.113.9, 192.0.2.3", "203.0.113.9, 192.0.2.3")
        ]

    assert statuses == [404, 429, 404, 404, 429]


def test_nobody_else_is_believed_who_asks(environ: dict[str, str], tmp_path: Path) -> None:
    settings = environ | {"RATE_LIMIT": "1/minute"}
    with running(settings, "mongodb://127.0.0.1:1/", tmp_path / "api.log") as api:
        statuses = [
            api.http.get("/nothing-here", headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(2)
        ]

    assert statuses == [404, 429]


def test_who_does_not_finish_a_request_is_told_so_when_the_service_stops(api: Running) -> None:
    with connected(api, 1, BODY) as clients:
        within(5, lambda: api.http.get("/livez").status_code == 200)
        api.process.terminate()
        answer = received(clients[0])
        api.process.wait(10)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'"code":"stopping"' in answer
    assert b"Traceback" not in api.log.read_bytes()


def test_a_large_head_that_comes_whole_takes_no_memory(api: Running) -> None:
    many = b"\r\n".join(b"X-%d: y" % n for n in range(10_000))
    sent = [b"GET /" + b"x" * 200_000, b"GET / HTTP/1.1\r\n" + many]
    api.raw(sent[0])
    before = api.rss_kb()
    started = time.monotonic()
    answers = [api.raw(head + b"\r\n\r\n") for head in sent]

    assert {answer[:12] for answer in answers} <= {b"HTTP/1.1 431", b""}
    assert time.monotonic() - started <= 1
    assert api.rss_kb() - before <= 2_000

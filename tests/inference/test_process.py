"""The API as it is run: a process of its own, a real MongoDB that is stopped and frozen under it."""

from __future__ import annotations

import http.client
import os
import signal
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from api_process import Running, running, within
from bundles import VERSION
from serving import CLOCK, NOW

from embedded_mongod import embedded_mongod, free_port, start_mongod
from retention.features import pipelines
from retention.store import schema
from retention.store.derivation_steps import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serving import Models

    from embedded_mongod import Mongod

pytestmark = pytest.mark.drill

NEXT = "20260102T000000Z-0000000"


def fill(uri: str) -> None:
    features: dict[str, Any] = dict.fromkeys(pipelines.FEATURES, 3)
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        db = client["retention"]
        db[schema.CUSTOMERS].insert_one(
            {
                "_id": 12347,
                "as_of": CLOCK,
                "month": CLOCK.month,
                "definition": DEFINITIONS[schema.CUSTOMERS],
                **features,
                "Monetary": 30.0,
                "AvgOrderValue": 10.0,
            }
        )
        db[schema.CLOCK].insert_one({"_id": schema.CLOCK_ID, "as_of": CLOCK})
        db[schema.LOADS].insert_one({"_id": "load", "status": "finished", "finished_at": NOW})


@pytest.fixture
def mongod(tmp_path: Path, network: None) -> Iterator[Mongod]:  # noqa: ARG001 - it opens the network
    """A server of this test's own, to be hurt."""
    with embedded_mongod(tmp_path / "mongo") as server:
        fill(server.uri)
        yield server


@pytest.fixture
def api(mongod: Mongod, environ: dict[str, str], models: Models, tmp_path: Path) -> Iterator[Running]:
    models.publish(VERSION)
    with running(environ, mongod.uri, tmp_path / "api.log") as api:
        assert api.predict()[0] == 200
        yield api


def test_a_stopped_database_is_a_503_within_a_second_and_back_within_five(
    api: Running, mongod: Mongod, tmp_path: Path
) -> None:
    port = int(mongod.host.rpartition(":")[2])
    mongod.process.kill()
    mongod.process.wait()
    answers = [api.predict() for _ in range(5)]
    assert {status for status, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) <= 1
    assert api.http.get("/livez").status_code == 200

    again = start_mongod(tmp_path / "mongo", port=port, auth=False)
    try:
        within(5, lambda: api.predict()[0] == 200)
    finally:
        again.process.terminate()
        again.process.wait()


def test_a_frozen_database_is_a_503_within_a_second_and_back_within_five(api: Running, mongod: Mongod) -> None:
    threads = api.threads()
    os.kill(mongod.process.pid, signal.SIGSTOP)
    try:
        answers = [api.predict() for _ in range(5)]
        health = api.http.get("/health")
    finally:
        os.kill(mongod.process.pid, signal.SIGCONT)
    assert {status for status, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) <= 1
    assert (health.status_code, health.json()["mongo"]) == (503, "unavailable")
    assert health.elapsed.total_seconds() <= 1

    within(5, lambda: api.predict()[0] == 200)
    assert api.threads() <= threads + 12  # the driver's pool of threads, once


@pytest.mark.usefixtures("network")
def test_it_starts_without_a_database_and_without_a_model_and_is_ready_when_both_are_there(
    environ: dict[str, str], models: Models, tmp_path: Path
) -> None:
    port = free_port()
    with running(environ, f"mongodb://127.0.0.1:{port}/", tmp_path / "api.log") as api:
        assert api.http.get("/livez").status_code == 200
        assert api.http.get("/readyz").status_code == 503
        with embedded_mongod(tmp_path / "mongo", port=port) as server:
            fill(server.uri)
            models.publish(VERSION)
            within(5, lambda: api.http.get("/readyz").status_code == 200)
            assert api.predict()[0] == 200


def test_a_new_champion_is_picked_up_and_a_forged_one_is_not(api: Running, models: Models) -> None:
    models.publish(NEXT)
    within(5, lambda: bool(api.http.get("/health").json()["model_version"] == NEXT))
    models.publish("20260103T000000Z-0000000", key=b"another key of thirty-two bytes.")
    within(5, lambda: api.http.get("/health").json()["stale_reason"] is not None)

    health = api.http.get("/health")
    assert (health.status_code, health.json()["model_version"]) == (200, NEXT)
    assert api.http.get("/model").json()["version"] == NEXT
    assert api.predict()[0] == 200


def test_it_lives_in_90_megabytes(api: Running) -> None:
    for _ in range(500):
        api.predict()
    api.http.get("/openapi.json")
    api.http.get("/docs/swagger/swagger-ui-bundle.js")

    assert api.rss_kb() <= 90_000


def test_a_large_body_is_refused_and_not_kept(api: Running) -> None:
    before = api.rss_kb()
    declared = b"POST /predict_churn_by_id HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    megabyte = b" " * (1 << 20)
    with_length = api.raw(declared + b"Content-Length: 200000000\r\n\r\n", *[megabyte] * 50)
    chunked = api.raw(declared + b"Transfer-Encoding: chunked\r\n\r\n", *[b"100000\r\n" + megabyte + b"\r\n"] * 50)

    # The answer may be lost when the client does not read before it is done sending; no other may come.
    assert {answer[:12] for answer in (with_length, chunked)} <= {b"HTTP/1.1 413", b""}
    assert api.rss_kb() - before <= 5_000
    assert api.predict()[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        b"X-Long: " + b"x" * 100_000,
        b"\r\n".join(b"X-%d: y" % n for n in range(10_000)),
    ],
    ids=["one long header", "10,000 headers"],
)
def test_a_large_head_is_a_431(api: Running, head: bytes) -> None:
    answer = api.raw(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head + b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"code": "head_too_large"' in answer


def test_a_head_without_end_is_a_431(api: Running) -> None:
    before = api.rss_kb()
    answer = api.raw(b"GET /livez HTTP/1.1\r\nX: ", *[b"x" * 65536] * 200)

    assert answer[:12] in {b"HTTP/1.1 431", b""}
    assert api.rss_kb() - before <= 5_000


@pytest.mark.parametrize(
    "endless", [b"X-Filler: " + b"x" * 1000 + b"\r\n", b"x" * 65536], ids=["trailers", "one trailer"]
)
def test_trailers_without_end_take_no_memory(api: Running, endless: bytes) -> None:
    assert api.predict()[0] == 200
    before = api.rss_kb()
    head = b"POST /predict_churn HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    api.raw(head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", *[endless] * (30_000_000 // len(endless)))

    assert api.rss_kb() - before <= 5_000
    assert api.predict()[0] == 200


def test_a_long_line_is_a_431(api: Running) -> None:
    assert api.raw(b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("sent", [b"\x16\x03\x01 hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 100])
def test_what_is_not_http_is_a_400(api: Running, sent: bytes) -> None:
    answer = api.raw(sent)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


def test_many_requests_of_one_connection_are_not_one_large_head(api: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=5)
    for _ in range(100):
        connection.request("GET", "/livez", headers={"X-Filler": "x" * 1000})
        assert connection.getresponse().read() == b'{"status":"alive"}'
    connection.close()


def test_the_log_is_json_and_names_nobody(api: Running) -> None:
    api.predict()
    api.process.terminate()
    assert api.process.wait(10) in {0, -signal.SIGTERM}

    lines = api.log.read_text().splitlines()
    assert all(line.startswith("{") for line in lines)
    assert "12347" not in "".join(lines)
    assert "Traceback" not in "".join(lines)

"""Posts to an API as it is run, while the database is frozen or stopped, and after the API itself was killed."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pymongo
import pytest
from api_process import Running, running, within
from bundles import VERSION

from embedded_mongod import embedded_mongod, start_mongod
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from serving import Models

    from embedded_mongod import Mongod

pytestmark = pytest.mark.drill

CUSTOMER = 12347
KEY = {"Idempotency-Key": "0b5c6f0e-1b7a"}
LINES = [
    {"InvoiceNo": str(n // 20), "StockCode": f"{n}", "Quantity": 1, "InvoiceDate": "2011-12-01", "UnitPrice": 1.0,
     "CustomerID": CUSTOMER}
    for n in range(1000)
]  # fmt: skip


@pytest.fixture
def mongod(tmp_path: Path, network: None) -> Iterator[Mongod]:  # noqa: ARG001 - it opens the network
    """A server of this test's own, to be hurt."""
    with embedded_mongod(tmp_path / "mongo", more=("--setParameter", "enableTestCommands=1")) as server:
        yield server


@pytest.fixture
def variables(environ: dict[str, str], models: Models) -> dict[str, str]:
    models.publish(VERSION)
    return environ


@pytest.fixture
def api(mongod: Mongod, variables: dict[str, str], tmp_path: Path) -> Iterator[Running]:
    with running(variables, mongod.uri, tmp_path / "api.log") as api:
        yield api


def post(api: Running, lines: list[dict[str, Any]] = LINES, headers: dict[str, str] = KEY) -> httpx.Response:
    return api.http.post("/transactions", json=lines, headers=headers, timeout=30)


@pytest.fixture
def db(mongod: Mongod) -> Iterator[Database[dict[str, Any]]]:
    with pymongo.MongoClient[dict[str, Any]](mongod.uri, serverSelectionTimeoutMS=2000) as client:
        yield client["retention"]


@contextmanager
def aggregations_held(db: Database[dict[str, Any]], *, seconds: int) -> Iterator[None]:
    """Hold every aggregation of the API: its rows are in then, and nothing is derived from them."""
    data = {"failCommands": ["aggregate"], "blockConnection": True, "blockTimeMS": seconds * 1000}
    point = {"configureFailPoint": "failCommand"}
    admin = db.client["admin"]
    admin.command({**point, "mode": "alwaysOn", "data": {**data, "appName": "inference"}})
    try:
        yield
    finally:
        admin.command({**point, "mode": "off"})


def frequency(api: Running) -> int:
    answer = api.http.post("/predict_churn_by_id", json={"customer_id": CUSTOMER})
    return int(answer.json()["features"]["Frequency"]) if answer.is_success else 0


def is_exact(answer: httpx.Response, api: Running, db: Database[dict[str, Any]]) -> bool:
    """Tell whether the answer says what a request without any trouble would be told, and everything is so."""
    content = answer.json()
    stored = db[schema.TRANSACTIONS].count_documents({})
    return (answer.status_code, content["inserted"], content["duplicate"], stored, frequency(api)) == (
        200, 1000, 0, 1000, 50,
    )  # fmt: skip


def test_a_frozen_database_is_a_503_within_the_deadline_and_nothing_is_lost(
    api: Running, mongod: Mongod, db: Database[dict[str, Any]]
) -> None:
    assert post(api, LINES[:1], {}).status_code == 200
    with aggregations_held(db, seconds=7), ThreadPoolExecutor() as threads:
        posting = threads.submit(post, api, LINES[1:])
        within(5, lambda: db[schema.TRANSACTIONS].count_documents({}) == 1000)
        os.kill(mongod.process.pid, signal.SIGSTOP)
        try:
            answer = posting.result()
        finally:
            os.kill(mongod.process.pid, signal.SIGCONT)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503, "database_unavailable", "1",
    )  # fmt: skip
    assert answer.elapsed.total_seconds() <= 5.5

    again = post(api, LINES[1:])
    assert (again.status_code, again.json()["inserted"], again.json()["duplicate"]) == (200, 999, 0)
    assert frequency(api) == 50


def test_a_database_that_is_killed_under_a_request_has_it_whole_afterwards(
    api: Running, mongod: Mongod, db: Database[dict[str, Any]], tmp_path: Path
) -> None:
    with ThreadPoolExecutor() as threads:
        posting = threads.submit(post, api)
        within(5, lambda: db[schema.LOADS].count_documents({}) == 1)
        mongod.process.kill()
        mongod.process.wait()
        assert posting.result().status_code in {200, 503}
    assert post(api).status_code == 503

    again = start_mongod(tmp_path / "mongo", port=int(mongod.host.rpartition(":")[2]), auth=False)
    try:
        within(5, lambda: api.http.get("/health").json()["mongo"] == "connected")
        assert is_exact(post(api), api, db)
    finally:
        again.process.terminate()
        again.process.wait()


@pytest.mark.parametrize("resent", [False, True], ids=["it heals by itself", "the client sends it again"])
def test_a_request_whose_api_was_killed_between_rows_and_features_is_finished(
    mongod: Mongod, db: Database[dict[str, Any]], variables: dict[str, str], tmp_path: Path, *, resent: bool
) -> None:
    with (
        running(variables, mongod.uri, tmp_path / "first.log") as first,
        ThreadPoolExecutor() as threads,
        aggregations_held(db, seconds=2),
    ):
        posting = threads.submit(post, first)
        within(5, lambda: db[schema.TRANSACTIONS].count_documents({}) == 1000)
        time.sleep(0.1)  # its first aggregation is held now
        first.process.kill()
        assert isinstance(posting.exception(), httpx.TransportError)
    assert db[schema.CUSTOMERS].count_documents({}) == 0
    db[schema.LOADS].update_one({}, [{"$set": {"active_at": {"$subtract": ["$$NOW", 16_000]}}}])

    with running(variables, mongod.uri, tmp_path / "second.log") as second:
        if resent:
            assert is_exact(post(second), second, db)
        else:
            within(5, lambda: db[schema.LOADS].count_documents({"dirty": True}) == 0)
            assert frequency(second) == 50
            assert is_exact(post(second), second, db), "and the client is told what it would have been told"


def test_twenty_requests_of_a_mebibyte_at_once_stay_within_100_megabytes(api: Running) -> None:
    def large(number: int) -> int:
        lines = [{**line, "Description": f"{number} {n} ".ljust(880, "x")} for n, line in enumerate(LINES)]
        with httpx.Client(base_url=api.http.base_url, timeout=30) as client:
            return client.post("/transactions", json=lines).status_code

    empty_lists = json.dumps([[]] * 300_000).encode()
    for _ in range(3):
        api.http.post("/transactions", content=empty_lists, headers={"Content-Type": "application/json"})
    with ThreadPoolExecutor(20) as threads:
        statuses = set(threads.map(large, range(20)))

    assert 200 in statuses <= {200, 503}
    assert api.rss_kb() <= 100_000


def test_questions_are_answered_while_a_thousand_lines_are_added(api: Running) -> None:
    def alive() -> float:
        started = time.perf_counter()
        assert api.http.get("/livez").is_success
        return time.perf_counter() - started

    with ThreadPoolExecutor() as threads:
        posting = threads.submit(lambda: [post(api, LINES, {}) for _ in range(3)])
        waited = []
        while not posting.done():
            waited.append(alive())
    assert all(answer.status_code == 200 for answer in posting.result())
    assert sorted(waited)[len(waited) // 2] <= 0.02


def test_a_body_that_trickles_in_is_a_408(api: Running) -> None:
    def slowly() -> Iterator[bytes]:
        yield b"["
        time.sleep(11)
        yield b"]"

    with httpx.Client(base_url=api.http.base_url, timeout=20) as client:
        answer = client.post("/transactions", content=slowly(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (408, "request_timeout")

"""GET /metrics: what Prometheus reads, and what it does not learn."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from bundles import CARD, VERSION, small_bundle
from prometheus_client import generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families
from serving import CLOCK, ORDERS, UnreachableCustomers, UnreachableLoads
from shops import seeded

from inference.database.connection import Connection
from inference.docs.recorded import examples_of
from inference.health.repository import MongoLoads
from inference.metrics import Metrics
from inference.settings import Settings
from retention.store import schema

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from pymongo.database import Database
    from serving import Models, Serve

pytestmark = pytest.mark.anyio

NEXT = "20260102T000000Z-0000000"
UNITS, INVOICE = "Quantity_missing", "InvoiceNo_missing"
NAMES = {
    "http_requests_total", "http_request_duration_seconds", "churn_predictions_total", "churn_prediction_probability",
    "churn_model_info", "churn_model_trained_timestamp_seconds", "churn_model_loads_total",
    "churn_data_last_transaction_timestamp_seconds", "churn_ingest_rows_total", "churn_training_runs_total",
    "churn_build_info",
}  # fmt: skip


async def samples(api: httpx.AsyncClient, name: str) -> dict[tuple[str, ...], float]:
    """Return the values of a metric by its labels' values, in the order of the labels' names, as they are parsed."""
    text = (await api.get("/metrics")).text
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


async def ask(api: httpx.AsyncClient, customer_id: int = 12347) -> dict[str, Any]:
    answer = await api.post("/predict_churn_by_id", json={"customer_id": customer_id})
    found: dict[str, Any] = answer.json()
    return found


async def test_it_is_prometheus_text_with_every_name_of_the_contract(api: httpx.AsyncClient) -> None:
    await ask(api)
    answer = await api.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert families.keys() >= {name.removesuffix("_total") for name in NAMES}
    assert all(family.documentation and family.type != "untyped" for family in families.values())
    assert not [name for name in families if name.endswith("_created")]
    found = {sample.name.removesuffix("_bucket") for family in families.values() for sample in family.samples}
    assert found >= NAMES


async def test_every_request_is_counted_and_timed_by_its_route(api: httpx.AsyncClient) -> None:
    for customer_id in (12347, 12347, 1):
        await ask(api, customer_id)
    counted = await samples(api, "http_requests_total")
    timed = await samples(api, "http_request_duration_seconds_count")

    assert counted["POST", "/predict_churn_by_id", "200"] == 2
    assert counted["POST", "/predict_churn_by_id", "404"] == 1
    assert timed["/predict_churn_by_id",] == 3


async def test_addresses_and_methods_that_clients_make_up_are_one_label(api: httpx.AsyncClient) -> None:
    for number in range(20):
        await api.get(f"/nobody/{number}")
        await api.request(f"METHOD{number}", "/model")
    counted = await samples(api, "http_requests_total")

    assert counted["GET", "unmatched", "404"] == 20
    assert sum(count for (method, *_), count in counted.items() if method == "other") == 20
    assert len(counted) <= 4


async def test_no_customer_is_named_and_no_key_is_asked_for(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve() as api:
        await ask(api, 12347)
        await api.get("/customers/12347")
        text = (await api.get("/metrics")).text

    assert "12347" not in text
    assert 'route="/customers/{' in text


async def test_predictions_are_counted_by_version_and_evidence_and_spread_over_tenths(api: httpx.AsyncClient) -> None:
    said = await ask(api, 12347)
    await ask(api, 12348)
    counted = await samples(api, "churn_predictions_total")
    probability = said["prediction"]["churn_probability"]

    assert counted == {("sparse", VERSION): 1, ("single_order", VERSION): 1}
    spread = await samples(api, "churn_prediction_probability_bucket")
    assert len(spread) == 11
    assert spread[f"{int(probability * 10) / 10 + 0.1:.1f}",] >= 1
    assert (await samples(api, "churn_prediction_probability_count"))[()] == 2


@pytest.mark.parametrize(
    ("path", "question", "count"),
    [
        ("/predict_churn", {"Frequency": 3, "Monetary": 30.0, "AvgOrderValue": 10.0}, 1),
        ("/predict", {"Frequency": 3, "Monetary": 30.0, "AvgOrderValue": 10.0}, 1),
        ("/predict/batch", {"data": [{"Frequency": 3, "Monetary": 30.0, "AvgOrderValue": 10.0}] * 2}, 2),
        ("/predict_churn_batch", {"customer_ids": [12347, 12348, 1]}, 2),
    ],
)
async def test_probabilities_of_every_question_are_counted(
    api: httpx.AsyncClient, path: str, question: dict[str, Any], count: int
) -> None:
    assert (await api.post(path, json=question)).status_code == 200
    assert sum((await samples(api, "churn_predictions_total")).values()) == count
    assert (await samples(api, "churn_prediction_probability_count"))[()] == count


async def test_the_model_that_answers_is_named_with_when_it_was_trained(api: httpx.AsyncClient) -> None:
    info = await samples(api, "churn_model_info")
    trained = await samples(api, "churn_model_trained_timestamp_seconds")

    assert len(info) == 1
    assert {VERSION, "B", "90"} == set(next(iter(info)))
    assert trained == {(): 1_767_225_600.0}
    assert ("abc1234",) in await samples(api, "churn_build_info")


async def test_champions_that_were_read_are_counted_by_what_came_of_it(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve() as api:
        assert await samples(api, "churn_model_loads_total") == {("loaded",): 1, ("refused",): 0, ("unreadable",): 0}
        models.publish(NEXT, key=b"another key of thirty-two bytes.")
        await api.post("/model/reload")
        assert (await samples(api, "churn_model_loads_total"))["refused",] == 1


async def test_rows_are_those_of_files_and_those_that_were_posted(api: httpx.AsyncClient) -> None:
    before = await samples(api, "churn_ingest_rows_total")
    headers = {"Idempotency-Key": "once"}
    lines = examples_of("transactions")["unreadable"]["request"]["body"]
    for _ in range(2):  # the second is a replay, and no new row
        await api.post("/transactions", json=lines, headers=headers)
    after = await samples(api, "churn_ingest_rows_total")

    assert before == {
        ("", "inserted"): 90, ("", "duplicate"): 6, ("", "erased"): 0, ("Quantity_missing", "quarantined"): 4
    }  # fmt: skip
    assert after == before | {("", "inserted"): 91, ("InvoiceDate_unreadable", "quarantined"): 1}


async def test_the_last_transaction_is_an_instant(api: httpx.AsyncClient) -> None:
    found = await samples(api, "churn_data_last_transaction_timestamp_seconds")

    assert found == {(): CLOCK.timestamp() - 11 * 3600}


async def test_training_runs_are_counted_by_the_gate_and_the_grade_and_never_go_back(
    serve: Serve, models: Models
) -> None:
    models.publish(VERSION)
    async with serve() as api:
        small_bundle(models.registry.folder(NEXT), without={"card"})
        both = await samples(api, "churn_training_runs_total")
        for path in models.registry.folder(NEXT).iterdir():
            path.unlink()
        models.registry.folder(NEXT).rmdir()
        after = await samples(api, "churn_training_runs_total")

    assert CARD["gate"]["passed"]
    assert both == after == {("B", "passed"): 1, ("unknown", "unknown"): 1}


async def test_without_a_database_what_it_would_say_is_left_out(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(UnreachableCustomers(ORDERS), loads=UnreachableLoads()) as api:
        answer = await api.get("/metrics")
        names = {family.name for family in text_string_to_metric_families(answer.text)}

        assert answer.status_code == 200
        assert not names & {"churn_ingest_rows", "churn_data_last_transaction_timestamp_seconds"}
        assert names >= {"http_requests", "churn_model_info"}
        assert await samples(api, "churn_database_up") == {(): 0}


async def test_two_applications_of_one_process_count_apart(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve() as one, serve() as other:
        await ask(one)
        assert await samples(other, "churn_predictions_total") == {}


def test_labels_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics()
    looked_up, look_up = 0, MetricWrapperBase.labels

    def counting(*given: Any, **named: Any) -> Any:
        nonlocal looked_up
        looked_up += 1
        return look_up(*given, **named)

    monkeypatch.setattr(MetricWrapperBase, "labels", counting)
    for _ in range(500):
        metrics.predicted(VERSION, "repeat", 0.35)
        metrics.answered("POST", "/predict_churn_by_id", 200, 0.002)

    assert looked_up == 3
    text = generate_latest(metrics.registry).decode()
    assert f'churn_predictions_total{{evidence="repeat",model_version="{VERSION}"}} 500.0' in text


def account(**counts: Any) -> dict[str, Any]:
    return {"read": 0, "inserted": 0, "already_there": 0, "quarantined": {}, "erased": 0} | counts


async def test_loads_are_summed_by_result_and_reason_without_requests_whose_records_expire(
    environ: dict[str, str], mongo_uri: str, database: Database[dict[str, object]]
) -> None:
    database[schema.LOADS].insert_many([
        {"_id": "one", "status": "finished", **account(inserted=5, already_there=1, quarantined={UNITS: 2})},
        {"_id": "two", "status": "loading", "ledger": account(inserted=7, quarantined={UNITS: 1, INVOICE: 1})},
        {"_id": "request", "status": "finished", "body_sha256": "5c", **account(inserted=1000)},
        {"_id": "begun", "status": "loading"},
    ])  # fmt: skip
    lines = [{"_id": b"%c" % n * 12, "InvoiceDate": CLOCK.replace(day=n)} for n in (3, 9, 4)]
    database[schema.TRANSACTIONS].insert_many(lines)
    connection = Connection(Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": database.name}))
    loaded = await MongoLoads(connection).loaded()
    connection.close()

    assert loaded.rows == {
        ("inserted", ""): 12, ("duplicate", ""): 1, ("erased", ""): 0,
        ("quarantined", UNITS): 3, ("quarantined", INVOICE): 1,
    }  # fmt: skip
    assert loaded.last_transaction_at == CLOCK.replace(day=9)


FILE = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,LANTERN,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
536365,71053,LANTERN,6,2010-12-01 08:26:00,3.39,17850,United Kingdom
536366,22633,WARMER,six,2010-12-01 08:28:00,1.85,17850,United Kingdom
"""


async def test_a_file_that_the_seeder_loaded_is_counted(
    environ: dict[str, str], mongo_uri: str, tmp_path: Path
) -> None:
    (tmp_path / "lines.csv").write_text(FILE)
    with seeded(mongo_uri, "load", str(tmp_path / "lines.csv")) as shop:
        variables = {"MONGO_URI": mongo_uri, "DB_NAME": shop.db_name}
        with closing(Connection(Settings.from_environ(environ | variables))) as connection:
            loaded = await MongoLoads(connection).loaded()

    assert loaded.rows == {
        ("inserted", ""): 2, ("duplicate", ""): 0, ("erased", ""): 0, ("quarantined", "Quantity_unreadable"): 1
    }  # fmt: skip


async def test_nothing_loaded_is_no_rows_and_no_instant(
    environ: dict[str, str], mongo_uri: str, database_name: str
) -> None:
    connection = Connection(Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": database_name}))
    loaded = await MongoLoads(connection).loaded()
    connection.close()

    assert loaded == ({}, None)

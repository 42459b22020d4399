from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from bundles import VERSION
from serving import ORDERS, InMemoryCustomers, UnreachableCustomers

from retention.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import httpx
    from serving import Models, Serve

pytestmark = pytest.mark.anyio


async def test_with_everything_there_it_is_ready_and_healthy(api: httpx.AsyncClient) -> None:
    ready = await api.get("/readyz")
    health = await api.get("/health")

    assert ready.status_code == health.status_code == 200
    assert ready.json()["status"] == "ready"
    assert {name: check["ok"] for name, check in ready.json()["checks"].items()} == {"mongo": True, "model": True}
    assert all(check["milliseconds"] >= 0 for check in ready.json()["checks"].values())
    assert health.json() == ready.json() | {
        "checks": health.json()["checks"],
        "api": "running", "mongo": "connected", "model": "loaded", "model_version": VERSION, "stale_reason": None,
        "documents": 4, "version": "abc1234",
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/readyz", "/health"])
async def test_without_a_database_it_is_not_ready_and_alive(serve: Serve, models: Models, path: str) -> None:
    models.publish(VERSION)
    async with serve(UnreachableCustomers(ORDERS)) as api:
        answer = await api.get(path)
        alive = await api.get("/livez")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert {name: check["ok"] for name, check in answer.json()["checks"].items()} == {"mongo": False, "model": True}
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})


class UnreadableCustomers(InMemoryCustomers):
    """A database that answers a ping, and lets nobody read."""

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:  # noqa: ARG002
        raise UnavailableError("not authorized")


class SlowCustomers(InMemoryCustomers):
    """A database that takes its time over every question, and answers a ping at once."""

    async def features(self, customer_id: int, as_of: datetime, *, or_later: bool = False) -> Mapping[str, Any]:
        await asyncio.sleep(30)
        return await super().features(customer_id, as_of, or_later=or_later)


@pytest.mark.parametrize("customers", [UnreadableCustomers(ORDERS), SlowCustomers(ORDERS)])
@pytest.mark.parametrize("path", ["/readyz", "/health"])
async def test_when_no_prediction_could_be_made_a_ping_that_is_answered_does_not_make_it_ready(
    serve: Serve, models: Models, customers: InMemoryCustomers, path: str
) -> None:
    models.publish(VERSION)
    async with serve(customers) as api, asyncio.timeout(3):
        answer = await api.get(path)

    assert (answer.status_code, answer.json()["checks"]["mongo"]["ok"]) == (503, False)
    assert answer.json()["checks"]["mongo"]["milliseconds"] < 1500  # 900; the machine may be busy


async def test_health_without_a_database_does_not_know_how_much_is_stored(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(UnreachableCustomers(ORDERS)) as api:
        health = (await api.get("/health")).json()

    assert (health["mongo"], health["documents"]) == ("unavailable", None)


async def test_without_a_model_it_starts_and_says_so(serve: Serve) -> None:
    async with serve() as api:
        health = await api.get("/health")
        answer = await api.post("/predict_churn_by_id", json={"customer_id": 12347})

    assert (health.status_code, health.json()["model"]) == (503, "absent")
    assert "run the trainer" in health.json()["stale_reason"]
    assert (answer.status_code, answer.json()["code"]) == (503, "model_not_loaded")
    assert answer.headers["retry-after"] == "1"


async def test_a_prediction_without_a_database_is_a_503_that_says_when_to_ask_again(
    serve: Serve, models: Models
) -> None:
    models.publish(VERSION)
    async with serve(UnreachableCustomers(ORDERS)) as api:
        answer = await api.post("/predict_churn_by_id", json={"customer_id": 12347})

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert "mongodb://" not in answer.text

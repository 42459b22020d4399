"""`/segment`: the nearest segment to three figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bundles import KEY, VERSION
from serving import ORDERS, UnreachableCustomers

from inference.docs.recorded import examples_of
from retention.registry.bundle import read_bundle

if TYPE_CHECKING:
    import httpx
    from serving import Models, Serve

pytestmark = pytest.mark.anyio

FIGURES = examples_of("segment")["figures"]["request"]["body"]


@pytest.mark.parametrize("figures", [FIGURES, {"recency": 400.0, "frequency": 1.0, "monetary": 10}])
async def test_it_is_the_bundles_nearest(api: httpx.AsyncClient, models: Models, figures: dict[str, float]) -> None:
    answer = await api.post("/segment", json=figures)

    assert answer.status_code == 200
    nearest = read_bundle(models.registry.folder(VERSION), KEY).segments.segment(*figures.values())
    assert answer.json() == {
        "cluster": nearest.cluster,
        "segment": nearest.segment,
        "action": nearest.action,
        "offer": nearest.offer,
    }


async def test_it_is_the_segment_of_the_customer_with_these_figures(api: httpx.AsyncClient) -> None:
    customer = (await api.post("/predict_churn_by_id", json={"customer_id": 12347})).json()
    features = customer["features"]
    figures = {name.lower(): features[name] for name in ("Recency", "Frequency", "Monetary")}

    assert (await api.post("/segment", json=figures)).json() == customer["segment"]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"recency": -1}, "#/recency"),
        ({"recency": 2.5}, "#/recency"),
        ({"recency": 10**6}, "#/recency"),
        ({"frequency": 0}, "#/frequency"),
        ({"frequency": True}, "#/frequency"),
        ({"frequency": 10**18}, "#/frequency"),
        ({"monetary": -0.01}, "#/monetary"),
        ({"monetary": 1e18}, "#/monetary"),
        ({"monetary": "4310"}, "#/monetary"),
        ({"monetary": None}, "#/monetary"),
        ({"Monetary": 1.0}, "#"),
    ],
)
async def test_figures_that_nobody_has_are_refused(
    api: httpx.AsyncClient, wrong: dict[str, object], pointer: str
) -> None:
    answer = await api.post("/segment", json=FIGURES | wrong)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "1e400"])
async def test_numbers_that_are_none_are_refused(api: httpx.AsyncClient, constant: str) -> None:
    body = f'{{"recency": 2, "frequency": 7, "monetary": {constant}}}'
    answer = await api.post("/segment", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


async def test_it_needs_no_database(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(UnreachableCustomers(ORDERS)) as api:
        assert (await api.post("/segment", json=FIGURES)).status_code == 200


async def test_without_a_model_it_is_a_503(serve: Serve) -> None:
    async with serve() as api:
        answer = await api.post("/segment", json=FIGURES)

    assert (answer.status_code, answer.json()["code"]) == (503, "model_not_loaded")

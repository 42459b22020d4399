"""`/predict` and `/predict/batch`: the second formula under the names that older programs know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bundles import VERSION
from serving import ORDERS, UnreachableCustomers

from inference.docs.recorded import examples_of

if TYPE_CHECKING:
    import httpx
    from serving import Models, Serve

pytestmark = pytest.mark.anyio

ROWS = [example["request"]["body"] for example in examples_of("predict").values()]
FIVE = ROWS[-1]


@pytest.mark.parametrize("row", ROWS)
async def test_the_four_fields_are_those_of_the_full_answer(api: httpx.AsyncClient, row: dict[str, float]) -> None:
    full = (await api.post("/predict_churn", json=row)).json()
    plain = await api.post("/predict", json=row)

    assert plain.status_code == 200
    as_a_data_frame_has_it = {name: float(value) for name, value in row.items()}
    assert (await api.post("/predict", json=as_a_data_frame_has_it)).json() == plain.json()
    assert plain.json() == {
        "probability": full["churn_probability"],
        "prediction": full["churn_prediction"],
        "confidence": full["confidence"],
        "threshold": full["threshold"],
    }


async def test_a_batch_answers_each_row_in_order(api: httpx.AsyncClient) -> None:
    rows = [{"Frequency": n, "Monetary": 50.0 * n, "AvgOrderValue": 50.0} for n in range(1, 301)] + ROWS
    answer = (await api.post("/predict/batch", json={"data": rows})).json()

    assert answer["count"] == len(rows) == len(answer["predictions"])
    for place in (0, 150, 299, 300, 301):
        assert answer["predictions"][place] == (await api.post("/predict", json=rows[place])).json()


async def test_a_thousand_rows_with_every_digit_fit_into_a_body(api: httpx.AsyncClient) -> None:
    row = {"Frequency": 10**9, "Monetary": 4310.123456789012e8, "AvgOrderValue": 431.0123456789012, "Recency": 100_000}
    answer = await api.post("/predict/batch", json={"data": [row | {"Tenure": 100_000}] * 1000})

    assert answer.status_code == 200
    assert len(answer.request.content) > 100_000  # more than other bodies may have
    assert answer.json()["count"] == 1000


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        ({"Monetary": 1e18, "AvgOrderValue": 1e18 / 7}, "#/data/17/Monetary"),
        ({"Monetary": -1.0}, "#/data/17/Monetary"),
        ({"Monetary": "4310"}, "#/data/17/Monetary"),
        ({"AvgOrderValue": 1.0}, "#/data/17/AvgOrderValue"),
        ({"Frequency": 7.5}, "#/data/17/Frequency"),
        ({"Tenure": 1}, "#/data/17/Tenure"),
    ],
)
async def test_a_row_that_is_not_valid_refuses_all_and_is_named(
    api: httpx.AsyncClient, row: dict[str, object], pointer: str
) -> None:
    rows = [FIVE] * 17 + [FIVE | row] + [FIVE] * 3
    answer = await api.post("/predict/batch", json={"data": rows})

    assert (answer.status_code, answer.json()["code"]) == (422, "validation")
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("rows", [[], [FIVE] * 1001, FIVE, None])
async def test_a_batch_is_a_list_of_1_to_1000_rows(api: httpx.AsyncClient, rows: object) -> None:
    answer = await api.post("/predict/batch", json={"data": rows})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/data"]


async def test_a_batch_of_over_256_kib_is_not_read(api: httpx.AsyncClient) -> None:
    answer = await api.post(
        "/predict/batch", content=b" " * (256 * 1024 + 1), headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_they_need_no_database(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(UnreachableCustomers(ORDERS)) as api:
        assert (await api.post("/predict", json=FIVE)).status_code == 200
        assert (await api.post("/predict/batch", json={"data": [FIVE]})).status_code == 200


async def test_without_a_model_they_are_a_503(serve: Serve) -> None:
    async with serve() as api:
        for path, body in (("/predict", FIVE), ("/predict/batch", {"data": [FIVE]})):
            answer = await api.post(path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (503, "model_not_loaded")

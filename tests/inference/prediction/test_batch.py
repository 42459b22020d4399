"""Many customers in one question: each as when asked about alone, in order, and nobody holds up the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from bundles import VERSION
from pydantic import TypeAdapter
from serving import CLOCK, ORDERS, InMemoryCustomers, UnreachableCustomers

from inference.docs.recorded import examples_of
from inference.http.admission import Lane
from inference.prediction.responses import CustomersAnswer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    import httpx
    from serving import Models, Serve

    from inference.prediction.repository import Found

pytestmark = pytest.mark.anyio

PATH = "/predict_churn_batch"
PAST = "2011-09-10T00:00:00Z"


class CountedCustomers(InMemoryCustomers):
    """Says how often it was asked about how many."""

    def __init__(self) -> None:
        super().__init__(ORDERS)
        self.asked: list[int] = []

    async def features_of(
        self, customer_ids: Collection[int], as_of: datetime, *, or_later: bool = False
    ) -> Mapping[int, Found]:
        self.asked.append(len(customer_ids))
        return await super().features_of(customer_ids, as_of, or_later=or_later)


async def alone(api: httpx.AsyncClient, customer_id: int, request_id: str, **question: object) -> Any:
    return (
        await api.post(
            "/predict_churn_by_id",
            json={"customer_id": customer_id, **question},
            headers={"X-Request-ID": request_id},
        )
    ).json()


@pytest.mark.parametrize("explain", [False, True])
@pytest.mark.parametrize("as_of", [None, PAST])
async def test_each_is_answered_as_when_asked_about_alone_and_in_order(
    api: httpx.AsyncClient, as_of: str | None, explain: bool
) -> None:
    more = {"as_of": as_of, "explain": explain}
    ids = [12378, 12347]
    answer = await api.post(PATH, json={"customer_ids": ids, **more}, headers={"X-Request-ID": "r-1"})

    assert answer.status_code == 200
    assert answer.json() == {"results": [await alone(api, each, "r-1", **more) for each in ids], "errors": []}


async def test_the_reasons_are_left_out_unless_asked_for(api: httpx.AsyncClient) -> None:
    (result,) = (await api.post(PATH, json={"customer_ids": [12347]})).json()["results"]

    assert result["explanation"] is None


async def test_who_cannot_be_predicted_is_named_with_the_reason_and_holds_up_nobody(api: httpx.AsyncClient) -> None:
    answer = (await api.post(PATH, json={"customer_ids": [99999, 12347, 12349, 12348, 2**63 - 1]})).json()

    assert [result["customer_id"] for result in answer["results"]] == [12347, 12348]
    assert answer["errors"] == [
        {"customer_id": 99999, "problem": "customer_not_found"},
        {"customer_id": 12349, "problem": "no_orders"},
        {"customer_id": 2**63 - 1, "problem": "customer_not_found"},
    ]


async def test_who_is_named_twice_is_answered_twice(api: httpx.AsyncClient) -> None:
    answer = (await api.post(PATH, json={"customer_ids": [12347, 99999, 12348, 12347, 99999]})).json()

    assert [result["customer_id"] for result in answer["results"]] == [12347, 12348, 12347]
    assert [error["customer_id"] for error in answer["errors"]] == [99999, 99999]


async def test_a_thousand_are_one_question_to_the_customers(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    customers = CountedCustomers()
    async with serve(customers) as api:
        answer = (await api.post(PATH, json={"customer_ids": [12347, 1] * 500, "explain": True})).json()

    assert customers.asked == [1000]
    assert (len(answer["results"]), len(answer["errors"])) == (500, 500)
    TypeAdapter(CustomersAnswer).validate_python(answer, strict=True)


@pytest.mark.parametrize(
    ("question", "pointer"),
    [
        ({"customer_ids": [1, 2, 3, "12347"]}, "#/customer_ids/3"),
        ({"customer_ids": [12347, 12347.0]}, "#/customer_ids/1"),
        ({"customer_ids": [12347, 0]}, "#/customer_ids/1"),
        ({"customer_ids": [True]}, "#/customer_ids/0"),
        ({"customer_ids": [2**63]}, "#/customer_ids/0"),
        ({"customer_ids": [None]}, "#/customer_ids/0"),
        ({"customer_ids": []}, "#/customer_ids"),
        ({"customer_ids": [1] * 1001}, "#/customer_ids"),
        ({"customer_ids": 12347}, "#/customer_ids"),
        ({"customer_ids": [12347], "as_of": "2011-09-10"}, "#/as_of"),
        ({"customer_ids": [12347], "explain": 1}, "#/explain"),
        ({}, "#/customer_ids"),
    ],
)
async def test_what_is_wrong_refuses_all_and_is_named(
    api: httpx.AsyncClient, question: dict[str, object], pointer: str
) -> None:
    answer = await api.post(PATH, json=question)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_without_the_database_it_is_a_503(serve: Serve, models: Models) -> None:
    models.publish(VERSION)
    async with serve(UnreachableCustomers(ORDERS)) as api:
        answer = await api.post(PATH, json={"customer_ids": [12347]})

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_single_questions_are_answered_while_a_thousand_are(api: httpx.AsyncClient) -> None:
    ended: list[str] = []

    async def ask(name: str, path: str, question: dict[str, object]) -> None:
        assert (await api.post(path, json=question)).status_code == 200
        ended.append(name)

    many = asyncio.create_task(ask("many", PATH, {"customer_ids": [12347] * 1000, "explain": True}))
    await asyncio.sleep(0)
    await ask("one", "/predict_churn_by_id", {"customer_id": 12347})
    await many

    assert ended == ["one", "many"]


async def test_the_third_of_two_at_a_time_waits_for_a_place_and_is_told_when_there_is_none(
    serve: Serve, models: Models
) -> None:
    entered, leave = asyncio.Semaphore(0), asyncio.Event()

    class HeldCustomers(InMemoryCustomers):
        async def features_of(
            self, customer_ids: Collection[int], as_of: datetime, *, or_later: bool = False
        ) -> Mapping[int, Found]:
            entered.release()
            await leave.wait()
            return await super().features_of(customer_ids, as_of, or_later=or_later)

    models.publish(VERSION)
    async with serve(HeldCustomers(ORDERS)) as api:
        question = {"customer_ids": [12347]}
        two = [asyncio.create_task(api.post(PATH, json=question)) for _ in range(2)]
        for _ in two:
            await entered.acquire()
        third = await api.post(PATH, json=question)
        leave.set()
        answers = await asyncio.gather(*two)
        again = await api.post(PATH, json=question)

    assert (third.status_code, third.json()["code"], third.headers["retry-after"]) == (503, "busy", "1")
    assert [answer.status_code for answer in (*answers, again)] == [200] * 3


async def test_a_place_is_given_back_whatever_happens_in_it() -> None:
    lane = Lane(1, wait_s=0.01)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with lane.place():
                raise ZeroDivisionError


async def test_the_documented_example_works(api: httpx.AsyncClient) -> None:
    answer = (await api.post(PATH, json=examples_of("predict_churn_batch")["three"]["request"]["body"])).json()

    assert len(answer["results"]) == 2
    assert answer["results"][0]["meta"]["as_of"] == CLOCK.isoformat().replace("+00:00", "Z")
    assert answer["errors"] == [{"customer_id": 99999, "problem": "customer_not_found"}]

"""A FastRoute answers exactly as FastAPI's own handler does, and accepts no other kind of endpoint."""

from __future__ import annotations

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Request, Response
from starlette.middleware import Middleware

from inference.http.admission import Admission, admitted
from inference.http.fast_route import FastRoute
from inference.http.json_body import JsonRoute
from inference.http.problem_handlers import add_problem_handlers
from inference.http.request_log import RequestLog
from inference.prediction.requests import CustomerQuestion, FeatureQuestion  # noqa: TC001 - FastAPI reads the annotations

pytestmark = pytest.mark.anyio

JSON = "application/json"


async def _method(request: Request) -> str:
    return request.method


Method = Annotated[str, Depends(_method)]


async def about_a_customer(question: Annotated[CustomerQuestion, Body()], method: Method) -> Response:
    return Response(f"{method} {question!r}", media_type="text/plain")


async def about_figures(question: FeatureQuestion) -> Response:
    return Response(repr(question), media_type="text/plain")


@pytest.fixture
def app() -> FastAPI:
    """An application that has each endpoint twice: on a route of FastAPI's handler, and on one of ours."""
    app = FastAPI(middleware=[Middleware(RequestLog, id_hash_key=b"key", count=lambda *_: None)])
    app.state.admission = Admission(1)
    add_problem_handlers(app)
    for router in (
        APIRouter(route_class=JsonRoute, prefix="/theirs", dependencies=[admitted]),
        APIRouter(route_class=FastRoute, prefix="/ours"),
    ):
        router.post("/customer")(about_a_customer)
        router.post("/figures")(about_figures)
        app.router.routes.extend(router.routes)
    return app


@pytest.mark.parametrize(
    "body",
    [
        b'{"customer_id": 12347}', b'{"customer_id": 12347, "as_of": "2011-09-10T00:00:00Z", "explain": false}',
        b'{"Frequency": 3, "Monetary": 20.5}', b'{"Frequency": 3, "Monetary": 20.5, "Recency": 1, "Tenure": 0}',
        b"", b" ", b"{}", b"[]", b"null", b"true", b"12347", b'"12347"', b"\xff", b"NaN", b'{"customer_id": NaN}',
        b'{"customer_id": "12347"}', b'{"customer_id": 12347.0}', b'{"customer_id": 1e400}', b'{"customer_id": true}',
        b'{"customer_id": 0}', b'{"customer_id": 1, "customer_id": 2}', b'{"customer_id": 1, "more": 1}',
        b'{"customer_id": 1, "as_of": "2011-09-10"}', b'{"customer_id": 1, "as_of": 5}', b"[" * 2000,
        b'{"Frequency": 0, "Monetary": -1, "Recency": "x", "y": 1}', b'{"customer_id": ' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("endpoint", ["customer", "figures"])
async def test_the_same_is_answered(app: FastAPI, endpoint: str, body: bytes) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as api:
        theirs, ours = [
            await api.post(f"/{whose}/{endpoint}", content=body, headers={"Content-Type": JSON, "X-Request-ID": "a"})
            for whose in ("theirs", "ours")
        ]

    assert (ours.status_code, ours.headers["content-type"]) == (theirs.status_code, theirs.headers["content-type"])
    assert ours.content == theirs.content.replace(b"/theirs/", b"/ours/")


@pytest.mark.parametrize("said", [JSON, "Application/JSON; charset=utf-8", "text/plain", None])
async def test_the_same_media_types_are_taken(app: FastAPI, said: str | None) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as api:
        theirs, ours = [
            await api.post(
                f"/{whose}/customer", content=b'{"customer_id": 1}', headers={"Content-Type": said} if said else {}
            )
            for whose in ("theirs", "ours")
        ]

    assert ours.status_code == theirs.status_code == (415 if said in {"text/plain", None} else 200)


async def test_a_failure_gives_its_place_back(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as api:
        statuses = [(await api.post("/ours/customer", json=body)).status_code for body in ({}, {}, {"customer_id": 1})]

    assert statuses == [422, 422, 200]


def test_an_endpoint_that_takes_more_is_refused_when_the_application_is_made() -> None:
    async def needs_query(question: CustomerQuestion, limit: int = 3) -> Response:
        return Response(f"{question} {limit}")

    async def needs_request(request: Request, question: CustomerQuestion) -> Response:
        return Response(f"{request} {question}")

    async def needs_no_body(method: Method) -> Response:
        return Response(method)

    for endpoint in (needs_query, needs_request, needs_no_body):
        with pytest.raises(TypeError, match="FastRoute"):
            APIRouter(route_class=FastRoute).post("/")(endpoint)
    with pytest.raises(TypeError, match="FastRoute"):
        APIRouter(route_class=FastRoute, dependencies=[admitted]).post("/")(about_figures)

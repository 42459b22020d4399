"""For monitors and load balancers."""

from __future__ import annotations

from typing import TypeVar

from fastapi import APIRouter, Request, Response

from inference.dependencies import service_of
from inference.docs.openapi import HEALTHS
from inference.health import service as checks
from inference.health.exposition import CONTENT_TYPE, exposition
from inference.health.responses import Alive, Health, Readiness
from inference.http.json_body import StrictJsonRoute
from inference.http.problems import RETRY_AFTER_S

Ready = TypeVar("Ready", Readiness, Health)


class MetricsText(Response):
    """Prometheus' text format."""

    media_type = CONTENT_TYPE


router = APIRouter(route_class=StrictJsonRoute, tags=[HEALTHS])


@router.get("/livez", summary="Is the process alive?")
async def livez() -> Alive:
    """Answer at once, touching nothing: a failure means that the process should be restarted."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    summary="Can it answer predictions?",
    responses={503: {"model": Readiness, "description": "Not now: `checks` says what is missing."}},
)
async def readyz(request: Request, response: Response) -> Readiness:
    """Ask every dependency, and answer 503 when one is missing: a failure means that others should be asked."""
    return _with_status(response, await checks.readiness(service_of(request), request.app.state.ask_database))


@router.get(
    "/health",
    summary="How is it?",
    responses={503: {"model": Health, "description": "It cannot answer predictions now."}},
)
async def health(request: Request, response: Response) -> Health:
    """Answer with the status and the checks of /readyz, and what a monitor likes to see beside them, on one page."""
    return _with_status(response, await checks.health(service_of(request), request.app.state.ask_database))


@router.get(
    "/metrics",
    summary="What Prometheus reads",
    response_class=MetricsText,
    responses={200: {"description": "Prometheus' text format; no label says who a customer is."}},
)
async def metrics(request: Request) -> MetricsText:
    """Answer with every metric; what the database cannot say now is left out."""
    return MetricsText(await exposition(service_of(request), request.app.state.ask_database))


def _with_status(response: Response, readiness: Ready) -> Ready:
    if readiness["status"] != "ready":
        response.status_code = 503
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return readiness

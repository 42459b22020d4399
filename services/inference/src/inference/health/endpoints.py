"""Health checks and metrics, for monitors and load balancers."""

from __future__ import annotations

from typing import Annotated, TypeVar, cast

from fastapi import APIRouter, Depends, Request, Response

from inference.docs.openapi import HEALTHS
from inference.health.exposition import CONTENT_TYPE, Exposition
from inference.health.responses import Alive, Health, Readiness
from inference.health.service import HealthService
from inference.http.json_body import JsonRoute
from inference.http.problems import RETRY_AFTER_S

Ready = TypeVar("Ready", Readiness, Health)


class MetricsText(Response):
    """The Prometheus text format."""

    media_type = CONTENT_TYPE


router = APIRouter(route_class=JsonRoute, tags=[HEALTHS])  # always admitted: no key, no limit, no lane


async def _health(request: Request) -> HealthService:
    return cast("HealthService", request.app.state.health)


async def _exposition(request: Request) -> Exposition:
    return cast("Exposition", request.app.state.exposition)


Healths = Annotated[HealthService, Depends(_health)]


@router.get("/livez", summary="Liveness")
async def livez() -> Alive:
    """Answers at once, without touching any dependency. If it fails, restart the process."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    summary="Readiness",
    responses={503: {"model": Readiness, "description": "Not ready: `checks` says what is missing."}},
)
async def readyz(response: Response, service: Healths) -> Readiness:
    """Checks every dependency; 503 when one is missing. If it fails, send traffic elsewhere."""
    return _with_status(response, await service.readiness())


@router.get(
    "/health",
    summary="Service health",
    responses={503: {"model": Health, "description": "Predictions cannot be answered now."}},
)
async def health(response: Response, service: Healths) -> Health:
    """Returns status and checks as `/readyz` does, with further details, so that a monitor reads one page."""
    return _with_status(response, await service.health())


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=MetricsText,
    responses={200: {"description": "The Prometheus text format. No label identifies a customer."}},
)
async def metrics(exposition: Annotated[Exposition, Depends(_exposition)]) -> MetricsText:
    """Returns every metric. Figures that the database cannot give now are left out."""
    return MetricsText(await exposition.text())


def _with_status(response: Response, readiness: Ready) -> Ready:
    if readiness["status"] != "ready":
        response.status_code = 503
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return readiness

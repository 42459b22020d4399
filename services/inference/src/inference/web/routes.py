"""The page at `/`."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from typing_extensions import TypedDict

from inference.documentation.openapi import HEALTHS
from inference.http.strict_json import StrictJsonRoute

router = APIRouter(route_class=StrictJsonRoute)


class Welcome(TypedDict):
    """What this is."""

    message: str


@router.get("/", tags=[HEALTHS], summary="What is this?", response_model=Welcome)
async def welcome(request: Request) -> Welcome | RedirectResponse:
    """Answer with a line of JSON; browsers are sent to the documentation."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/docs")
    return {"message": "Who is about to leave, and why: POST /predict_churn_by_id; /docs shows how."}

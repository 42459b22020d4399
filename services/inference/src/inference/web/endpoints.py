"""The page at `/`, for people; programs that ask get a line of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from inference.customer import service as asking
from inference.dependencies import service_of
from inference.docs.openapi import PAGE
from inference.http.auth import access_of
from inference.http.negotiation import preferred
from inference.http.problems import RETRY_AFTER_S, UNAUTHORIZED
from inference.web.documented import FORM_BODY, PAGES, WELCOME, Welcome
from inference.web.notices import notice, of_rule
from inference.web.page import page
from inference.web.requests import Form, read_form
from retention.errors import RetentionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inference.customer.responses import Profile
    from inference.http.auth import Refusal
    from inference.web.notices import Notice

_CHALLENGE: Final = {"WWW-Authenticate": 'ApiKey realm="retention", field="key"'}
_OFFERED: Final = ("application/json", "text/html")
MESSAGE: Final = "Who is about to leave, and why: POST /predict_churn_by_id; /docs shows how."

router = APIRouter(tags=[PAGE])


@router.get("/", summary="What is this?", response_model=Welcome, responses=WELCOME)
async def welcome(request: Request) -> HTMLResponse | JSONResponse:
    """Answer with a line of JSON; browsers get the page on which a customer is looked up."""
    if preferred(request.headers.get("accept", ""), _OFFERED) == "text/html":
        return _page(request, Form())
    return JSONResponse({"message": MESSAGE}, headers={"Vary": "Accept"})


@router.post("/", summary="Look up a customer", response_class=HTMLResponse, responses=PAGES, openapi_extra=FORM_BODY)
async def look_up(request: Request) -> HTMLResponse:
    """Answer the page's form with the page about one customer; programs ask GET /customers/{customer_id}.

    An id comes in the body: addresses are logged, shared and remembered.
    """
    form = Form()
    try:
        form = read_form(await request.body(), request.headers.get("content-type", ""))
        if refusal := access_of(request).refusal_of_key(request.scope, form.key.encode() or None):
            return _refused(request, form, refusal)
        question = form.question()
        request.state.customer_id = question.customer_id
        with request.app.state.places:
            profile = await asking.profile(service_of(request), question, request.state.request_id)
    except (RetentionError, HTTPException) as error:
        said = notice(error, on_a_day=bool(form.as_of.strip()))
        return _page(request, form, notice=said, headers={"Retry-After": str(RETRY_AFTER_S)} if said.passes else {})
    return _page(request, form, profile=profile)


def _refused(request: Request, form: Form, refusal: Refusal) -> HTMLResponse:
    headers = _CHALLENGE if refusal.rule is UNAUTHORIZED else refusal.headers
    return _page(request, form, notice=of_rule(refusal.rule), headers=headers)


def _page(
    request: Request,
    form: Form,
    *,
    notice: Notice | None = None,
    profile: Profile | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    asks_key = access_of(request).keys_required
    html = page(form, asks_key=asks_key, request_id=request.state.request_id, notice=notice, profile=profile)
    return HTMLResponse(html, notice.status if notice else 200, {"Vary": "Accept", **(headers or {})})

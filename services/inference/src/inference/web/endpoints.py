"""The page at `/`, where people look up a customer; programs get a line of JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from inference.customer.service import CustomerService
from inference.docs.openapi import PAGE
from inference.http.admission import admission_of
from inference.http.auth import Auth, auth_of
from inference.http.context import Context, RequestContext
from inference.http.negotiation import preferred
from inference.http.problems import RETRY_AFTER_S, UNAUTHORIZED
from inference.web.notices import notice_of_error, notice_of_problem
from inference.web.openapi import FORM_BODY, PAGES, WELCOME, Welcome
from inference.web.page import page
from inference.web.requests import Form, read_form
from retention.errors import RetentionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

    from inference.customer.responses import Profile
    from inference.web.notices import Notice

_CHALLENGE: Final = {"WWW-Authenticate": 'ApiKey realm="retention", field="key"'}
_OFFERED: Final = ("application/json", "text/html")
_FILES: Final = Path(__file__).parent / "files"
MESSAGE: Final = "Which customers are about to leave, and why: POST /predict_churn_by_id. See /docs."

router = APIRouter(tags=[PAGE])


def mount_files(app: FastAPI) -> None:
    """Serve the page's static files."""
    app.mount("/page", StaticFiles(directory=_FILES), name="look-up")


async def _customers(request: Request) -> CustomerService:
    return cast("CustomerService", request.app.state.customers)


async def _auth(request: Request) -> Auth:
    return auth_of(request)


@router.get("/", summary="Home", response_model=Welcome, responses=WELCOME)
async def welcome(request: Request, context: Context) -> HTMLResponse | JSONResponse:
    """Returns a line of JSON, or the look-up page where `Accept` prefers HTML."""
    if preferred(request.headers.get("accept", ""), _OFFERED) == "text/html":
        return _page(auth_of(request), context, Form())
    return JSONResponse({"message": MESSAGE}, headers={"Vary": "Accept"})


@router.post("/", summary="Look up a customer", response_class=HTMLResponse, responses=PAGES, openapi_extra=FORM_BODY)
async def look_up(
    request: Request,
    auth: Annotated[Auth, Depends(_auth)],
    customers: Annotated[CustomerService, Depends(_customers)],
    context: Context,
) -> HTMLResponse:
    """Returns the page about one customer, for the page's form; programs use `GET /customers/{customer_id}`.

    The ID is sent in the body, because addresses are logged and shared.
    """
    form = Form()
    try:
        form = read_form(await request.body(), request.headers.get("content-type", ""))
        if refusal := auth.refusal_of_key(request.scope, form.key.encode() or None):
            headers = _CHALLENGE if refusal.problem is UNAUTHORIZED else refusal.headers
            return _page(auth, context, form, notice=notice_of_problem(refusal.problem, form), headers=headers)
        question = form.question()
        context.customer_id = question.customer_id
        with admission_of(request).requests:
            profile = await customers.profile(question, context.request_id)
    except (RetentionError, HTTPException) as error:
        notice = notice_of_error(error, form)
        retry = {"Retry-After": str(RETRY_AFTER_S)} if notice.transient else {}
        return _page(auth, context, form, notice=notice, headers=retry)
    return _page(auth, context, form, profile=profile)


def _page(
    auth: Auth,
    context: RequestContext,
    form: Form,
    *,
    notice: Notice | None = None,
    profile: Profile | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    html = page(form, asks_key=auth.keys_required, request_id=context.request_id, notice=notice, profile=profile)
    return HTMLResponse(html, notice.status if notice else 200, {"Vary": "Accept", **(headers or {})})

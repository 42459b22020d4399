"""The page at `/`, for people; programs that ask get a line of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from inference.customers import asking
from inference.documentation.openapi import PAGE
from inference.errors import RETRY_AFTER_S
from inference.service import service_of
from inference.web.documented import FORM_BODY, PAGES, WELCOME, Welcome
from inference.web.notices import notice
from inference.web.page import page
from inference.web.questions import Form, NotAskableError, read_form
from retention.errors import RetentionError

if TYPE_CHECKING:
    from inference.customers.schemas import Profile
    from inference.http.access import Access
    from inference.web.notices import Notice

MESSAGE: Final = "Who is about to leave, and why: POST /predict_churn_by_id; /docs shows how."

router = APIRouter(tags=[PAGE])


@router.get("/", summary="What is this?", response_model=Welcome, responses=WELCOME)
async def welcome(request: Request) -> HTMLResponse | JSONResponse:
    """Answer with a line of JSON; browsers get the page on which a customer is looked up."""
    if "text/html" in request.headers.get("accept", ""):
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
        _admit(_access(request), form)
        profile = await asking.profile(service_of(request), form.question(), request.state.request_id)
    except RetentionError as error:
        return _page(request, form, notice=notice(error))
    return _page(request, form, profile=profile)


def _access(request: Request) -> Access:
    access: Access = request.app.state.access
    return access


def _admit(access: Access, form: Form) -> None:
    """Raise a 401 when there are keys and the form has none of them; every key may read."""
    if access.keys_required and access.holder(form.key.encode()) is None:
        raise NotAskableError(
            401,
            "Type an API key that is known here: whoever runs this service makes them.",
            "key",
            title="A key is needed",
        )


def _page(
    request: Request, form: Form, *, notice: Notice | None = None, profile: Profile | None = None
) -> HTMLResponse:
    asks_key = _access(request).keys_required
    html = page(form, asks_key=asks_key, request_id=request.state.request_id, notice=notice, profile=profile)
    return HTMLResponse(html, notice.status if notice else 200, {"Vary": "Accept", **_headers(notice)})


def _headers(notice: Notice | None) -> dict[str, str]:
    if notice and notice.status == 401:  # noqa: PLR2004 - a refusal says what it asks for
        return {"WWW-Authenticate": 'ApiKey realm="retention", field="key"'}
    return {"Retry-After": str(RETRY_AFTER_S)} if notice and notice.passes else {}

"""Who is about to leave, in order; one customer at length; the segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from inference.customer import service as asking
from inference.customer.csv_export import MEDIA_TYPE, csv_text
from inference.customer.example_answers import CSV_PAGE, CUSTOMER_LIST, PROFILE, SEGMENTS
from inference.customer.requests import CustomerId, ListQuestion, ProfileQuestion, each_once, wrong_parameter
from inference.customer.responses import CustomerList, Profile, SegmentSummary
from inference.dependencies import service_of
from inference.docs.openapi import CUSTOMERS, answers, problems
from inference.http.json_body import StrictJsonRoute
from inference.http.negotiation import preferred
from inference.prediction.requests import CustomerQuestion

if TYPE_CHECKING:
    from collections.abc import Mapping

router = APIRouter(route_class=StrictJsonRoute, tags=[CUSTOMERS], dependencies=[Depends(each_once)])

_OFFERED: Final = ("application/json", MEDIA_TYPE)  # the first of equals
_VARIES: Final = {"Vary": "Accept"}
_LIST_HEADERS: Final = {
    "Link": {"description": 'The next page, rel="next"; left out on the last.', "schema": {"type": "string"}},
    "Content-Disposition": {"description": "Of CSV: a file name.", "schema": {"type": "string"}},
}


def _list_answers() -> dict[int | str, dict[str, Any]]:
    responses = answers({"page": CUSTOMER_LIST}, headers=_LIST_HEADERS)
    responses[200]["content"][MEDIA_TYPE] = {"schema": {"type": "string"}, "examples": {"page": {"value": CSV_PAGE}}}
    return responses


@router.get(
    "/customers",
    summary="Who is about to leave?",
    response_model=CustomerList,
    responses=_list_answers()
    | problems("not_acceptable", "validation", "scores_missing", "busy", "database_unavailable"),
)
async def customers(request: Request, question: Annotated[ListQuestion, Query()]) -> Response:
    """List the customers by their risk, page by page: a page for people, or CSV with `Accept: text/csv`.

    A cursor is a place in the order and no number of rows: whatever changes between two pages, nobody who stays where
    they are is left out or shown twice. Each item says which model scored it; when the champion moves meanwhile, the
    next page goes on from the same probability in the new order, so begin anew for a list by one model.

    Everybody is listed as of the day that the data ends on, and each item says it as `as_of`. Where the clock is the
    wall's (`CLOCK=wall`) the prediction by id counts the days until today: there, and only there, it may differ.
    """
    media_type = preferred(", ".join(request.headers.getlist("accept")), _OFFERED)
    if media_type is None:
        raise HTTPException(406, headers=_VARIES)
    page = await asking.customer_list(service_of(request), question)
    cursor = page["next_cursor"]
    following = {"Link": f'</customers?{question.address(cursor)}>; rel="next"'} if cursor else {}
    return _page(page, media_type, {**_VARIES, **following})


def _page(page: CustomerList, media_type: str, headers: Mapping[str, str]) -> Response:
    if media_type == MEDIA_TYPE:
        attached = {**headers, "Content-Disposition": 'attachment; filename="customers.csv"'}
        return Response(
            csv_text(page["items"]), media_type=f"{MEDIA_TYPE}; charset=utf-8; header=present", headers=attached
        )
    return JSONResponse(page, headers=headers)


@router.get(
    "/customers/{customer_id}",
    summary="Everything about one customer",
    responses=answers({"profile": PROFILE})
    | problems(
        "customer_not_found",
        "no_orders",
        "validation",
        "model_not_loaded",
        "database_unavailable",
    ),
)
async def profile(request: Request, customer_id: CustomerId, asked: Annotated[ProfileQuestion, Query()]) -> Profile:
    """Answer with what the prediction by id says, the customer's orders, and the five customers most like this one.

    With `as_of` the question is asked of a past day: only what was known then is looked at, so nobody is similar.
    Those who are similar are shown as the list has them, as of the day that the data ends on.
    """
    request.state.customer_id = customer_id
    return await asking.profile(service_of(request), _question(customer_id, asked), request.state.request_id)


def _question(customer_id: int, asked: ProfileQuestion) -> CustomerQuestion:
    try:
        return CustomerQuestion.model_validate({"customer_id": customer_id, "as_of": asked.as_of})
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("query", *each["loc"])} for each in error.errors()]) from None


@router.get(
    "/clusters/summary",
    summary="How large, how good and how much at risk is each segment?",
    responses=answers({"segments": SEGMENTS})
    | problems("validation", "scores_missing", "busy", "database_unavailable"),
)
async def clusters_summary(request: Request) -> list[SegmentSummary]:
    """Answer with each segment's size, means and share of the money, counted over everybody's scores.

    It is counted once a minute at most: what was posted meanwhile shows a minute later, what another model scored at
    once. The scores are those of `GET /customers`, as of the day that the data ends on.
    """
    if request.query_params:
        raise wrong_parameter("unknown_parameter", "A parameter is not known here")
    return await asking.segments(service_of(request))

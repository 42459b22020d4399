"""Customer lists, customer profiles and segment summaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from inference.customer.csv_export import MEDIA_TYPE, csv_text
from inference.customer.requests import CustomerId, ListQuestion, ProfileQuestion, each_once, wrong_parameter
from inference.customer.responses import CustomerList, FoundCustomer, Profile, SegmentSummary
from inference.customer.service import CustomerService
from inference.docs.openapi import CUSTOMERS, problems
from inference.http.admission import admitted
from inference.http.context import Context
from inference.http.json_body import JsonRoute
from inference.http.negotiation import preferred
from inference.prediction.requests import CustomerQuestion, LookupQuestion

if TYPE_CHECKING:
    from collections.abc import Mapping

router = APIRouter(route_class=JsonRoute, tags=[CUSTOMERS], dependencies=[admitted, Depends(each_once)])

_OFFERED: Final = ("application/json", MEDIA_TYPE)  # the first of equals
_VARIES: Final = {"Vary": "Accept"}
_LIST: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
        "headers": {
            "Link": {"description": 'The next page, rel="next"; left out on the last.', "schema": {"type": "string"}},
            "Content-Disposition": {"description": "A file name, for CSV.", "schema": {"type": "string"}},
        },
    }
}


class _AnyId(StringConvertor):
    """Anything but the name of the other endpoint: `GET /customers/lookup` is a 405 and no invalid ID."""

    regex = "(?!lookup$)[^/]+"


register_url_convertor("any_id", _AnyId())


async def _customers(request: Request) -> CustomerService:
    return cast("CustomerService", request.app.state.customers)


Customers = Annotated[CustomerService, Depends(_customers)]


@router.get(
    "/customers",
    summary="Who is about to leave?",
    response_model=CustomerList,
    responses=_LIST | problems("not_acceptable", "validation", "scores_missing", "busy", "database_unavailable"),
)
async def customers(
    request: Request, question: Annotated[ListQuestion, Query()], service: Customers, context: Context
) -> Response:
    """Lists customers by risk, page by page, as JSON or, with `Accept: text/csv`, as CSV.

    A cursor is a place in the order, not a row number: a customer whose score does not change is neither skipped nor
    repeated. Each item names the model that scored it. When the champion changes between two pages, the next page
    continues from the same probability in the new order; start again for a list by one model.

    All customers are listed as of the day on which the data ends (`as_of` of each item). With `CLOCK=wall` a
    prediction by ID counts the days until today, so it may differ from the list.

    With the scope `contacts`, each item has the customer's e-mail address or text ID as `customer_ref`.
    """
    media_type = preferred(", ".join(request.headers.getlist("accept")), _OFFERED)
    if media_type is None:
        raise HTTPException(406, headers=_VARIES)
    page = await service.page(question, contacts=context.may_read_contacts)
    cursor = page["next_cursor"]
    following = {"Link": f'</customers?{question.address(cursor)}>; rel="next"'} if cursor else {}
    return _page(page, media_type, {**_VARIES, **following})


def _page(page: CustomerList, media_type: str, headers: Mapping[str, str]) -> Response:
    if media_type == MEDIA_TYPE:
        attached = {**headers, "Content-Disposition": 'attachment; filename="customers.csv"'}
        return Response(
            csv_text(page["items"]),
            media_type=f"{MEDIA_TYPE}; charset=utf-8; header=present",
            headers=attached,
        )
    return JSONResponse(page, headers=headers)


@router.get(
    "/customers/{customer_id:any_id}",
    summary="Customer profile",
    responses=problems("customer_not_found", "no_orders", "validation", "model_not_loaded", "database_unavailable"),
)
async def profile(
    customer_id: CustomerId, asked: Annotated[ProfileQuestion, Query()], service: Customers, context: Context
) -> Profile:
    """Returns the prediction by ID, the customer's orders, and the five most similar customers.

    `as_of` asks about a past day: the answer then uses only what was known on that day and lists no similar
    customers. Similar customers are shown as in the list, as of the day on which the data ends. With the scope
    `contacts`, `customer_ref` has the customer's e-mail address or text ID.
    """
    context.customer_id = customer_id
    question, contacts = _question(customer_id, asked), context.may_read_contacts
    return await service.profile(question, context.request_id, contacts=contacts)


@router.post(
    "/customers/lookup",
    summary="Which customer is this?",
    responses=problems(
        "customer_not_found",
        "no_identity_key",
        "body_too_large",
        "unsupported_media_type",
        "validation",
        "database_unavailable",
    ),
)
async def lookup(question: LookupQuestion, service: Customers, context: Context) -> FoundCustomer:
    """Returns the ID of the customer with this ID or e-mail address of the shop's own.

    The reference goes in the body and never in an address, because addresses are logged.
    """
    context.customer_id = customer_id = await service.lookup(question)
    return {"customer_id": customer_id}


def _question(customer_id: int, asked: ProfileQuestion) -> CustomerQuestion:
    try:
        return CustomerQuestion.model_validate({"customer_id": customer_id, "as_of": asked.as_of})
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("query", *each["loc"])} for each in error.errors()]) from None


@router.get(
    "/clusters/summary",
    summary="Segment summaries",
    responses=problems("validation", "scores_missing", "busy", "database_unavailable"),
)
async def clusters_summary(request: Request, service: Customers) -> list[SegmentSummary]:
    """Returns size, means, share of revenue and risk of each segment, over all scored customers.

    Money is net of returns. Summaries are counted at most once a minute, and again as soon as another model has
    scored. The scores are those of `GET /customers`, as of the day on which the data ends.
    """
    if request.query_params:
        raise wrong_parameter("unknown_parameter", "Unknown query parameter")
    return await service.segments()

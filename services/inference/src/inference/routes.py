"""The addresses, each with the statuses it answers with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, TypeVar, cast

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import RedirectResponse

from inference.errors import RETRY_AFTER_S
from inference.example_answers import CUSTOMER_ANSWERS, FEATURE_ANSWER, MODEL_CARD
from inference.examples import CUSTOMER_EXAMPLES, FEATURE_EXAMPLES, INGESTED
from inference.model_card import ModelCard  # noqa: TC001 - FastAPI reads the annotations
from inference.openapi import DATA, HEALTHS, LINES_REQUEST, MODELS, PREDICTIONS, REPLAYED, answers, problems
from inference.questions import CustomerQuestion, FeatureQuestion  # noqa: TC001 - FastAPI reads the annotations
from inference.rows import invalid, read_rows
from inference.schemas import Alive, CustomerAnswer, FeatureAnswer, Health, Ingested, Readiness, Welcome
from inference.strict_json import StrictJsonRoute, json_of

if TYPE_CHECKING:
    from inference.service import Service

Ready = TypeVar("Ready", Readiness, Health)

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

router = APIRouter(route_class=StrictJsonRoute)


@router.post(
    "/predict_churn_by_id",
    tags=[PREDICTIONS],
    summary="Will this customer come back?",
    responses=answers(CUSTOMER_ANSWERS)
    | problems(
        "customer_not_found",
        "no_orders",
        "body_too_large",
        "unsupported_media_type",
        "validation",
        "model_not_loaded",
        "database_unavailable",
    ),
)
async def predict_churn_by_id(
    request: Request, question: Annotated[CustomerQuestion, Body(openapi_examples=CUSTOMER_EXAMPLES)]
) -> CustomerAnswer:
    """Answer with the probability that the customer places no order within the horizon.

    Beside it stand its interval, the segment with what to do about it, and the reasons: exact contributions to the
    log-odds, in words.

    With `as_of` the question is asked of a past day: only what was known then is looked at.
    """
    return await _service(request).about_customer(question, request.state.request_id)


@router.post(
    "/predict_churn",
    tags=[PREDICTIONS],
    summary="Would a customer with these figures come back?",
    responses=answers({"figures": FEATURE_ANSWER})
    | problems("body_too_large", "unsupported_media_type", "validation", "model_not_loaded"),
)
async def predict_churn(
    request: Request, question: Annotated[FeatureQuestion, Body(openapi_examples=FEATURE_EXAMPLES)]
) -> FeatureAnswer:
    """Answer from figures alone, by a second formula: no customer is looked up, and no database needed.

    `Recency` and `Tenure` may be left out: they are then taken as usual for the other figures, and named in `assumed`.
    """
    return _service(request).about_features(question, request.state.request_id)


@router.post(
    "/transactions",
    tags=[DATA],
    summary="Add lines that were sold or returned",
    responses=answers({"ingested": INGESTED}, headers=REPLAYED)
    | problems(
        "in_progress",
        "other_id_scheme",
        "not_stored",
        "not_derivable",
        "request_timeout",
        "body_too_large",
        "unsupported_media_type",
        "validation",
        "idempotency_key_reused",
        "database_unavailable",
        "busy",
    ),
    openapi_extra=LINES_REQUEST,
)
async def transactions(request: Request, response: Response) -> Ingested:
    """Add 1 to 1,000 lines, and answer with what became of each, when every customer they touch is fresh.

    The rules and ids are those of files: a line that is there already is counted as a duplicate and changes nothing,
    and one that cannot be understood is put aside, by reason, while the others are added. Identical lines of one
    invoice are counted within one request, so send an invoice whole. Dates are ISO 8601, in UTC without an offset.

    The next question about a customer of these lines sees them, also lines later than the clock: that customer alone
    is then answered as of the day after the last of them, and `meta.as_of` says so.

    With an `Idempotency-Key` a request can be sent again after any failure: what was begun is finished, and what was
    finished gets the same answer, for 30 days. Without one it can be sent again, too; its lines are then duplicates.
    """
    key = _idempotency_key(request)
    reply = await _service(request).add_lines(read_rows(await json_of(request)), await request.body(), key)
    if reply.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return reply.answer


@router.get(
    "/model",
    tags=[MODELS],
    summary="Which model answers, and how good is it?",
    responses=answers({"model": MODEL_CARD}) | problems("model_not_loaded"),
)
@router.get(
    "/model/metadata",
    tags=[MODELS],
    summary="The same, under the name it had in older systems",
    responses=answers({"model": MODEL_CARD}) | problems("model_not_loaded"),
)
async def model(request: Request) -> ModelCard:
    """Answer with what the model that answers now learned from, and how good it was on a window it had not seen."""
    return _service(request).about_model()


@router.get("/livez", tags=[HEALTHS], summary="Is the process alive?")
async def livez() -> Alive:
    """Answer at once, touching nothing: a failure means that the process should be restarted."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    tags=[HEALTHS],
    summary="Can it answer predictions?",
    responses={503: {"model": Readiness, "description": "Not now: `checks` says what is missing."}},
)
async def readyz(request: Request, response: Response) -> Readiness:
    """Ask every dependency, and answer 503 when one is missing: a failure means that others should be asked."""
    return _with_status(response, await _service(request).readiness())


@router.get(
    "/health",
    tags=[HEALTHS],
    summary="How is it?",
    responses={503: {"model": Health, "description": "It cannot answer predictions now."}},
)
async def health(request: Request, response: Response) -> Health:
    """Answer with the status and the checks of /readyz, and what a monitor likes to see beside them, on one page."""
    return _with_status(response, await _service(request).health())


@router.get("/", tags=[HEALTHS], summary="What is this?", response_model=Welcome)
async def welcome(request: Request) -> Welcome | RedirectResponse:
    """Answer with a line of JSON; browsers are sent to the documentation."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/docs")
    return {"message": "Who is about to leave, and why: POST /predict_churn_by_id; /docs shows how."}


def _idempotency_key(request: Request) -> str | None:
    keys = request.headers.getlist("idempotency-key")
    if len(keys) > 1 or not all(map(_KEY.fullmatch, keys)):
        raise invalid((), "idempotency_key", "Idempotency-Key must be one header of 1 to 255 visible ASCII characters")
    return keys[0] if keys else None


def _service(request: Request) -> Service:
    return cast("Service", request.app.state.service)


def _with_status(response: Response, readiness: Ready) -> Ready:
    if readiness["status"] != "ready":
        response.status_code = 503
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return readiness

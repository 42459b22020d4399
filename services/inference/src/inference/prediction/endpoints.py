"""What is asked about customers, by id or by figures."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Body, Request, Response
from pydantic import TypeAdapter

from inference.dependencies import service_of
from inference.docs.openapi import PREDICTIONS, answers, problems
from inference.http.json_body import QuestionRoute
from inference.prediction import batch as batches
from inference.prediction import service as asking
from inference.prediction.example_answers import CUSTOMER_ANSWERS, CUSTOMERS_ANSWER, FEATURE_ANSWER
from inference.prediction.examples import CUSTOMER_EXAMPLES, CUSTOMERS_EXAMPLES, FEATURE_EXAMPLES
from inference.prediction.requests import CustomerQuestion, CustomersQuestion, FeatureQuestion  # noqa: TC001 - FastAPI reads the annotations
from inference.prediction.responses import CustomerAnswer, CustomersAnswer, FeatureAnswer

router = APIRouter(route_class=QuestionRoute, tags=[PREDICTIONS])

JSON: Final = "application/json"
REFUSED: Final = ("body_too_large", "unsupported_media_type", "validation", "model_not_loaded")

# What is ours needs no validation: written as it is, it takes a third of the time.
_CUSTOMER_ANSWER: Final = TypeAdapter(CustomerAnswer)
_FEATURE_ANSWER: Final = TypeAdapter(FeatureAnswer)


@router.post(
    "/predict_churn_by_id",
    summary="Will this customer come back?",
    response_model=CustomerAnswer,
    responses=answers(CUSTOMER_ANSWERS) | problems("customer_not_found", "no_orders", *REFUSED, "database_unavailable"),
)
async def predict_churn_by_id(
    request: Request, question: Annotated[CustomerQuestion, Body(openapi_examples=CUSTOMER_EXAMPLES)]
) -> Response:
    """Answer with the probability that the customer places no order within the horizon.

    Beside it stand its interval, the segment with what to do about it, and the reasons: exact contributions to the
    log-odds, in words.

    With `as_of` the question is asked of a past day: only what was known then is looked at.
    """
    request.state.customer_id = question.customer_id
    answer = await asking.about_customer(service_of(request), question, request.state.request_id)
    return Response(_CUSTOMER_ANSWER.dump_json(answer), media_type=JSON)


@router.post(
    "/predict_churn_batch",
    summary="Will these customers come back?",
    response_model=CustomersAnswer,
    responses=answers({"three": CUSTOMERS_ANSWER}) | problems(*REFUSED, "database_unavailable", "busy"),
)
async def predict_churn_batch(
    request: Request, question: Annotated[CustomersQuestion, Body(openapi_examples=CUSTOMERS_EXAMPLES)]
) -> Response:
    """Answer about up to 1,000 customers at once, each as when asked about alone, and all by the same model.

    The order is kept. Who is not known or has no orders stands in `errors`, with the reason, and holds up nobody. The
    reasons are left out unless `explain` asks for them.
    """
    answer = await batches.about_customers(service_of(request), question, request.state.request_id)
    return Response(answer, media_type=JSON)


@router.post(
    "/predict_churn",
    summary="Would a customer with these figures come back?",
    response_model=FeatureAnswer,
    responses=answers({"figures": FEATURE_ANSWER}) | problems(*REFUSED),
)
async def predict_churn(
    request: Request, question: Annotated[FeatureQuestion, Body(openapi_examples=FEATURE_EXAMPLES)]
) -> Response:
    """Answer from figures alone, by a second formula: no customer is looked up, and no database needed.

    `Recency` and `Tenure` may be left out: they are then taken as usual for the other figures, and named in `assumed`.
    """
    answer = asking.about_features(service_of(request), question, request.state.request_id)
    return Response(_FEATURE_ANSWER.dump_json(answer), media_type=JSON)

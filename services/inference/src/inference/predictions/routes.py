"""What is asked about one customer, by id or by figures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request

from inference.documentation.openapi import PREDICTIONS, answers, problems
from inference.http.strict_json import StrictJsonRoute
from inference.predictions import asking
from inference.predictions.example_answers import CUSTOMER_ANSWERS, FEATURE_ANSWER
from inference.predictions.examples import CUSTOMER_EXAMPLES, FEATURE_EXAMPLES
from inference.predictions.questions import CustomerQuestion, FeatureQuestion  # noqa: TC001 - FastAPI reads the annotations
from inference.predictions.schemas import CustomerAnswer, FeatureAnswer  # noqa: TC001 - FastAPI reads the annotations
from inference.service import service_of

router = APIRouter(route_class=StrictJsonRoute, tags=[PREDICTIONS])


@router.post(
    "/predict_churn_by_id",
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
    return await asking.about_customer(service_of(request), question, request.state.request_id)


@router.post(
    "/predict_churn",
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
    return asking.about_features(service_of(request), question, request.state.request_id)

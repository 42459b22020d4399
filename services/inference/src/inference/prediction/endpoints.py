"""Predictions, by customer ID or by figures."""

from __future__ import annotations

from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Request, Response
from pydantic import TypeAdapter

from inference.docs.openapi import PREDICTIONS, problems
from inference.http.context import Context
from inference.http.fast_route import FastRoute
from inference.prediction.batch import BatchService
from inference.prediction.requests import CustomerQuestion, CustomersQuestion, FeatureQuestion
from inference.prediction.responses import CustomerAnswer, CustomersAnswer, FeatureAnswer
from inference.prediction.service import PredictionService

router = APIRouter(route_class=FastRoute, tags=[PREDICTIONS])

JSON: Final = "application/json"
REFUSED: Final = ("body_too_large", "unsupported_media_type", "validation", "model_not_loaded")

# Our own answers need no validation: writing them directly takes a third of the time.
_CUSTOMER_ANSWER: Final = TypeAdapter(CustomerAnswer)
_FEATURE_ANSWER: Final = TypeAdapter(FeatureAnswer)


async def _predictions(request: Request) -> PredictionService:
    return cast("PredictionService", request.app.state.predictions)


async def _batches(request: Request) -> BatchService:
    return cast("BatchService", request.app.state.batches)


Predictions = Annotated[PredictionService, Depends(_predictions)]
Batches = Annotated[BatchService, Depends(_batches)]


@router.post(
    "/predict_churn_by_id",
    summary="Will this customer come back?",
    response_model=CustomerAnswer,
    responses=problems("customer_not_found", "no_orders", "no_identity_key", *REFUSED, "database_unavailable"),
)
async def predict_churn_by_id(
    question: CustomerQuestion,
    predictions: Predictions,
    context: Context,
) -> Response:
    """Returns the probability that the customer places no order within the horizon.

    The body names the customer by `customer_id` or by `customer_ref`, the ID or e-mail address as the shop knows it.

    With it come an interval, the segment with a recommended action, and the reasons: exact contributions to the
    log-odds, in words.

    `as_of` asks about a past day: the answer then uses only what was known on that day.
    """
    question = await predictions.identified(question)
    context.customer_id = question.customer_id
    answer = await predictions.by_id(question, context.request_id)
    return Response(_CUSTOMER_ANSWER.dump_json(answer), media_type=JSON)


@router.post(
    "/predict_churn_batch",
    summary="Will these customers come back?",
    response_model=CustomersAnswer,
    responses=problems("no_identity_key", *REFUSED, "database_unavailable", "busy"),
)
async def predict_churn_batch(
    question: CustomersQuestion,
    batches: Batches,
    context: Context,
) -> Response:
    """Returns predictions for up to 1,000 customers, as `POST /predict_churn_by_id` does, all by the same model.

    The order is kept. Unknown customers and customers without orders are listed in `errors`, with the reason. Reasons
    are left out unless `explain` is true.

    With `customer_refs` in place of `customer_ids`, each answer and each entry in `errors` repeats its `customer_ref`.
    """
    return Response(await batches.by_ids(question, context.request_id), media_type=JSON)


@router.post(
    "/predict_churn",
    summary="Would a customer with these figures come back?",
    response_model=FeatureAnswer,
    responses=problems(*REFUSED),
)
async def predict_churn(
    question: FeatureQuestion,
    predictions: Predictions,
    context: Context,
) -> Response:
    """Predicts from figures alone, by a second formula; no customer is looked up.

    `Recency` and `Tenure` may be left out. They are then assumed from the other figures and named in `assumed`.
    """
    answer = predictions.by_figures(question, context.request_id)
    return Response(_FEATURE_ANSWER.dump_json(answer), media_type=JSON)

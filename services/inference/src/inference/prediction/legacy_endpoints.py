"""The addresses of the systems before this one, with their field names: from figures alone, no database needed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from inference.dependencies import service_of
from inference.docs.openapi import OLDER_SYSTEMS, answers, problems
from inference.http.json_body import StrictJsonRoute
from inference.prediction import batch as batches
from inference.prediction import service as asking
from inference.prediction.endpoints import JSON, REFUSED
from inference.prediction.example_answers import PLAIN_PREDICTION, PLAIN_PREDICTIONS, SEGMENT
from inference.prediction.examples import FEATURE_BATCH_EXAMPLES, FEATURE_EXAMPLES, SEGMENT_EXAMPLES
from inference.prediction.requests import FeatureBatch, FeatureQuestion, SegmentQuestion  # noqa: TC001 - FastAPI reads the annotations
from inference.prediction.responses import PlainPrediction, PlainPredictions, Segment

router = APIRouter(route_class=StrictJsonRoute, tags=[OLDER_SYSTEMS])


@router.post(
    "/predict",
    summary="POST /predict_churn in four fields",
    responses=answers({"figures": PLAIN_PREDICTION}) | problems(*REFUSED),
)
async def predict(
    request: Request, question: Annotated[FeatureQuestion, Body(openapi_examples=FEATURE_EXAMPLES)]
) -> PlainPrediction:
    """Answer as `POST /predict_churn` does, by the same formula, without the interval and what was assumed.

    `confidence` says how far the interval lies from the threshold: never `high` when a figure was left out.
    """
    return asking.about_features_plainly(service_of(request), question)


@router.post(
    "/predict/batch",
    summary="POST /predict for up to 1,000 rows",
    response_model=PlainPredictions,
    responses=answers({"rows": PLAIN_PREDICTIONS}) | problems(*REFUSED, "busy"),
)
async def predict_batch(
    request: Request, question: Annotated[FeatureBatch, Body(openapi_examples=FEATURE_BATCH_EXAMPLES)]
) -> Response:
    """Answer each row as `POST /predict` does, in their order, all by the same model.

    A row that is not valid refuses all: `errors` names it, as in `#/data/17/Monetary`. The body may have 256 KiB.
    """
    return Response(await batches.about_rows(service_of(request), question.data), media_type=JSON)


@router.post(
    "/segment",
    summary="Which segment is a customer with these figures in?",
    responses=answers({"figures": SEGMENT}) | problems(*REFUSED),
)
async def segment(
    request: Request, question: Annotated[SegmentQuestion, Body(openapi_examples=SEGMENT_EXAMPLES)]
) -> Segment:
    """Answer with the segment whose centre is nearest, and what to do about it.

    Rely on its name: the number may change with every training.
    """
    return asking.about_segment(service_of(request), question)

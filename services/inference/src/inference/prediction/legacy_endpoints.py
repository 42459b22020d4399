"""Addresses and field names of earlier systems, answered from figures alone."""

from __future__ import annotations

from fastapi import APIRouter, Response

from inference.docs.openapi import LEGACY, problems
from inference.http.admission import admitted
from inference.http.json_body import JsonRoute
from inference.prediction.endpoints import JSON, REFUSED, Batches, Predictions
from inference.prediction.requests import FeatureBatch, FeatureQuestion, SegmentQuestion
from inference.prediction.responses import PlainPrediction, PlainPredictions, Segment

router = APIRouter(route_class=JsonRoute, tags=[LEGACY], dependencies=[admitted])


@router.post(
    "/predict",
    summary="Legacy prediction",
    responses=problems(*REFUSED),
)
async def predict(question: FeatureQuestion, predictions: Predictions) -> PlainPrediction:
    """Predicts as `POST /predict_churn` does, but returns neither the interval nor the assumed figures.

    `confidence` says how far the interval lies from the threshold; it is never `high` when a figure was left out.
    """
    return predictions.plain(predictions.live.bundle, question)


@router.post(
    "/predict/batch",
    summary="Legacy prediction for up to 1,000 rows",
    response_model=PlainPredictions,
    responses=problems(*REFUSED, "busy"),
)
async def predict_batch(question: FeatureBatch, batches: Batches) -> Response:
    """Returns one prediction per row, as `POST /predict` does, in the order of the rows and all by the same model.

    One invalid row refuses the request; `errors` names it, for example `#/data/17/Monetary`. The body limit is 256 KiB.
    """
    return Response(await batches.by_rows(question.data), media_type=JSON)


@router.post(
    "/segment",
    summary="Which segment is a customer with these figures in?",
    responses=problems(*REFUSED),
)
async def segment(question: SegmentQuestion, predictions: Predictions) -> Segment:
    """Returns the segment with the nearest centre, and the recommended action.

    Rely on its name: the cluster number may change with every training.
    """
    return predictions.segment(question)

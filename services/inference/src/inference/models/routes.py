"""The model that answers, and the versions that could."""

from __future__ import annotations

from fastapi import APIRouter, Request

from inference.documentation.openapi import MODELS, answers, problems
from inference.http.strict_json import StrictJsonRoute
from inference.models.example_answers import MODEL_CARD
from inference.models.model_card import ModelCard, model_card
from inference.service import service_of

router = APIRouter(route_class=StrictJsonRoute, tags=[MODELS])


@router.get(
    "/model",
    summary="Which model answers, and how good is it?",
    responses=answers({"model": MODEL_CARD}) | problems("model_not_loaded"),
)
@router.get(
    "/model/metadata",
    summary="The same, under the name it had in older systems",
    responses=answers({"model": MODEL_CARD}) | problems("model_not_loaded"),
)
async def model(request: Request) -> ModelCard:
    """Answer with what the model that answers now learned from, and how good it was on a window it had not seen."""
    live = service_of(request).live
    return model_card(live.bundle, champion_since=live.champion_since)

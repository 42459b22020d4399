"""The live model, and the published versions."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from inference.docs.openapi import MODELS, problems
from inference.http.admission import admitted
from inference.http.auth import requires
from inference.http.context import Context
from inference.http.json_body import JsonRoute
from inference.model.model_card import ModelCard
from inference.model.requests import ChampionChoice
from inference.model.responses import ChampionMoved, Reloaded, Versions
from inference.model.service import ModelService

router = APIRouter(route_class=JsonRoute, tags=[MODELS], dependencies=[admitted])


async def _models(request: Request) -> ModelService:
    return cast("ModelService", request.app.state.models)


Models = Annotated[ModelService, Depends(_models)]


@router.get(  # decorators apply from the bottom: this one is listed second
    "/model/metadata",
    summary="Model card (legacy address)",
    responses=problems("model_not_loaded"),
)
@router.get(
    "/model",
    summary="Model card",
    responses=problems("model_not_loaded"),
)
async def model(service: Models) -> ModelCard:
    """Returns what the live model was trained on and how well it did on a test window it had not seen."""
    return service.card()


@router.get(
    "/models",
    summary="Published versions and champion history",
)
async def models(service: Models) -> Versions:
    """Lists all versions on the models volume, newest first, and the last changes of the champion, latest first.

    A version that is not `sound` never answers; `reason` says what is wrong with it.
    """
    return await service.versions.listed()


@router.put(
    "/models/champion",
    summary="Promote a version, or roll back",
    dependencies=[requires("admin")],
    responses=problems(
        "version_not_found",
        "version_refused",
        "not_verifiable",
        "champion_not_loaded",
        "not_writable",
        "not_scorable",
        "body_too_large",
        "unsupported_media_type",
        "validation",
        "model_not_loaded",
        "busy",
    ),
)
async def put_champion(choice: ChampionChoice, service: Models, context: Context) -> ChampionMoved:
    """Makes a version the champion. The answer comes once this process answers with it; all customers are then scored.

    Take `version` from `GET /models`; the one in the example does not exist. To roll back, send the previous version
    in `history`. The version is verified first; an unsound one changes nothing.

    `scored` is the number of customers scored so far. It is null when scoring takes over two seconds or the database
    is away: scoring then continues by itself, and `model_version` in `GET /customers` shows when it is done. The
    request is safe to repeat.
    """
    return await service.move_champion(choice.version, by=context.key.name if context.key else "without a key")


@router.post(
    "/model/reload",
    summary="Reload the champion now",
    dependencies=[requires("admin")],
    responses=problems("champion_not_loaded", "unsupported_media_type", "model_not_loaded"),
)
async def reload(service: Models) -> Reloaded:
    """Reads the champion again, even if it was refused before. The current model stays unless the champion is sound.

    The pointer is checked every second anyway: use this after repairing a version or a key in place.
    """
    return await service.reload()

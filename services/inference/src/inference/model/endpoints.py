"""The model that answers, and the versions that could."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Body, Request

from inference.dependencies import service_of
from inference.docs.openapi import MODELS, answers, problems
from inference.http.auth import needs
from inference.http.json_body import StrictJsonRoute
from inference.model import service as champion
from inference.model.example_answers import MODEL_CARD, MOVED, RELOADED, VERSIONS
from inference.model.examples import CHAMPION_EXAMPLES
from inference.model.model_card import ModelCard, model_card
from inference.model.requests import ChampionChoice  # noqa: TC001 - FastAPI reads the annotations
from inference.model.responses import Moved, Reloaded, Versions  # noqa: TC001 - FastAPI reads the annotations

if TYPE_CHECKING:
    from inference.http.keys import Key

router = APIRouter(route_class=StrictJsonRoute, tags=[MODELS])


@router.get(  # decorators are applied from below: this one is listed second
    "/model/metadata",
    summary="The same, under the name it had in older systems",
    responses=answers({"model": MODEL_CARD}) | problems("model_not_loaded"),
)
@router.get(
    "/model",
    summary="Which model answers, and how good is it?",
    responses=answers({"model": MODEL_CARD}) | problems("model_not_loaded"),
)
async def model(request: Request) -> ModelCard:
    """Answer with what the model that answers now learned from, and how good it was on a window it had not seen."""
    live = service_of(request).live.required
    return model_card(live.bundle, champion_since=live.champion_since)


@router.get(
    "/models",
    summary="Which versions are there, and which was champion when?",
    responses=answers({"versions": VERSIONS}),
)
async def models(request: Request) -> Versions:
    """List every version on the models volume, newest first, and the last moves of the champion, latest first.

    A version that is not `sound` is never answered with: `reason` says what is wrong with it.
    """
    return await service_of(request).versions.listed()


@router.put(
    "/models/champion",
    summary="Promote a version, or roll back to one",
    responses=answers({"promoted": MOVED})
    | problems(
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
@needs("admin")
async def put_champion(
    request: Request, choice: Annotated[ChampionChoice, Body(openapi_examples=CHAMPION_EXAMPLES)]
) -> Moved:
    """Make a version the champion, and answer when this process answers with it; everybody is scored by it meanwhile.

    Take `version` from `GET /models`: the one filled in here is an example, and a 404. To roll back, put the one that
    `history` there names as the one before. The version is verified first, and one that is not sound changes nothing.

    `scored` is how many customers were scored by the time of the answer, and null when that takes longer than two
    seconds, or the database does not answer: it is then done by itself, and `model_version` in `GET /customers` tells
    when. Asking again is safe, and begins with the scores at once.
    """
    key: Key | None = request.scope["state"].get("key")
    return await champion.move_champion(service_of(request), choice.version, by=key.name if key else "without a key")


@router.post(
    "/model/reload",
    summary="Look for a new champion now",
    responses=answers({"unchanged": RELOADED})
    | problems("champion_not_loaded", "unsupported_media_type", "model_not_loaded"),
)
@needs("admin")
async def reload(request: Request) -> Reloaded:
    """Read the champion again, also one that was refused before; what answers goes on answering unless it is sound.

    The pointer is looked at every second anyway: this is for a version, or a key, that was repaired in its place.
    """
    return await champion.look_again(service_of(request))

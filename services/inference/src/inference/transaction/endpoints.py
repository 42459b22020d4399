"""Lines that were sold or returned, posted one request at a time."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request, Response

from inference.dependencies import service_of
from inference.docs.openapi import DATA, answers, problems
from inference.http.auth import needs
from inference.http.json_body import StrictJsonRoute, json_of
from inference.transaction.examples import INGESTED
from inference.transaction.posts import read_post
from inference.transaction.request_body import LINES_REQUEST, REPLAYED
from inference.transaction.requests import invalid, read_rows
from inference.transaction.responses import Ingested  # noqa: TC001 - FastAPI reads the annotations

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

router = APIRouter(route_class=StrictJsonRoute, tags=[DATA])


@router.post(
    "/transactions",
    summary="Add lines that were sold or returned",
    responses=answers({"ingested": INGESTED}, headers=REPLAYED)
    | problems(
        "in_progress",
        "other_id_scheme",
        "not_stored",
        "not_derivable",
        "body_too_large",
        "unsupported_media_type",
        "validation",
        "idempotency_key_reused",
        "database_unavailable",
        "busy",
    ),
    openapi_extra=LINES_REQUEST,
)
@needs("write")
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
    service = service_of(request)
    post = await read_post(read_rows(await json_of(request)), await request.body(), key, service.now())
    reply = await service.transactions.add(post)
    await service.scores.rescore(service.live.loaded, reply.touched)
    if reply.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    else:
        service.metrics.posted(reply.answer)
    return reply.answer


def _idempotency_key(request: Request) -> str | None:
    keys = request.headers.getlist("idempotency-key")
    if len(keys) > 1 or not all(map(_KEY.fullmatch, keys)):
        raise invalid((), "idempotency_key", "Idempotency-Key must be one header of 1 to 255 visible ASCII characters")
    return keys[0] if keys else None

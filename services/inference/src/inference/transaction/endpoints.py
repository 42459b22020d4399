"""Transaction lines, posted to the API."""

from __future__ import annotations

import re
from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Request, Response

from inference.docs.openapi import DATA, problems
from inference.http.admission import admitted
from inference.http.auth import requires
from inference.http.json_body import JsonRoute, json_of
from inference.transaction.request_body import LINES_REQUEST, REPLAYED
from inference.transaction.requests import invalid, read_rows
from inference.transaction.responses import Ingested
from inference.transaction.service import TransactionService

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

router = APIRouter(route_class=JsonRoute, tags=[DATA], dependencies=[admitted])


async def _transactions(request: Request) -> TransactionService:
    return cast("TransactionService", request.app.state.transactions)


@router.post(
    "/transactions",
    summary="Add transaction lines",
    dependencies=[requires("write")],
    responses=REPLAYED
    | problems(
        "in_progress",
        "other_id_scheme",
        "not_stored",
        "not_derivable",
        "no_identity_key",
        "body_too_large",
        "unsupported_media_type",
        "validation",
        "idempotency_key_reused",
        "database_unavailable",
        "busy",
    ),
    openapi_extra=LINES_REQUEST,
)
async def transactions(
    request: Request, response: Response, service: Annotated[TransactionService, Depends(_transactions)]
) -> Ingested:
    """Adds 1 to 1,000 lines of sales and returns. The answer comes when all customers of the lines are up to date.

    The rules are those for files: a line that is stored already counts as a duplicate and changes nothing; an
    unreadable line is quarantined, with the reason, while the others are added. Identical lines of an invoice are
    counted within one request, so send an invoice whole. With `replace_orders`, an order that comes again with other
    lines replaces the one stored.

    The next answer about a customer includes these lines. If they are later than the clock, that customer's
    `meta.as_of` moves to the day after the last of them. Other customers are refreshed by the next load.

    With an `Idempotency-Key`, a request is safe to repeat after any failure: unfinished work is completed, and a
    finished request gets the same answer for 30 days. Without a key a repeated request is safe too, but its lines
    count as duplicates.
    """
    key = _idempotency_key(request)
    reply = await service.add(read_rows(await json_of(request)), await request.body(), key)
    if reply.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return reply.answer


def _idempotency_key(request: Request) -> str | None:
    keys = request.headers.getlist("idempotency-key")
    if len(keys) > 1 or not all(map(_KEY.fullmatch, keys)):
        raise invalid((), "idempotency_key", "Idempotency-Key must be one header of 1 to 255 visible ASCII characters")
    return keys[0] if keys else None

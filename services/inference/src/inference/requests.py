"""Each request gets an id, one line in the log and, whatever happens inside, an answer."""

from __future__ import annotations

import json
import logging
import re
import uuid
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import HTTPException
from fastapi.routing import APIRoute
from starlette.requests import Request

from inference.errors import INTERNAL, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

_SANE_ID: Final = re.compile(rb"[0-9A-Za-z._-]{1,64}")


class RequestLog:
    """Names the request (`X-Request-ID`: the client's, when it is a short plain token), times it, logs it.

    The log has the route's template and never the path, the query or the body: those may say who a customer is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request to its end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        request_id = _request_id(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except Exception:
            logger.exception("unexpected error", extra={"request_id": request_id})
            if status == 0:
                await problem(scope, INTERNAL)(scope, receive, send_named)
        finally:
            milliseconds = round((perf_counter() - started) * 1000, 2)
            route = getattr(scope.get("route"), "path", "unmatched")
            line = {"method": scope["method"], "route": route, "status": status, "milliseconds": milliseconds}
            logger.info("request", extra={**line, "request_id": request_id})


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return value.decode("ascii")
    return uuid.uuid4().hex


class StrictJsonRequest(Request):
    """A request whose body is JSON as RFC 8259 has it: no NaN, no Infinity, no key twice. Anything else is a 422."""

    async def json(self) -> Any:  # noqa: ANN401 - what JSON may be
        """Return the body's value; JSONDecodeError, which says nothing of the content, when it is not one."""
        try:
            return json.loads(await self.body(), parse_constant=_refuse, object_pairs_hook=_without_repeated_keys)
        except (ValueError, RecursionError):
            # Also of bytes that are not UTF-8, numbers of over 4,300 digits, and nesting of over 1,000 levels.
            raise json.JSONDecodeError("not JSON", "", 0) from None


class StrictJsonRoute(APIRoute):
    """A route that reads StrictJsonRequest bodies, and only those that say that they are JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the media type checked before it."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            strict = StrictJsonRequest(request.scope, request.receive)
            if await strict.body() and not _says_json(strict):
                raise HTTPException(415)
            return await handle(strict)

        return handle_strictly


def _says_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" and request.headers.get("content-encoding", "identity") == "identity"


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("repeated key")
    return content

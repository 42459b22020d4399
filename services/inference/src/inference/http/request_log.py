"""Each request gets an id, one line in the log and, whatever happens inside, an answer."""

from __future__ import annotations

import logging
import re
import uuid
from time import perf_counter
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from inference.errors import INTERNAL, problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

CLIENT_GONE: Final = 499  # for the log alone: nobody is there to be answered
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
        # HEAD is GET without the body, which the server leaves out; monitors like it.
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        try:
            await self._app(inner, receive, send_named)
        except ClientDisconnect:
            status = CLIENT_GONE
        except Exception:
            logger.exception("unexpected error", extra={"request_id": request_id})
            if status == 0:
                await problem(scope, INTERNAL)(scope, receive, send_named)
        finally:
            milliseconds = round((perf_counter() - started) * 1000, 2)
            route = getattr(inner.get("route"), "path", "unmatched")
            line = {"method": scope["method"], "route": route, "status": status, "milliseconds": milliseconds}
            logger.info("request", extra={**line, "request_id": request_id})


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return value.decode("ascii")
    return uuid.uuid4().hex

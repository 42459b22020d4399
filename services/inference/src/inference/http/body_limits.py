"""Large bodies: a few at a time, each received within a time limit, so that their memory is bounded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from inference.errors import BusyError
from inference.http.problems import BUSY, RECEIVE_S, REQUEST_TIMEOUT, problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from inference.http.admission import Admission

_CLOSE: Final = {"Connection": "close"}  # the rest of the body is not read


class LargeBodies:
    """Receives a body in one lane and handles it in another, so a slow sender does not hold up the work of others.

    Answers 503 when either lane stays full, 408 when a body takes longer than RECEIVE_S.
    """

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self._app = app
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request to its end."""
        try:
            async with self._admission.receiving.place():
                body = await _body(receive)
        except TimeoutError:
            await problem_response(scope, REQUEST_TIMEOUT, headers=_CLOSE)(scope, receive, send)
        except BusyError:
            await problem_response(scope, BUSY, headers=_CLOSE)(scope, receive, send)
        else:
            await self._handle(body, scope, receive, send)

    async def _handle(self, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with self._admission.large_bodies.place():
                await self._app(scope, _replayed(body, receive), send)
        except BusyError:  # from the lane: the application answers its own errors
            await problem_response(scope, BUSY, headers=_CLOSE)(scope, receive, send)


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    async with asyncio.timeout(RECEIVE_S):
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body first, then what follows it: the disconnect."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again

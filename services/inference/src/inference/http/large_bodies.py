"""A few large bodies at a time, and none that trickles in: what bounds the memory that they take."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from inference.http.problems import BUSY, BY_STATUS, RECEIVE_S, problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

RECEIVING: Final = 4  # of 1 MiB at most; the others wait unread
AT_WORK: Final = 2  # about 8 MB each
WAIT_S: Final = 5
_CLOSE: Final = {"Connection": "close"}  # the rest of the body is not read


class LargeBodies:
    """Receives RECEIVING bodies and works on AT_WORK of them at once: who sends slowly holds up nobody's work.

    Answers 503 to a request that waited WAIT_S for either, 408 to one whose body takes over RECEIVE_S.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._receiving = asyncio.Semaphore(RECEIVING)
        self._at_work = asyncio.Semaphore(AT_WORK)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request to its end."""
        try:
            async with _place(self._receiving):
                body = await _body(receive)
            async with _place(self._at_work):
                await self._app(scope, _replayed(body, receive), send)
        except _BusyError:
            await problem(scope, BUSY, headers=_CLOSE)(scope, receive, send)
        except _TooSlowError:
            await problem(scope, BY_STATUS[408], headers=_CLOSE)(scope, receive, send)


class _BusyError(Exception):
    """No place came free."""


class _TooSlowError(Exception):
    """The body did not come in time."""


@asynccontextmanager
async def _place(places: asyncio.Semaphore) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(WAIT_S):
            await places.acquire()
    except TimeoutError:
        raise _BusyError from None
    try:
        yield
    finally:
        places.release()


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(RECEIVE_S):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                parts.append(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        raise _TooSlowError from None
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives the body first, and then what comes after it: that the client is gone."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again

"""A few large bodies at a time, and none that trickles in: what bounds the memory that they take."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

from inference.errors import BUSY, RECEIVE_S, problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE: Final = 2  # of 1 MiB at most, about 8 MB each while at work; the others wait unread
WAIT_S: Final = 5


class LargeBodies:
    """Lets AT_ONCE requests in; answers 503 to one that waited WAIT_S, 408 to one whose body takes over RECEIVE_S."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request to its end."""
        try:
            async with asyncio.timeout(WAIT_S):
                await self._places.acquire()
        except TimeoutError:
            await problem(scope, BUSY, headers={"Connection": "close"})(scope, receive, send)
            return
        try:
            await self._app(scope, _within(RECEIVE_S, receive), send)
        finally:
            self._places.release()


def _within(seconds: float, receive: Receive) -> Receive:
    deadline = asyncio.get_running_loop().time() + seconds
    read = False

    async def receive_in_time() -> Message:
        nonlocal read
        if read:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408) from None
        read = not message.get("more_body", False)
        return message

    return receive_in_time

"""Limits concurrent requests, by kind of work, and how long others wait for a place."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, cast

from fastapi import Depends, Request

from inference.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Lane:
    """`async with lane.place():` holds one of `size` places; BusyError when none is free within `wait_s`.

    For one event loop.
    """

    def __init__(self, size: int, *, wait_s: float) -> None:
        self._places = asyncio.Semaphore(size)
        self._wait_s = wait_s

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        try:
            async with asyncio.timeout(self._wait_s):
                await self._places.acquire()
        except TimeoutError:
            raise BusyError from None
        try:
            yield
        finally:
            self._places.release()


class Places:
    """`with places:` takes one of `size` places or raises BusyError at once: no wait, no timer.

    For one event loop.
    """

    def __init__(self, size: int) -> None:
        self._free = size

    def __enter__(self) -> None:
        if self._free <= 0:
            raise BusyError
        self._free -= 1

    def __exit__(self, *_: object) -> None:
        self._free += 1


RECEIVING: Final = 4  # large bodies of 1 MiB at most; further ones wait unread
LARGE_AT_WORK: Final = 2  # about 8 MB each
LARGE_WAIT_S: Final = 5
ANSWERS_AT_WORK: Final = 2  # each holds up to 1,000 customers with their reasons
ANSWER_WAIT_S: Final = 0.4  # 1,000 customers take 0.1 to 0.35 s on a busy machine
MOVE_WAIT_S: Final = 1.0  # a move takes milliseconds; others must not queue behind a frozen one


class Admission:
    """The lanes of one application."""

    def __init__(self, requests_at_once: int) -> None:
        # Taken once the body is here and given back before the answer is sent: slow clients hold none.
        self.requests = Places(requests_at_once)
        self.receiving = Lane(RECEIVING, wait_s=LARGE_WAIT_S)
        self.large_bodies = Lane(LARGE_AT_WORK, wait_s=LARGE_WAIT_S)
        self.large_answers = Lane(ANSWERS_AT_WORK, wait_s=ANSWER_WAIT_S)
        self.champion_moves = Lane(1, wait_s=MOVE_WAIT_S)


def admission_of(request: Request) -> Admission:
    """Return the lanes of the application that answers `request`."""
    return cast("Admission", request.app.state.admission)


async def _admit(request: Request) -> AsyncIterator[None]:
    with admission_of(request).requests:
        yield


# For routers of JsonRoute, except health checks, which are always admitted. FastRoute and the page do it themselves.
admitted = Depends(_admit, scope="function")

"""A few long answers at a time: what bounds the memory that they take."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

AT_WORK: Final = 2  # each holds what it answers, of up to 1,000 customers with their reasons
WAIT_S: Final = 0.4  # 1,000 customers took 0.1 to 0.35 s on a busy machine


class Turns:
    """Lets `at_work` in at a time; 503 to one that waited `wait_s`."""

    def __init__(self, at_work: int = AT_WORK, *, wait_s: float = WAIT_S) -> None:
        self._places = asyncio.Semaphore(at_work)
        self._wait_s = wait_s

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it."""
        try:
            async with asyncio.timeout(self._wait_s):
                await self._places.acquire()
        except TimeoutError:
            raise HTTPException(503) from None
        try:
            yield
        finally:
            self._places.release()

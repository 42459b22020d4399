"""One answer shared by all callers within a short time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class SharedAnswer(Generic[T]):
    """The answer of one query, reused for `age_s`; a failure is shared only by the callers that wait for it."""

    def __init__(self, query: Callable[[], Coroutine[Any, Any, T]], *, age_s: float) -> None:
        self._query = query
        self._age_s = age_s
        self._asked_at = 0.0
        self._answer: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """Return the answer; query when none is under way and the last one is too old or failed."""
        answer = self._answer
        if answer is None or (answer.done() and (self._is_old() or answer.exception())):
            self._asked_at = time.monotonic()
            answer = self._answer = asyncio.create_task(self._query())
        return answer.result() if answer.done() else await asyncio.shield(answer)

    def _is_old(self) -> bool:
        return time.monotonic() - self._asked_at > self._age_s

"""So many requests at once, and no more: above it the answer is a 503 at once, and those inside stay quick."""

from __future__ import annotations

from starlette.exceptions import HTTPException


class Places:
    """`with places:` takes a place, or raises a 503 when all are taken. For one event loop.

    Taken with the body received and given back before the answer is sent: slow clients hold none.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once

    def __enter__(self) -> None:
        if self._free <= 0:
            raise HTTPException(503)
        self._free -= 1

    def __exit__(self, *_: object) -> None:
        self._free += 1

"""Bodies are JSON as RFC 8259 has it, or the request is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request

from inference.http.access import MONITORED, rank, require

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.responses import Response


class StrictJsonRequest(Request):
    """A request whose body is JSON as RFC 8259 has it: no NaN, no Infinity, no key twice. Anything else is a 422."""

    async def json(self) -> Any:  # noqa: ANN401 - what JSON may be
        """Return the body's value; JSONDecodeError, which says nothing of the content, when it is not one."""
        try:
            return _DECODER.decode((await self.body()).decode())
        except (ValueError, RecursionError):
            # Also of bytes that are not UTF-8, numbers of over 4,300 digits, and nesting of over 1,000 levels.
            raise json.JSONDecodeError("not JSON", "", 0) from None


class StrictJsonRoute(APIRoute):
    """A route that reads StrictJsonRequest bodies, and only those that say that they are JSON.

    It asks for the scope that its endpoint `needs`, and for a place among the requests under way.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the key, the media type and the place checked before it."""
        handle = super().get_route_handler()
        needed, monitored = rank(self.endpoint), self.path in MONITORED
        takes_body = self.methods != {"GET"}  # with a question by GET it says nothing, and is not read

        async def handle_strictly(request: Request) -> Response:
            require(request, needed)
            strict = StrictJsonRequest(request.scope, request.receive)
            if takes_body and await strict.body() and not _says_json(strict):
                raise HTTPException(415)
            if monitored:
                return await handle(strict)
            with request.app.state.places:
                return await handle(strict)

        return handle_strictly


async def json_of(request: Request) -> Any:  # noqa: ANN401 - what JSON may be
    """Return the value of a body that is read without a model; RequestValidationError when it is not JSON."""
    try:
        return await request.json()
    except json.JSONDecodeError:
        raise RequestValidationError([{"type": "json_invalid", "loc": ("body",), "msg": ""}]) from None


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


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_without_repeated_keys)

"""Reads bodies as strict JSON (RFC 8259), or refuses the request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.responses import Response

    Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]

_SAYING: Final = (b"content-type", b"content-encoding")
_JSON: Final = [(b"content-type", b"application/json")]


class StrictJsonRequest(Request):
    """A request with a strict JSON body (RFC 8259): no NaN, no Infinity, no repeated key. Anything else is a 422."""

    async def json(self) -> Any:  # noqa: ANN401 - what JSON may be
        """Return the body's value; JSONDecodeError, without any of the content, if it is not JSON."""
        try:
            return _DECODER.decode((await self.body()).decode())
        except (ValueError, RecursionError):
            # Also for bytes that are not UTF-8, numbers of over 4,300 digits, and nesting of over 1,000 levels.
            raise json.JSONDecodeError("not JSON", "", 0) from None


class JsonRoute(APIRoute):
    """A route that reads JSON bodies strictly, and refuses bodies that do not declare themselves JSON (415)."""

    def handler(self) -> Handler:
        """Return the handler of a request whose media type was checked."""
        return super().get_route_handler()

    def get_route_handler(self) -> Handler:
        """Return the handler with the media type checked before it."""
        handle = self.handler()
        takes_body = self.methods != {"GET"}  # the body of a GET has no meaning and is not read

        async def handle_json(request: Request) -> Response:
            strict = StrictJsonRequest(request.scope, request.receive)
            if takes_body and await strict.body() and not _says_json(strict):
                raise HTTPException(415)
            return await handle(strict)

        return handle_json


async def json_of(request: Request) -> Any:  # noqa: ANN401 - what JSON may be
    """Return the value of a body that is read without a model; RequestValidationError when it is not JSON."""
    try:
        return await request.json()
    except json.JSONDecodeError:
        raise RequestValidationError([{"type": "json_invalid", "loc": ("body",), "msg": ""}]) from None


def _says_json(request: Request) -> bool:
    said = [head for head in request.scope["headers"] if head[0] in _SAYING]
    if said == _JSON:  # nearly always
        return True
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

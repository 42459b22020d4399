"""Bodies are JSON as RFC 8259 has it, or the request is refused."""

from __future__ import annotations

import json
from inspect import signature
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from fastapi.exceptions import HTTPException, RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from inference.http.auth import MONITORED, rank, require

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]

_SAYING: Final = (b"content-type", b"content-encoding")
_JSON: Final = [(b"content-type", b"application/json")]
_MISSING: Final = {"type": "missing", "loc": ("body",), "msg": "Field required"}


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

    def handler(self) -> Handler:
        """Return what answers a request that has passed."""
        return super().get_route_handler()

    def get_route_handler(self) -> Handler:
        """Return the handler with the key, the media type and the place checked before it."""
        handle = self.handler()
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


class QuestionRoute(StrictJsonRoute):
    """A route for `endpoint(request, question) -> Response`, the question being a model of the body.

    It looks for nothing else: FastAPI's own way takes 50 µs more to find no parameters, cookies and dependencies.
    """

    def __init__(self, *of: Any, **more: Any) -> None:  # noqa: ANN401 - what a route is made of
        super().__init__(*of, **more)
        handle = self.get_route_handler()

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            response = await handle(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = answer

    def handler(self) -> Handler:
        """Return what reads the question and calls the endpoint."""
        (body,), (_, _) = self.dependant.body_params, signature(self.endpoint).parameters  # and no more of either
        asked: Any = body.field_info.annotation
        read, endpoint = TypeAdapter[Any](asked).validate_python, self.endpoint

        async def handle(request: Request) -> Response:
            if not await request.body():
                raise RequestValidationError([_MISSING])
            given = await json_of(request)
            try:
                question = read(given, from_attributes=True)  # FastAPI's way: an error has the same words
            except ValidationError as error:
                found = error.errors(include_url=False, include_context=False, include_input=False)
                raise RequestValidationError([each | {"loc": ("body", *each["loc"])} for each in found]) from None
            response: Response = await endpoint(request, question)
            return response

        return handle


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

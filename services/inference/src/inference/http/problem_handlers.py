"""Exception handlers: each exception becomes a problem response, without any text from the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from inference.http.problems import (
    BODY_TOO_LARGE,
    BY_STATUS,
    BY_TYPE,
    INTERNAL,
    MAX_ERRORS,
    VALIDATION,
    problem_response,
)

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

    from inference.http.problems import ProblemResponse


def add_problem_handlers(app: FastAPI) -> None:
    """Register the problem response of every exception in the tables."""
    for kind in BY_TYPE:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _known(request: Request, error: Exception) -> ProblemResponse:
    problem = next(BY_TYPE[kind] for kind in type(error).__mro__ if kind in BY_TYPE)
    return problem_response(request.scope, problem, errors=getattr(error, "errors", None))


async def _invalid(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker: it is registered for it
    found = [_where_and_why(each) for each in error.errors()[:MAX_ERRORS]]
    return problem_response(request.scope, VALIDATION, errors=found)


async def _http(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker: it is registered for it
    problem = BY_STATUS.get(error.status_code) or INTERNAL
    unread = problem is BODY_TOO_LARGE or problem.status == 408  # noqa: PLR2004 - request timeout
    closing = {"Connection": "close"} if unread else {}  # the rest of the body is not read
    allowed = {"Allow": _methods(request)} if problem.status == 405 else {}  # noqa: PLR2004 - method not allowed
    return problem_response(request.scope, problem, headers={**(error.headers or {}), **allowed, **closing})


def _methods(request: Request) -> str:
    """Return the methods of every route of this path; the router names only the first route's."""
    routes = (context.original_route for context in iter_route_contexts(request.app.routes))
    here = [r for r in routes if isinstance(r, APIRoute) and r.matches(request.scope)[0] is not Match.NONE]
    methods = {method for route in here for method in route.methods or ()} or {"GET"}  # static files have no route
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _where_and_why(error: dict[str, Any]) -> dict[str, str]:
    """Return the place as a JSON pointer and the reason, without names and values from the client."""
    if error["type"] == "json_invalid":
        return {"pointer": "#", "code": "json_invalid", "detail": "The body is not JSON (RFC 8259)"}
    if error["type"] == "extra_forbidden":
        if error["loc"][0] == "query":
            return {"pointer": "#", "code": "unknown_parameter", "detail": "Unknown query parameter"}
        return {"pointer": "#", "code": "unknown_field", "detail": "The body has an unknown field"}
    pointer = "/".join(("#", *(str(part) for part in error["loc"][1:])))
    return {"pointer": pointer, "code": error["type"], "detail": error["msg"]}

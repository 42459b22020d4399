"""Every error this API answers with: one table, one form (RFC 9457, application/problem+json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from inference.transactions.posts import (
    InProgressError,
    KeyReusedError,
    NotDerivableError,
    NotStoredError,
    OtherIdsError,
)
from retention.errors import (
    BundleRefusedError,
    CustomerNotFoundError,
    NoChampionError,
    NoOrdersError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import Scope

MAX_BODY_BYTES: Final = 64 * 1024
MAX_LINES_BODY_BYTES: Final = 1 << 20  # 1,000 lines are 0.3 MB
LARGE_BODIES: Final = {"/transactions": MAX_LINES_BODY_BYTES}  # the paths of other limits
MAX_HEAD_BYTES: Final = 32 * 1024  # request line and headers; browsers and proxies stay under 16 KiB
MAX_ERRORS: Final = 10  # a body of thousands of unknown fields is not answered with thousands of lines
RETRY_AFTER_S: Final = 1


Document: TypeAlias = dict[str, object]


class Rule(NamedTuple):
    """What one kind of error is answered with."""

    status: int
    code: str
    title: str
    detail: str
    passes: bool = False  # by itself: the answer says when to ask again


_NO_MODEL = Rule(
    503, "model_not_loaded", "No model is loaded",
    "No model has been published yet, or the published one was refused: /health says which. Ask again later.",
    passes=True,
)  # fmt: skip
VALIDATION = Rule(422, "validation", "The request is not valid", "See errors for what to change, and where.")
HOST_NOT_ALLOWED = Rule(
    400, "host_not_allowed", "This host name is not served here",
    "Ask for the name under which the API is published, or add this one to ALLOWED_HOSTS.",
)  # fmt: skip
BODY_TOO_LARGE = Rule(413, "body_too_large", "The body is too large", "A body may have 64 KiB, one of lines 1 MiB.")
BUSY = Rule(
    503, "busy", "Too many large requests at once",
    "Nothing of this one was read: send it again after Retry-After seconds.", passes=True,
)  # fmt: skip
HEAD_TOO_LARGE = Rule(
    431, "head_too_large", "The head of the request is too large",
    "Request line and headers may have 32 KiB together.",
)  # fmt: skip
INVALID_HTTP = Rule(400, "bad_request", "Bad request", "This is not HTTP as we read it.")
INTERNAL = Rule(
    500, "internal_error", "Something broke on our side",
    "It is logged under the request_id of this answer; quote it when you ask about it.",
)  # fmt: skip

BY_TYPE: Final[dict[type[Exception], Rule]] = {
    CustomerNotFoundError: Rule(
        404, "customer_not_found", "No such customer",
        "No transaction of a customer with this id is known.",
    ),
    NoOrdersError: Rule(
        404, "no_orders", "The customer has no orders",
        "The customer is known, and has placed no order before as_of: there is nothing to predict from.",
    ),
    RequestValidationError: VALIDATION,
    NoChampionError: _NO_MODEL,
    BundleRefusedError: _NO_MODEL,
    UnavailableError: Rule(
        503, "database_unavailable", "The database does not answer",
        "It is tried anew with every request: ask again after Retry-After seconds. Lines are sent again whole, with "
        "the same Idempotency-Key: none is lost, and none comes in twice.",
        passes=True,
    ),
    KeyReusedError: Rule(
        422, "idempotency_key_reused", "The Idempotency-Key was used for another body",
        "A key stands for one body, byte for byte: send a new key with new lines.",
    ),
    InProgressError: Rule(
        409, "in_progress", "The same request is under way",
        "The first request with this Idempotency-Key has not ended: send it again when it has, to get its answer.",
    ),
    OtherIdsError: Rule(
        409, "other_id_scheme", "The stored lines were given other ids by another version",
        "Each line would come in twice: nothing was added. The operator loads the data again: seeder … --drop.",
    ),
    NotStoredError: Rule(
        409, "not_stored", "The database refuses these lines",
        "Some of them may be stored. Sending them again does not help before the operator does: the log says why.",
    ),
    NotDerivableError: Rule(
        409, "not_derivable", "The database refuses what follows from these lines",
        "The lines are stored; the orders or features of their customers are not fresh. Sending them again does not "
        "help before the operator does: the log says why.",
    ),
}  # fmt: skip

BY_STATUS: Final[dict[int, Rule]] = {
    400: Rule(400, "bad_request", "Bad request", "The request could not be read."),
    404: Rule(404, "not_found", "No such page", "/docs lists what there is."),
    405: Rule(405, "method_not_allowed", "Method not allowed", "The Allow header says which methods this path has."),
    408: Rule(408, "request_timeout", "The body took too long", "Send it faster, or send fewer lines at once."),
    413: BODY_TOO_LARGE,
    415: Rule(
        415, "unsupported_media_type", "Unsupported media type",
        "Send JSON, uncompressed, with the header 'Content-Type: application/json'.",
    ),
}  # fmt: skip


class ProblemResponse(JSONResponse):
    """An error, as a problem document."""

    media_type = "application/problem+json"


def problem_document(rule: Rule, request_id: str | None = None, errors: list[dict[str, str]] | None = None) -> Document:
    """Return the body of `rule`'s answer: nothing of it comes from the request."""
    named = {"instance": f"urn:retention:request:{request_id}", "request_id": request_id} if request_id else {}
    return {
        "type": f"urn:retention:problem:{rule.code}",
        "title": rule.title,
        "status": rule.status,
        "detail": rule.detail,
        "code": rule.code,
        **named,
        "errors": errors or [],
    }


def problem(
    scope: Scope, rule: Rule, *, errors: list[dict[str, str]] | None = None, headers: Mapping[str, str] | None = None
) -> ProblemResponse:
    """Return `rule`'s answer to the request of `scope`."""
    retry = {"Retry-After": str(RETRY_AFTER_S)} if rule.passes else {}
    document = problem_document(rule, scope["state"]["request_id"], errors)
    return ProblemResponse(document, rule.status, {**retry, **(headers or {})})


def answer_with_problems(app: FastAPI) -> None:
    """Make `app` answer every exception that the tables know with its problem document."""
    for kind in BY_TYPE:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _known(request: Request, error: Exception) -> ProblemResponse:
    return problem(request.scope, next(BY_TYPE[kind] for kind in type(error).__mro__ if kind in BY_TYPE))


async def _invalid(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker: it is registered for it
    return problem(request.scope, VALIDATION, errors=[_where_and_why(each) for each in error.errors()[:MAX_ERRORS]])


async def _http(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker: it is registered for it
    rule = BY_STATUS.get(error.status_code) or INTERNAL
    unread = rule is BODY_TOO_LARGE or rule.status == 408  # noqa: PLR2004 - request timeout
    closing = {"Connection": "close"} if unread else {}  # the rest of the body is not read
    return problem(request.scope, rule, headers={**(error.headers or {}), **closing})


def _where_and_why(error: dict[str, Any]) -> dict[str, str]:
    """Return the place as a JSON pointer, and the reason; names and values that the client made up are left out."""
    if error["type"] == "json_invalid":
        return {"pointer": "#", "code": "json_invalid", "detail": "The body is not JSON (RFC 8259)"}
    if error["type"] == "extra_forbidden":
        return {"pointer": "#", "code": "unknown_field", "detail": "The body has a field that is not known here"}
    pointer = "/".join(("#", *(str(part) for part in error["loc"][1:])))
    return {"pointer": pointer, "code": error["type"], "detail": error["msg"]}

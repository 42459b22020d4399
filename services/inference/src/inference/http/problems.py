"""Problem responses (RFC 9457): the table that maps exceptions to status codes, and the byte limits that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse

from inference import errors as ours
from inference.http.context import context_of
from retention import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

MAX_BODY_BYTES: Final = 64 * 1024
# Larger limits, by path: 1,000 lines are 0.3 MB, 1,000 rows of figures 0.12 MB.
LARGE_BODIES: Final = {"/transactions": 1 << 20, "/predict/batch": 256 * 1024}
MAX_HEAD_BYTES: Final = 32 * 1024  # request line and headers; browsers and proxies stay under 16 KiB
MAX_ERRORS: Final = 10  # a body with thousands of unknown fields is not answered with thousands of lines
RETRY_AFTER_S: Final = 1
RECEIVE_S: Final = 10  # for the head of a request, and for its body; 1 MiB in 10 s is 0.8 Mbit/s

Document: TypeAlias = dict[str, object]


class ProblemType(NamedTuple):
    """How one kind of error is answered. `transient` errors pass by themselves, so the answer has Retry-After."""

    status: int
    code: str
    title: str
    detail: str
    transient: bool = False


_NO_MODEL = ProblemType(
    503, "model_not_loaded", "No model is loaded",
    "No model has been published yet, or the published one was refused: see /health. Try again later.",
    transient=True,
)  # fmt: skip
VALIDATION = ProblemType(422, "validation", "The request is not valid", "See errors for what to change, and where.")
HOST_NOT_ALLOWED = ProblemType(
    400, "host_not_allowed", "This host name is not allowed",
    "Use the name under which the API is published, or add this one to ALLOWED_HOSTS.",
)  # fmt: skip
BODY_TOO_LARGE = ProblemType(
    413, "body_too_large", "The body is too large",
    "The limit is 64 KiB; 1 MiB for transaction lines, 256 KiB for rows of figures.",
)  # fmt: skip
BUSY = ProblemType(
    503, "busy", "Too many concurrent requests",
    "Nothing was done. Send the request again after Retry-After seconds.", transient=True,
)  # fmt: skip
STOPPING = ProblemType(
    503, "stopping", "The service is restarting",
    "The request was interrupted and may not have been carried out. Send it again.", transient=True,
)  # fmt: skip
UNAUTHORIZED = ProblemType(
    401, "unauthorized", "A valid API key is required", "Send one known key in a single header: 'X-API-Key: …'."
)
FORBIDDEN = ProblemType(
    403, "forbidden", "The key lacks the required scope", "Use a key with the scope that the documentation names."
)
RATE_LIMITED = ProblemType(
    429, "rate_limited", "Too many requests",
    "Try again after Retry-After seconds. The RateLimit headers give the limit.", transient=True,
)  # fmt: skip
TOO_MANY_CONNECTIONS = ProblemType(
    429, "too_many_connections", "Too many connections from one address",
    "Close some, or send several requests over each.", transient=True,
)  # fmt: skip
HEAD_TOO_LARGE = ProblemType(
    431, "head_too_large", "The request head is too large", "Request line and headers may have 32 KiB together."
)
INVALID_HTTP = ProblemType(400, "bad_request", "Bad request", "The request is not valid HTTP.")
REQUEST_TIMEOUT = ProblemType(
    408, "request_timeout", "The request took too long to arrive",
    f"The head may take {RECEIVE_S} seconds, and so may the body. Send it faster, or send fewer lines at once.",
)  # fmt: skip
INTERNAL = ProblemType(
    500, "internal_error", "Internal error", "It is logged under the request_id of this answer: quote it in a report."
)

_NOT_WRITABLE = ProblemType(
    409, "not_writable", "The champion cannot be changed",
    "The disk is full, or this process may not write to models/live. The champion stays; the log has the reason.",
)  # fmt: skip

BY_TYPE: Final[dict[type[Exception], ProblemType]] = {
    errors.CustomerNotFoundError: ProblemType(
        404, "customer_not_found", "No such customer",
        "No transaction of a customer with this id is known before as_of. Check the id.",
    ),
    errors.NoOrdersError: ProblemType(
        404, "no_orders", "The customer has no orders",
        "The customer is known but has placed no order before as_of, so there is nothing to predict from.",
    ),
    RequestValidationError: VALIDATION,
    errors.NoChampionError: _NO_MODEL,
    errors.BundleRefusedError: _NO_MODEL,
    errors.UnavailableError: ProblemType(
        503, "database_unavailable", "The database is not available",
        "Try again after Retry-After seconds. Send transaction lines again as a whole, with the same Idempotency-Key: "
        "none is lost and none is stored twice.",
        transient=True,
    ),
    errors.BadDataError: ProblemType(
        409, "not_scorable", "The customers cannot be scored",
        "The champion has changed, but the stored features were derived by another version of this program, so the "
        "scores are still the old ones. The operator loads any file again, which derives all features; scores follow.",
    ),
    ours.ScoresMissingError: ProblemType(
        503, "scores_missing", "No customer has been scored yet",
        "Scores are made within half a minute once a model is loaded (see /health), or at once by "
        "'python -m trainer score'.",
        transient=True,
    ),
    ours.KeyReusedError: ProblemType(
        422, "idempotency_key_reused", "The Idempotency-Key was used for another body",
        "A key stands for one body, byte for byte. Send a new key with new lines.",
    ),
    ours.InProgressError: ProblemType(
        409, "in_progress", "The same request is still in progress",
        "The first request with this Idempotency-Key has not finished. Send it again later to get its answer.",
    ),
    ours.OtherIdsError: ProblemType(
        409, "other_id_scheme", "The stored lines have ids of another version",
        "Every line would be stored twice, so nothing was added. The operator reloads the data: seeder … --drop.",
    ),
    ours.NotStoredError: ProblemType(
        409, "not_stored", "The database refuses these lines",
        "Some of them may be stored. The operator must act before they are sent again: the log has the reason.",
    ),
    ours.NoIdentityKeyError: ProblemType(
        409, "no_identity_key", "Text ids cannot be read here",
        "Nothing was done. Send customer_id, or ids that are whole numbers. The operator sets IDENTITY_KEY_FILE.",
    ),
    ours.VersionNotFoundError: ProblemType(
        404, "version_not_found", "No such version", "GET /models lists the versions.",
    ),
    ours.VersionRefusedError: ProblemType(
        409, "version_refused", "The version is not sound", "The champion stays. See errors for the reason.",
    ),
    ours.NotVerifiableError: ProblemType(
        409, "not_verifiable", "The version cannot be verified now",
        "The version or its signing key cannot be read. The champion stays; errors names what the operator must mend.",
    ),
    ours.ChampionNotLoadedError: ProblemType(
        409, "champion_not_loaded", "The champion cannot be loaded",
        "The previous model keeps answering. See errors for the reason; then mend it and reload, or go back to the "
        "previous version.",
    ),
    errors.CannotWriteError: _NOT_WRITABLE,
    errors.NotPermittedError: _NOT_WRITABLE,
    errors.LockedError: BUSY,
    ours.BusyError: BUSY,
    ours.NotDerivableError: ProblemType(
        409, "not_derivable", "The database refuses what is derived from these lines",
        "The lines are stored, but orders or features of their customers are not up to date. The operator must act "
        "before they are sent again: the log has the reason.",
    ),
}  # fmt: skip

BY_STATUS: Final[dict[int, ProblemType]] = {
    400: ProblemType(400, "bad_request", "Bad request", "The request could not be read."),
    401: UNAUTHORIZED,
    403: FORBIDDEN,
    404: ProblemType(404, "not_found", "Not found", "See /docs for the available paths."),
    405: ProblemType(405, "method_not_allowed", "Method not allowed", "The Allow header lists the allowed methods."),
    406: ProblemType(
        406, "not_acceptable", "Not acceptable", "Ask for application/json; customer lists also come as text/csv.",
    ),
    408: REQUEST_TIMEOUT,
    413: BODY_TOO_LARGE,
    415: ProblemType(
        415, "unsupported_media_type", "Unsupported media type",
        "Send uncompressed JSON with the header 'Content-Type: application/json'.",
    ),
    429: RATE_LIMITED,
    503: BUSY,
}  # fmt: skip


class ProblemResponse(JSONResponse):
    """An error, as a problem document."""

    media_type = "application/problem+json"


def problem_document(
    problem: ProblemType, request_id: str | None = None, errors: list[dict[str, str]] | None = None
) -> Document:
    """Return the body of a problem response; nothing in it comes from the request."""
    named = {"instance": f"urn:retention:request:{request_id}", "request_id": request_id} if request_id else {}
    return {
        "type": f"urn:retention:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        **named,
        "errors": errors or [],
    }


def problem_response(
    scope: Scope,
    problem: ProblemType,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """Return the response to the request of `scope`."""
    retry = {"Retry-After": str(RETRY_AFTER_S)} if problem.transient else {}
    document = problem_document(problem, context_of(scope).request_id, errors)
    return ProblemResponse(document, problem.status, {**retry, **(headers or {})})

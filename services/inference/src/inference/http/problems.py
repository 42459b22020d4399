"""Every error this API answers with: one table, one form (RFC 9457, application/problem+json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse

from inference.customer.repository import ScoresMissingError
from inference.model.repository import (
    ChampionNotLoadedError,
    NotVerifiableError,
    VersionNotFoundError,
    VersionRefusedError,
)
from inference.transaction.posts import (
    InProgressError,
    KeyReusedError,
    NotDerivableError,
    NotStoredError,
    OtherIdsError,
)
from retention.errors import (
    BadDataError,
    BundleRefusedError,
    CannotWriteError,
    CustomerNotFoundError,
    LockedError,
    NoChampionError,
    NoOrdersError,
    NotPermittedError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

MAX_BODY_BYTES: Final = 64 * 1024
MAX_LINES_BODY_BYTES: Final = 1 << 20  # 1,000 lines are 0.3 MB
MAX_ROWS_BODY_BYTES: Final = 256 * 1024  # 1,000 rows of figures are 0.12 MB
# The paths of other limits.
LARGE_BODIES: Final = {"/transactions": MAX_LINES_BODY_BYTES, "/predict/batch": MAX_ROWS_BODY_BYTES}
MAX_HEAD_BYTES: Final = 32 * 1024  # request line and headers; browsers and proxies stay under 16 KiB
MAX_ERRORS: Final = 10  # a body of thousands of unknown fields is not answered with thousands of lines
RETRY_AFTER_S: Final = 1
RECEIVE_S: Final = 10  # for the head of a request, and for its body; 1 MiB in 10 s is 0.8 Mbit/s


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
BODY_TOO_LARGE = Rule(
    413, "body_too_large", "The body is too large", "A body has 64 KiB at most; lines 1 MiB, rows 256 KiB."
)
BUSY = Rule(
    503, "busy", "Too many requests at once",
    "Nothing was done for this one: send it again after Retry-After seconds.", passes=True,
)  # fmt: skip
STOPPING = Rule(
    503, "stopping", "The service is being restarted",
    "Nothing was answered to this request, and what it asked for may not be done: send it again.", passes=True,
)  # fmt: skip
UNAUTHORIZED = Rule(
    401, "unauthorized", "A key is needed", "Send one that is known here, in one header: 'X-API-Key: …'."
)
FORBIDDEN = Rule(403, "forbidden", "The key may not do this", "It takes a key of another scope: write, or admin.")
RATE_LIMITED = Rule(
    429, "rate_limited", "Too many requests", "Ask again after Retry-After seconds: RateLimit says how often one may.",
    passes=True,
)  # fmt: skip
TOO_MANY_CONNECTIONS = Rule(
    429, "too_many_connections", "Too many connections from one address",
    "Close some, or send several requests over each.", passes=True,
)  # fmt: skip
HEAD_TOO_LARGE = Rule(
    431, "head_too_large", "The head of the request is too large",
    "Request line and headers may have 32 KiB together.",
)  # fmt: skip
INVALID_HTTP = Rule(400, "bad_request", "Bad request", "This is not HTTP as we read it.")
REQUEST_TIMEOUT = Rule(
    408, "request_timeout", "The request took too long to arrive",
    f"Its head may take {RECEIVE_S} seconds, and so may its body: send it faster, or send fewer lines at once.",
)  # fmt: skip
INTERNAL = Rule(
    500, "internal_error", "Something broke on our side",
    "It is logged under the request_id of this answer; quote it when you ask about it.",
)  # fmt: skip

_NOT_WRITABLE = Rule(
    409, "not_writable", "The champion cannot be moved here",
    "The disk is full, or this process may not write models/live: the champion stays. The log says which.",
)  # fmt: skip

BY_TYPE: Final[dict[type[Exception], Rule]] = {
    CustomerNotFoundError: Rule(
        404, "customer_not_found", "No such customer",
        "No transaction of a customer with this id is known, or none before as_of.",
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
    BadDataError: Rule(
        409, "not_scorable", "The customers cannot be scored",
        "Their features were derived by another version of this program: the scores are those of before, though the "
        "champion has moved. The operator loads any file again, which derives everybody, and scores follow by "
        "themselves.",
    ),
    ScoresMissingError: Rule(
        503, "scores_missing", "Nobody has been scored yet",
        "There are customers, and no list of them: it is made within half a minute once a model is loaded (/health "
        "says whether one is), or at once by 'python -m trainer score'.",
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
    VersionNotFoundError: Rule(
        404, "version_not_found", "No such version", "GET /models lists those that there are.",
    ),
    VersionRefusedError: Rule(
        409, "version_refused", "The version is not sound",
        "The champion stays what it was: see errors for the reason.",
    ),
    NotVerifiableError: Rule(
        409, "not_verifiable", "The version cannot be verified now",
        "It, or the key that it is signed with, cannot be read here: the champion stays what it was, and the operator "
        "sees to what errors names.",
    ),
    ChampionNotLoadedError: Rule(
        409, "champion_not_loaded", "The champion cannot be loaded here",
        "The model of before goes on answering. See errors for the reason; when it is mended, reload, or put the "
        "version of before to go back.",
    ),
    CannotWriteError: _NOT_WRITABLE,
    NotPermittedError: _NOT_WRITABLE,
    LockedError: BUSY,
    NotDerivableError: Rule(
        409, "not_derivable", "The database refuses what follows from these lines",
        "The lines are stored; the orders or features of their customers are not fresh. Sending them again does not "
        "help before the operator does: the log says why.",
    ),
}  # fmt: skip

BY_STATUS: Final[dict[int, Rule]] = {
    400: Rule(400, "bad_request", "Bad request", "The request could not be read."),
    401: UNAUTHORIZED,
    403: FORBIDDEN,
    404: Rule(404, "not_found", "No such page", "/docs lists what there is."),
    405: Rule(405, "method_not_allowed", "Method not allowed", "The Allow header says which methods this path has."),
    406: Rule(
        406, "not_acceptable", "Not to be had in that form",
        "The Accept header takes none of what there is: application/json and, of lists, text/csv.",
    ),
    408: REQUEST_TIMEOUT,
    413: BODY_TOO_LARGE,
    415: Rule(
        415, "unsupported_media_type", "Unsupported media type",
        "Send JSON, uncompressed, with the header 'Content-Type: application/json'.",
    ),
    429: RATE_LIMITED,
    503: BUSY,
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

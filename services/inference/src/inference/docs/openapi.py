"""The OpenAPI document: its texts, and problem responses with examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from inference.docs.access import document_access
from inference.docs.finish import finish
from inference.docs.recorded import REQUEST_ID, add_examples
from inference.http.problems import (
    BY_STATUS,
    BY_TYPE,
    HEAD_TOO_LARGE,
    HOST_NOT_ALLOWED,
    Document,
    ProblemType,
    problem_document,
)
from inference.responses import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI

PREDICTIONS: Final = "Predictions"
CUSTOMERS: Final = "Customers"
DATA: Final = "Data"
MODELS: Final = "Model"
LEGACY: Final = "Legacy"
HEALTHS: Final = "Health"
PAGE: Final = "Page"
TAGS: Final = [
    {"name": PREDICTIONS, "description": "Who is about to leave, how certain it is, why, and what to do about it."},
    {"name": CUSTOMERS, "description": "Customers by risk, customer profiles and segments."},
    {"name": DATA, "description": "Transaction lines. Predictions include them at once."},
    {"name": MODELS, "description": "The live model, its performance on unseen data, and the published versions."},
    {
        "name": LEGACY,
        "description": "Addresses and field names of earlier systems, answered by this model, so that existing "
        "programs keep working. New programs should use the operations above.",
    },
    {"name": HEALTHS, "description": "For monitors and load balancers."},
    {"name": PAGE, "description": "The look-up page at `/`, for people."},
]
DESCRIPTION: Final = """
Will a customer order again within the next **90 days**? Ask by ID, or by figures:

* **Calibrated probabilities**: fitted on past windows of the same shop, each with an interval.
* **Exact reasons**: the model is a formula whose terms add up to the answer.
* **Any point in time**: every answer names its `as_of` and uses nothing at or after it.

Open an operation below and press **Execute**: the examples are filled in. Where keys are required, enter yours under
**Authorize**; it stays in this tab. Errors are problem documents (RFC 9457). Every answer has an `X-Request-ID`: quote
it in a report. The `RateLimit` headers give the limit. People can use [the look-up page](/).
"""

_PROBLEMS: Final[dict[str, ProblemType]] = {
    problem.code: problem for problem in (*BY_TYPE.values(), *BY_STATUS.values(), HOST_NOT_ALLOWED, HEAD_TOO_LARGE)
}
_SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of these problems, one per status, with an example per problem."""
    responses: dict[int | str, dict[str, Any]] = {}
    for problem in (_PROBLEMS[code] for code in codes):
        response = responses.setdefault(
            problem.status,
            {"description": "", "content": {"application/problem+json": {"schema": _SCHEMA, "examples": {}}}},
        )
        response["description"] = "; ".join(filter(None, (response["description"], problem.title)))
        response["content"]["application/problem+json"]["examples"][problem.code] = {"value": _example(problem)}
        if problem.transient:
            response["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return responses


def _example(problem: ProblemType) -> Document:
    wrong = {"pointer": "#/customer_id", "code": "int_type", "detail": "Input should be a valid integer"}
    return problem_document(problem, REQUEST_ID, [wrong] if problem.code == "validation" else [])


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of `app`, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
            servers=[{"url": "/", "description": "This server"}],
            contact={"name": "The operator of this service"},
        )
        model = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
        schema["components"]["schemas"] |= {**model.pop("$defs"), "Problem": model}
        document_access(
            schema,
            app.routes,
            required=app.state.auth.keys_required,
            by_head=problems("host_not_allowed", "body_too_large", "request_timeout", "head_too_large"),
            refusals=problems("rate_limited", "busy"),
            with_key=problems("unauthorized", "forbidden"),
        )
        add_examples(schema, app.routes)
        finish(schema, app.routes)
        app.openapi_schema = schema
    return app.openapi_schema

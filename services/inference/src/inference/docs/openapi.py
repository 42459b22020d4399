"""The documentation's words, and errors documented as what they are: application/problem+json, with real examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from inference.docs.access import document_access
from inference.docs.finish import finish
from inference.http.problems import (
    BY_STATUS,
    BY_TYPE,
    HEAD_TOO_LARGE,
    HOST_NOT_ALLOWED,
    Document,
    Rule,
    problem_document,
)
from inference.responses import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

REQUEST_ID: Final = "8c7f6a0e5d3b4c2a9f1e0d7b6a5c4e3f"  # of the examples

PREDICTIONS: Final = "Predictions"
CUSTOMERS: Final = "Customers"
DATA: Final = "Data"
MODELS: Final = "Model"
OLDER_SYSTEMS: Final = "Older systems"
HEALTHS: Final = "Health"
PAGE: Final = "Page"
TAGS: Final = [
    {"name": PREDICTIONS, "description": "Who is about to leave, how sure that is, why, and what to do about it."},
    {"name": CUSTOMERS, "description": "Everybody by risk, one customer at length, and the segments."},
    {"name": DATA, "description": "What was sold: new lines, and predictions that know of them at once."},
    {"name": MODELS, "description": "What answers: where it comes from, and how good it was on what it had not seen."},
    {
        "name": OLDER_SYSTEMS,
        "description": "The addresses and field names of the systems before this one, answered by this one's model: "
        "programs that ask them go on working. New ones do better with the questions above.",
    },
    {"name": HEALTHS, "description": "For monitors and load balancers."},
    {"name": PAGE, "description": "The page at `/`, where people look up a customer in a browser."},
]
DESCRIPTION: Final = """
Will a customer order again within the next **90 days**? Ask by id, or by figures:

* **Probabilities are honest**: calibrated on past windows of the same shop, with an interval beside each.
* **Reasons are exact**: the model is a formula, and its summands add up to the answer.
* **Time is an argument**: every answer names its `as_of`, and nothing at or after it was looked at.

Open a question below and press **Execute**: the examples are filled in. Where keys are needed, **Authorize** takes one,
for this tab alone. Errors are problem documents (RFC 9457); quote the `request_id` when you ask about one. Every answer
has it in `X-Request-ID`, too, and `RateLimit` says how often one may ask. For people there is [the page](/).
"""

_RULES: Final[dict[str, Rule]] = {
    rule.code: rule for rule in (*BY_TYPE.values(), *BY_STATUS.values(), HOST_NOT_ALLOWED, HEAD_TOO_LARGE)
}
_SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}


def answers(
    examples: Mapping[str, object], *, headers: dict[str, Any] | None = None
) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI response of the good answer, with examples by name."""
    content = {"application/json": {"examples": {name: {"value": value} for name, value in examples.items()}}}
    return {200: {"description": "The answer.", "content": content, "headers": headers or {}}}


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of these errors; several of one status share it, each with its example."""
    responses: dict[int | str, dict[str, Any]] = {}
    for rule in (_RULES[code] for code in codes):
        response = responses.setdefault(
            rule.status,
            {"description": "", "content": {"application/problem+json": {"schema": _SCHEMA, "examples": {}}}},
        )
        response["description"] = "; ".join(filter(None, (response["description"], rule.title)))
        response["content"]["application/problem+json"]["examples"][rule.code] = {"value": _example(rule)}
        if rule.passes:
            response["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return responses


def _example(rule: Rule) -> Document:
    wrong = {"pointer": "#/customer_id", "code": "int_type", "detail": "Input should be a valid integer"}
    return problem_document(rule, REQUEST_ID, [wrong] if rule.code == "validation" else [])


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of `app`, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
        )
        problem = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
        schema["components"]["schemas"] |= {**problem.pop("$defs"), "Problem": problem}
        document_access(
            schema,
            app.routes,
            required=app.state.access.keys_required,
            by_head=problems("host_not_allowed", "body_too_large", "request_timeout", "head_too_large"),
            refusals=problems("rate_limited", "busy"),
            with_key=problems("unauthorized", "forbidden"),
        )
        finish(schema, app.routes)
        app.openapi_schema = schema
    return app.openapi_schema

"""The OpenAPI description of the page: a form in, HTML out."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field
from typing_extensions import TypedDict

from inference.web.requests import MEDIA_TYPE
from retention.lines.rules import MAX_CUSTOMER_ID


class Welcome(TypedDict):
    """What the service is for."""

    message: Annotated[str, Field(description="Where to start.")]


_HTML: Final = {"text/html": {"schema": {"type": "string"}}}
_RETRY: Final = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}

WELCOME: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "A line of JSON; the look-up page where Accept prefers text/html.", "content": _HTML}
}
PAGES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The page with the customer's profile."},
    401: {"description": "The page, asking for a valid key.", "content": _HTML},
    404: {"description": "The page: no such customer, or no orders before that day.", "content": _HTML},
    413: {"description": "The page: the form is too large.", "content": _HTML},
    415: {"description": "The page: the body is not a form.", "content": _HTML},
    422: {"description": "The page, saying what to change.", "content": _HTML},
    429: {"description": "The page: too many requests with one key, or too many wrong keys.", "content": _HTML},
    503: {"description": "The page: no model or no database is available.", "content": _HTML, "headers": _RETRY},
}
FORM_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "title": "LookUp",
                    "type": "object",
                    "properties": {
                        "customer_id": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": MAX_CUSTOMER_ID,
                            "description": "The customer's ID.",
                            "examples": [12347],
                        },
                        "as_of": {
                            "type": "string",
                            "format": "date",
                            "description": "The day to answer as of (its start, 00:00 UTC); default: the clock.",
                        },
                        "key": {
                            "type": "string",
                            "maxLength": 200,
                            "description": "An API key, where required.",
                        },
                        "instead": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": MAX_CUSTOMER_ID,
                            "description": "Another customer's ID, used in place of customer_id.",
                        },
                    },
                    "required": ["customer_id"],
                    "additionalProperties": False,
                },
                "example": {"customer_id": 12347},
            }
        },
    }
}

"""How the page is documented: a form in, HTML out."""

from __future__ import annotations

from typing import Any, Final

from typing_extensions import TypedDict

from inference.web.requests import MEDIA_TYPE
from retention.lines.rules import MAX_CUSTOMER_ID


class Welcome(TypedDict):
    """What this is."""

    message: str


_HTML: Final = {"text/html": {"schema": {"type": "string"}}}
_RETRY: Final = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}

WELCOME: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The line; the page where Accept names text/html.", "content": _HTML}
}
PAGES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The page with the customer's profile."},
    401: {"description": "The page, which asks for a key.", "content": _HTML},
    404: {"description": "The page, which knows no such customer, or no order before that day.", "content": _HTML},
    413: {"description": "The page: the form is too large.", "content": _HTML},
    415: {"description": "The page: this is not a form.", "content": _HTML},
    422: {"description": "The page, which says what to change.", "content": _HTML},
    429: {"description": "The page: a key was asked with, or wrong ones were tried, too often.", "content": _HTML},
    503: {"description": "The page: there is no model, or no database.", "content": _HTML, "headers": _RETRY},
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
                            "example": 12347,
                        },
                        "as_of": {
                            "type": "string",
                            "format": "date",
                            "description": "The day to answer as of, from its start (00:00 UTC); left out: the clock.",
                        },
                        "key": {"type": "string", "maxLength": 200, "description": "An API key, where one is needed."},
                        "instead": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": MAX_CUSTOMER_ID,
                            "description": "Another customer's id, which takes the place of customer_id.",
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

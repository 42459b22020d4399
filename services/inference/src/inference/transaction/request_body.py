"""How lines are documented: read without a model, row by row, so that one that is wrong costs the others nothing."""

from __future__ import annotations

from typing import Any, Final

from inference.transaction.examples import LINES_EXAMPLES
from inference.transaction.requests import MAX_LINES
from retention.lines.rules import RULES

_MEANINGS: Final = {
    "InvoiceNo": "Required. One that starts with C is a cancellation, and its lines are returns.",
    "StockCode": "The product.",
    "Description": "The product, in words.",
    "Quantity": "Required: a whole number within 32 bits; below 0 it is a return.",
    "InvoiceDate": "Required: ISO 8601, with or without time and offset; from 1990 until tomorrow.",
    "UnitPrice": "Required: in the shop's currency; a line of price 0 is kept, and is no purchase.",
    "CustomerID": "A whole number from 1; a line without one is kept, and touches nobody.",
    "Country": "Where the customer is.",
}
_SPELLINGS: Final = ", ".join(f"`{other}` is {rule.name}" for rule in RULES for other in rule.spellings)
REPLAYED: Final = {
    "Idempotency-Replayed": {
        "description": "true when this is the answer that the first request with this key was given.",
        "schema": {"const": "true"},
    }
}
_VALUE: Final = {"type": ["string", "number", "null"]}
_LINES: Final = {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_LINES,
    "items": {
        "title": "Line",
        "description": "One line of an invoice. A field that is left out is null. Names are read as those of a file's "
        f"columns: without regard to case, spaces and `_`, and {_SPELLINGS}.",
        "type": "object",
        "properties": {rule.name: {**_VALUE, "description": _MEANINGS[rule.name]} for rule in RULES},
    },
}
LINES_REQUEST: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "title": "Lines",
                    "anyOf": [
                        {
                            "title": "LinesObject",
                            "type": "object",
                            "properties": {"lines": _LINES},
                            "required": ["lines"],
                            "additionalProperties": False,
                        },
                        {"title": "LinesArray", **_LINES},
                    ],
                },
                "examples": LINES_EXAMPLES,
            }
        },
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "A name of your own for this request, such as a UUID, to send it again without harm.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        }
    ],
}

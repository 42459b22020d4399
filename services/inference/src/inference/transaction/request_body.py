"""The documented body of transaction lines. It is read without a model, so that one bad line does not refuse all."""

from __future__ import annotations

from typing import Any, Final

from inference.transaction.requests import CURRENCY, CUSTOMER_REF, MAX_LINES
from retention.lines.rules import RULES

_MEANINGS: Final = {
    "InvoiceNo": "Required. The lines of a cancelled invoice, by the shop's prefix (C536379), are returns.",
    "StockCode": "The product.",
    "Description": "The product's name.",
    "Quantity": "Required: a number within 32 bits. A negative one is a return.",
    "InvoiceDate": "Required: ISO 8601, time and offset optional; from 1990 to tomorrow. A time with an offset becomes "
    "the shop's wall clock (meta.time_zone); one without is taken for it. Over 60 days after the last line stored, "
    "the line is quarantined as implausible_date.",
    "UnitPrice": "Required, in the shop's currency. A line of price 0 is stored but is not a purchase.",
    "CustomerID": "A whole number from 1. A line without one is stored but belongs to no customer.",
    "Country": "The customer's country.",
}
_BESIDES: Final = {
    CUSTOMER_REF: "The customer's ID or e-mail address as the shop knows it, in place of CustomerID.",
    CURRENCY: "ISO 4217 code. A line in another currency than the shop's is quarantined as other_currency.",
}
_SPELLINGS: Final = ", ".join(f"`{other}` is {rule.name}" for rule in RULES for other in rule.spellings)
REPLAYED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": {
            "Idempotency-Replayed": {
                "description": "true when the answer of the first request with this key is repeated.",
                "schema": {"const": "true"},
            }
        }
    }
}
_VALUE: Final = {"type": ["string", "number", "null"]}
_LINES: Final = {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_LINES,
    "items": {
        "title": "Line",
        "description": "One line of an invoice. A missing field is null. Names are read as in a file's header: "
        f"case, spaces and `_` do not matter, and {_SPELLINGS}.",
        "type": "object",
        "properties": {
            **{rule.name: {**_VALUE, "description": _MEANINGS[rule.name]} for rule in RULES},
            **{name: {**_VALUE, "description": meaning} for name, meaning in _BESIDES.items()},
        },
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
                            "properties": {
                                "lines": {"description": "1 to 1,000 lines.", **_LINES},
                                "replace_orders": {
                                    "description": "Whether an order that is stored with other lines is replaced by "
                                    "its lines here. Otherwise they are added to it.",
                                    "type": "boolean",
                                    "default": False,
                                },
                            },
                            "required": ["lines"],
                            "additionalProperties": False,
                        },
                        {"title": "LinesArray", **_LINES},
                    ],
                },
            }
        },
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "A unique name for this request, such as a UUID: it makes repeating the request safe.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        }
    ],
}

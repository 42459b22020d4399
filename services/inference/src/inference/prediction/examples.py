"""Questions that work: what the documentation fills in. Real figures of Online Retail."""

from __future__ import annotations

from typing import Any, Final

CUSTOMER_EXAMPLES: Final[dict[str, Any]] = {
    "now": {"summary": "As of now, with the reasons", "value": {"customer_id": 12347}},
    "once": {"summary": "A customer of one order", "value": {"customer_id": 12378}},
    "then": {
        "summary": "As of a past day, without the reasons",
        "value": {"customer_id": 12347, "as_of": "2011-11-10T00:00:00Z", "explain": False},
    },
}
CUSTOMERS_EXAMPLES: Final[dict[str, Any]] = {
    "three": {
        "summary": "Three customers, one of whom is not known",
        "value": {"customer_ids": [12347, 12378, 99999]},
    },
}
FEATURE_EXAMPLES: Final[dict[str, Any]] = {
    "three": {
        "summary": "Three figures: what is missing is assumed",
        "value": {"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.71},
    },
    "five": {
        "summary": "All five figures",
        "value": {"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.71, "Recency": 2, "Tenure": 367},
    },
}
FEATURE_BATCH_EXAMPLES: Final[dict[str, Any]] = {
    "rows": {
        "summary": "Two rows: one of three figures, one of all five",
        "value": {"data": [each["value"] for each in FEATURE_EXAMPLES.values()]},
    },
}
SEGMENT_EXAMPLES: Final[dict[str, Any]] = {
    "figures": {
        "summary": "Seven orders, the last two days ago",
        "value": {"recency": 2, "frequency": 7, "monetary": 4310.0},
    },
}

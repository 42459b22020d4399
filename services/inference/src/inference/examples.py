"""Questions that work and answers as they come: what the documentation shows. Real figures of Online Retail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from inference.schemas import CustomerAnswer, FeatureAnswer, Ingested

REQUEST_ID: Final = "8c7f6a0e5d3b4c2a9f1e0d7b6a5c4e3f"
_VERSION: Final = "20261121T043026Z-7db91e3"

CUSTOMER_EXAMPLES: Final[dict[str, Any]] = {
    "now": {"summary": "As of now, with the reasons", "value": {"customer_id": 12347}},
    "then": {
        "summary": "As of a past day, without the reasons",
        "value": {"customer_id": 12347, "as_of": "2011-11-10T00:00:00Z", "explain": False},
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

_ORDER: Final = [
    {
        "InvoiceNo": "600001", "StockCode": "85123A", "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
        "Quantity": 6, "InvoiceDate": "2011-12-09T12:30:00Z", "UnitPrice": 2.55,
        "CustomerID": 20001, "Country": "United Kingdom",
    },
    {
        "InvoiceNo": "600001", "StockCode": "22423", "Description": "REGENCY CAKESTAND 3 TIER",
        "Quantity": 2, "InvoiceDate": "2011-12-09T12:30:00Z", "UnitPrice": 12.75,
        "CustomerID": 20001, "Country": "United Kingdom",
    },
]  # fmt: skip
_RETURN: Final = {
    "InvoiceNo": "C600002", "StockCode": "22423", "Quantity": -1, "InvoiceDate": "2011-12-09T16:05:00Z",
    "UnitPrice": 12.75, "CustomerID": 20001,
}  # fmt: skip
LINES_EXAMPLES: Final[dict[str, Any]] = {
    "order": {"summary": "The first order of a new customer, 20001", "value": {"lines": _ORDER}},
    "return": {"summary": "One of it comes back; a bare list will do", "value": [_RETURN]},
    "unreadable": {
        "summary": "A line that cannot be understood is put aside, the other is added",
        "value": {"lines": [_ORDER[0], {**_RETURN, "InvoiceDate": "last Friday"}]},
    },
}
INGESTED: Final[Ingested] = {
    "rows_in": 2,
    "inserted": 0,
    "duplicate": 1,
    "quarantined": {"InvoiceDate_unreadable": 1},
    "erased": 0,
    "load_id": "request:5f0c1b7e9a3d4c52b8e6f7a1d0c9b8a7",
    "rejected": [{"pointer": "#/lines/1", "field": "InvoiceDate", "reason": "InvoiceDate_unreadable"}],
    "refreshed": [{"as_of": "2011-12-10T00:00:00Z", "customers": 1}],
}

CUSTOMER_ANSWER: Final[CustomerAnswer] = {
    "customer_id": 12347,
    "features": {"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.71, "Recency": 2, "Tenure": 367},
    "prediction": {
        "churn_probability": 0.09400848812185235,
        "churn_prediction": 0,
        "threshold": 0.44126652204849964,
        "horizon_days": 90,
        "interval": {"level": 0.9, "low": 0.07845461505083413, "high": 0.11227029503224904},
        "confidence": "high",
        "evidence": "repeat",
    },
    "segment": {
        "cluster": 0,
        "segment": "Loyal High-Value",
        "action": "VIP early access",
        "offer": "Preview of the new range a week before everyone else, with free express delivery",
    },
    "explanation": {
        "base_log_odds": -0.17471086449174975,
        "contributions": [
            {
                "feature": "Frequency",
                "value": 7,
                "contribution": -0.6217963712937938,
                "text": "7 orders, more than 84% of customers: lowers the risk",
            },
            {
                "feature": "Monetary",
                "value": 4310.0,
                "contribution": -0.5882562030304447,
                "text": "4,310.00 GBP spent, more than 93% of customers: lowers the risk",
            },
            {
                "feature": "decayed_orders",
                "value": 1.665546551,
                "contribution": -0.21848712585062388,
                "text": "1.67 orders weighed by age (one of 60 days ago counts 0.37), "
                "more than 84% of customers: lowers the risk",
            },
            {
                "feature": "distinct_products",
                "value": 103,
                "contribution": -0.2094224448862817,
                "text": "103 different products bought, more than 83% of customers: lowers the risk",
            },
            {
                "feature": "orders_90d",
                "value": 2,
                "contribution": -0.19214425350163922,
                "text": "2 orders in the last 90 days, more than 69% of customers: lowers the risk",
            },
            {
                "feature": "Tenure",
                "value": 367,
                "contribution": -0.1687037235774128,
                "text": "first order 367 days ago, longer than 91% of customers: lowers the risk",
            },
            {
                "feature": "recency_to_gap",
                "value": 0.035443038,
                "contribution": -0.08469674317044938,
                "text": "silent for 0.04 times the usual gap between orders, longer than "
                "3% of customers: lowers the risk",
            },
            {
                "feature": "returns_share",
                "value": 0.0,
                "contribution": -0.007427130046858524,
                "text": "no money returned: makes hardly a difference",
            },
        ],
    },
    "meta": {
        "as_of": "2011-12-10T00:00:00Z",
        "model_version": _VERSION,
        "data_age_days": 0,
        "stale": False,
        "currency": "GBP",
        "request_id": REQUEST_ID,
    },
}

FEATURE_ANSWER: Final[FeatureAnswer] = {
    "churn_probability": 0.0778187166572417,
    "churn_prediction": 0,
    "threshold": 0.43839406906618805,
    "horizon_days": 90,
    "interval": {"level": 0.9, "low": 0.06574000843473077, "high": 0.0918984015718262},
    "confidence": "high",
    "evidence": "repeat",
    "assumed": ["Recency", "Tenure"],
    "meta": {"model_version": _VERSION, "currency": "GBP", "request_id": REQUEST_ID},
}

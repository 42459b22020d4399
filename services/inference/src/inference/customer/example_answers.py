"""Answers as they come: what the documentation shows. Real figures of Online Retail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inference.customer.csv_export import csv_text
from inference.prediction.example_answers import CUSTOMER_ANSWER

if TYPE_CHECKING:
    from inference.customer.responses import CustomerList, Profile, SegmentSummary

_VERSION: Final = CUSTOMER_ANSWER["meta"]["model_version"]

CUSTOMER_LIST: Final[CustomerList] = {
    "items": [
        {
            "customer_id": 16454,
            "churn_probability": 0.8217524921985603,
            "churn_prediction": 1,
            "evidence": "sparse",
            "cluster": 1,
            "segment": "Churn Risk",
            "Frequency": 2,
            "Monetary": 6.9,
            "AvgOrderValue": 3.45,
            "Recency": 44,
            "Tenure": 64,
            "as_of": "2011-12-10T00:00:00Z",
            "due": "2012-03-09T00:00:00Z",
            "model_version": _VERSION,
        },
        {
            "customer_id": 17900,
            "churn_probability": 0.7983307446630606,
            "churn_prediction": 1,
            "evidence": "lapsed",
            "cluster": 1,
            "segment": "Churn Risk",
            "Frequency": 2,
            "Monetary": 112.2,
            "AvgOrderValue": 56.1,
            "Recency": 190,
            "Tenure": 190,
            "as_of": "2011-12-10T00:00:00Z",
            "due": "2012-03-09T00:00:00Z",
            "model_version": _VERSION,
        },
        {
            "customer_id": 17991,
            "churn_probability": 0.7788089721299888,
            "churn_prediction": 1,
            "evidence": "lapsed",
            "cluster": 1,
            "segment": "Churn Risk",
            "Frequency": 2,
            "Monetary": 93.35,
            "AvgOrderValue": 46.67,
            "Recency": 225,
            "Tenure": 226,
            "as_of": "2011-12-10T00:00:00Z",
            "due": "2012-03-09T00:00:00Z",
            "model_version": _VERSION,
        },
    ],
    "next_cursor": "AcbbgCaYKcKEP-jsAMskJlEAAAAAAABGRw",
}
CSV_PAGE: Final = csv_text(CUSTOMER_LIST["items"])

PROFILE: Final[Profile] = {
    **CUSTOMER_ANSWER,
    "orders": {
        "first_order_at": "2010-12-07T14:57:00Z",
        "last_order_at": "2011-12-07T15:52:00Z",
        "orders": 7,
        "returns": 0,
        "monetary": 4310.0,
        "returned": 0.0,
        "by_month": [
            {"month": "2011-01", "orders": 1, "value": 475.39},
            {"month": "2011-02", "orders": 0, "value": 0.0},
            {"month": "2011-03", "orders": 0, "value": 0.0},
            {"month": "2011-04", "orders": 1, "value": 636.25},
            {"month": "2011-05", "orders": 0, "value": 0.0},
            {"month": "2011-06", "orders": 1, "value": 382.52},
            {"month": "2011-07", "orders": 0, "value": 0.0},
            {"month": "2011-08", "orders": 1, "value": 584.91},
            {"month": "2011-09", "orders": 0, "value": 0.0},
            {"month": "2011-10", "orders": 1, "value": 1294.32},
            {"month": "2011-11", "orders": 0, "value": 0.0},
            {"month": "2011-12", "orders": 1, "value": 224.82},
        ],
        "recent": [
            {"invoice": "581180", "day": "2011-12-07", "kind": "order", "value": 224.82, "units": 192, "lines": 11},
            {"invoice": "573511", "day": "2011-10-31", "kind": "order", "value": 1294.32, "units": 676, "lines": 47},
            {"invoice": "562032", "day": "2011-08-02", "kind": "order", "value": 584.91, "units": 277, "lines": 22},
            {"invoice": "556201", "day": "2011-06-09", "kind": "order", "value": 382.52, "units": 196, "lines": 18},
            {"invoice": "549222", "day": "2011-04-07", "kind": "order", "value": 636.25, "units": 483, "lines": 24},
            {"invoice": "542237", "day": "2011-01-26", "kind": "order", "value": 475.39, "units": 315, "lines": 29},
            {"invoice": "537626", "day": "2010-12-07", "kind": "order", "value": 711.79, "units": 319, "lines": 31},
        ],
    },
    "similar": [
        {
            "customer_id": 17602,
            "segment": "Loyal High-Value",
            "churn_probability": 0.047397025559060064,
            "Frequency": 6,
            "Monetary": 5102.97,
            "Recency": 2,
        },
        {
            "customer_id": 13685,
            "segment": "Loyal High-Value",
            "churn_probability": 0.0968988591301233,
            "Frequency": 7,
            "Monetary": 3119.44,
            "Recency": 2,
        },
        {
            "customer_id": 14907,
            "segment": "Loyal High-Value",
            "churn_probability": 0.0899509995367388,
            "Frequency": 7,
            "Monetary": 3501.1,
            "Recency": 3,
        },
        {
            "customer_id": 14547,
            "segment": "Loyal High-Value",
            "churn_probability": 0.04934595798955176,
            "Frequency": 8,
            "Monetary": 4007.54,
            "Recency": 3,
        },
        {
            "customer_id": 14503,
            "segment": "Loyal High-Value",
            "churn_probability": 0.06528970547531979,
            "Frequency": 6,
            "Monetary": 3543.26,
            "Recency": 3,
        },
    ],
}

SEGMENTS: Final[list[SegmentSummary]] = [
    {
        "segment": "Loyal High-Value",
        "cluster": 0,
        "customers": 713,
        "share": 0.16436145689257722,
        "recency": 11.451612903225806,
        "frequency": 13.732117812061711,
        "monetary": 8086.120659186536,
        "revenue_share": 0.6469689295672348,
        "churn_probability": 0.061609934946519625,
        "flagged": 0,
        "action": "VIP early access",
        "model_version": _VERSION,
    },
    {
        "segment": "Occasional Buyers",
        "cluster": 2,
        "customers": 1193,
        "share": 0.27501152604887047,
        "recency": 70.35624476110645,
        "frequency": 4.087175188600168,
        "monetary": 1800.7341911148367,
        "revenue_share": 0.24107031280657684,
        "churn_probability": 0.2714771399320112,
        "flagged": 116,
        "action": "Remind with what they bought before",
        "model_version": _VERSION,
    },
    {
        "segment": "Churn Risk",
        "cluster": 1,
        "customers": 1622,
        "share": 0.3739050253573075,
        "recency": 180.7731196054254,
        "frequency": 1.315659679408138,
        "monetary": 341.5761713933416,
        "revenue_share": 0.062171607025192956,
        "churn_probability": 0.6572480146325781,
        "flagged": 1588,
        "action": "Win back",
        "model_version": _VERSION,
    },
    {
        "segment": "Potential Loyalists",
        "cluster": 3,
        "customers": 810,
        "share": 0.18672199170124482,
        "recency": 17.333333333333332,
        "frequency": 2.137037037037037,
        "monetary": 547.7671975308642,
        "revenue_share": 0.04978915060099538,
        "churn_probability": 0.4145304620136517,
        "flagged": 331,
        "action": "Win the next order",
        "model_version": _VERSION,
    },
]

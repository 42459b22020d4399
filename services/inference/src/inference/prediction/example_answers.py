"""Answers as they come: what the documentation shows. Real figures of Online Retail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inference.docs.openapi import REQUEST_ID

if TYPE_CHECKING:
    from inference.prediction.responses import (
        CustomerAnswer,
        CustomersAnswer,
        FeatureAnswer,
        PlainPrediction,
        PlainPredictions,
        Segment,
    )
    from inference.responses import Meta

_VERSION: Final = "20261121T043026Z-7db91e3"
_META: Final[Meta] = {
    "as_of": "2011-12-10T00:00:00Z",
    "model_version": _VERSION,
    "data_age_days": 0,
    "stale": False,
    "currency": "GBP",
    "request_id": REQUEST_ID,
}

CUSTOMER_ANSWER: Final[CustomerAnswer] = {
    "customer_id": 12347,
    "features": {"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.71, "Recency": 2, "Tenure": 367},
    "prediction": {
        "churn_probability": 0.0707326929198304,
        "churn_prediction": 0,
        "threshold": 0.4487605333458149,
        "horizon_days": 90,
        "interval": {"level": 0.9, "low": 0.0574978342048811, "high": 0.086733608482365},
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
        "base_log_odds": -0.17250801425365772,
        "contributions": [
            {
                "feature": "active_months",
                "value": 7,
                "contribution": -1.0241018834469027,
                "text": "ordered in 7 different months, more than 90% of customers: lowers the risk",
            },
            {
                "feature": "Monetary",
                "value": 4310.0,
                "contribution": -0.5585414714663793,
                "text": "4,310.00 GBP spent, more than 93% of customers: lowers the risk",
            },
            {
                "feature": "Frequency",
                "value": 7,
                "contribution": -0.22264123268722139,
                "text": "7 orders, more than 84% of customers: lowers the risk",
            },
            {
                "feature": "distinct_products",
                "value": 103,
                "contribution": -0.20582982345140646,
                "text": "103 different products bought, more than 83% of customers: lowers the risk",
            },
            {
                "feature": "orders_90d",
                "value": 2,
                "contribution": -0.18232491228186262,
                "text": "2 orders in the last 90 days, more than 69% of customers: lowers the risk",
            },
            {
                "feature": "decayed_orders",
                "value": 1.665546551,
                "contribution": -0.17905973956580415,
                "text": (
                    "1.67 orders weighed by age (one of 60 days ago counts 0.37), more than 84% of customers: "
                    "lowers the risk"
                ),
            },
            {
                "feature": "Tenure",
                "value": 367,
                "contribution": -0.023719544559435014,
                "text": "first order 367 days ago, longer than 91% of customers: lowers the risk",
            },
            {
                "feature": "returns_share",
                "value": 0.0,
                "contribution": -0.006761928517878611,
                "text": "no money returned: makes hardly a difference",
            },
        ],
        "counterfactual": None,
    },
    "meta": _META,
}

SINGLE_ORDER_ANSWER: Final[CustomerAnswer] = {
    "customer_id": 12378,
    "features": {"Frequency": 1, "Monetary": 4008.62, "AvgOrderValue": 4008.62, "Recency": 129, "Tenure": 129},
    "prediction": {
        "churn_probability": 0.7351778656126482,
        "churn_prediction": 1,
        "threshold": 0.4487605333458149,
        "horizon_days": 90,
        "interval": {"level": 0.9, "low": 0.6737428226189691, "high": 0.7886730846655502},
        "confidence": "high",
        "evidence": "lapsed",
    },
    "segment": {
        "cluster": 2,
        "segment": "Occasional Buyers",
        "action": "Remind with what they bought before",
        "offer": "A bundle of their usual products at 10 % off",
    },
    "explanation": {
        "base_log_odds": 0.5717714762233722,
        "contributions": [
            {
                "feature": "Recency",
                "value": 129,
                "contribution": 0.44928257809886285,
                "text": (
                    "one order, 129 days ago, of 219 products; 74% of 162 such customers did not return within "
                    "90 days: raises the risk"
                ),
            },
        ],
        "counterfactual": {
            "order_value": 2027.0,
            "within_days": 7,
            "churn_probability": 0.20720749179883094,
            "text": "one order of 2,027.00 GBP or more within 7 days brings the risk under the threshold",
        },
    },
    "meta": _META,
}
CUSTOMER_ANSWERS: Final = {"several_orders": CUSTOMER_ANSWER, "single_order": SINGLE_ORDER_ANSWER}

FEATURE_ANSWER: Final[FeatureAnswer] = {
    "churn_probability": 0.0778187166572417,
    "churn_prediction": 0,
    "threshold": 0.43839406906618805,
    "horizon_days": 90,
    "interval": {"level": 0.9, "low": 0.06574000843473077, "high": 0.0918984015718262},
    "confidence": "medium",
    "evidence": "repeat",
    "assumed": ["Recency", "Tenure"],
    "meta": {"model_version": _VERSION, "currency": "GBP", "request_id": REQUEST_ID},
}

CUSTOMERS_ANSWER: Final[CustomersAnswer] = {
    "results": [{**answer, "explanation": None} for answer in CUSTOMER_ANSWERS.values()],
    "errors": [{"customer_id": 99999, "problem": "customer_not_found"}],
}
PLAIN_PREDICTION: Final[PlainPrediction] = {
    "probability": FEATURE_ANSWER["churn_probability"],
    "prediction": FEATURE_ANSWER["churn_prediction"],
    "confidence": FEATURE_ANSWER["confidence"],
    "threshold": FEATURE_ANSWER["threshold"],
}
PLAIN_PREDICTIONS: Final[PlainPredictions] = {
    "predictions": [
        PLAIN_PREDICTION,
        {
            "probability": 0.06584631068659176,
            "prediction": 0,
            "confidence": "high",
            "threshold": PLAIN_PREDICTION["threshold"],
        },
    ],
    "count": 2,
}
SEGMENT: Final[Segment] = CUSTOMER_ANSWER["segment"]

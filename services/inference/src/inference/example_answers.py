"""Answers as they come: what the documentation shows. Real figures of Online Retail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inference.examples import REQUEST_ID

if TYPE_CHECKING:
    from inference.model_card import ModelCard
    from inference.schemas import CustomerAnswer, FeatureAnswer, Meta

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

MODEL_CARD: Final[ModelCard] = {
    "version": _VERSION,
    "trained_at": "2026-11-21T04:30:26Z",
    "champion_since": "2026-11-21T04:30:41Z",
    "git_revision": "7db91e3c4a5f60718293a4b5c6d7e8f901234567",
    "data_clock": "2011-12-10T00:00:00Z",
    "horizon_days": 90,
    "windows": {
        "training_as_of": [
            "2011-06-13T00:00:00Z",
            "2011-05-29T00:00:00Z",
            "2011-05-14T00:00:00Z",
            "2011-04-29T00:00:00Z",
            "2011-04-14T00:00:00Z",
            "2011-03-30T00:00:00Z",
            "2011-03-15T00:00:00Z",
        ],
        "test_as_of": "2011-09-11T00:00:00Z",
        "horizon_days": 90,
    },
    "rows": {"training": 16809, "test": 3370, "customers": 4338},
    "features": [
        "Frequency",
        "Monetary",
        "Tenure",
        "orders_90d",
        "decayed_orders",
        "distinct_products",
        "returns_share",
        "active_months",
        "Recency",
    ],
    "threshold": {"value": 0.4487605333458149, "policy": "recall ≥ 0.80 out of fold"},
    "metrics": {
        "roc_auc": {"value": 0.7453439500720129, "low": 0.7286904553901415, "high": 0.7628597901818824},
        "pr_auc": {"value": 0.6371574042727328, "low": 0.6116664092942259, "high": 0.664040322510364},
        "brier": {"value": 0.2021782053568404, "low": 0.1951956464202937, "high": 0.2083811348242829},
        "brier_skill": {"value": 0.17510553674235085, "low": 0.14706559955563583, "high": 0.2026595853515386},
        "ece": {"value": 0.03709373622529254, "low": 0.02941611260285694, "high": 0.055281613813586164},
        "lift_top_decile": {"value": 1.6908212560386473, "low": 1.5733288038810447, "high": 1.8050078421432019},
    },
    "grade": {
        "grade": "C",
        "rule": "ROC-AUC's low end at least 0.70 and ECE at most 0.08",
        "would_be": "B",
        "capped_because": (
            "the history is 4.2 horizons long: with fewer than 5 nobody can know how the model does in another season"
        ),
        "sentence": (
            "Of two customers, one who leaves and one who stays, the model tells which is which 75 "
            "times in 100. Use the order of the list; take the probabilities as rough. It would be B, "
            "but the history is 4.2 horizons long: with fewer than 5 nobody can know how the model does "
            "in another season."
        ),
    },
    "gate": {
        "passed": True,
        "checks": [
            {
                "name": "ranking",
                "passed": True,
                "reason": "ROC-AUC 0.745, low end 0.729 (above 0.55; 0.5 is guessing)",
            },
        ],
    },
    "comparison": {
        "longest_silent_first": {
            "roc_auc": {"value": 0.6834080047306854, "low": 0.6656920195242378, "high": 0.7009416845436865},
            "pr_auc": {"value": 0.5899936120040311, "low": 0.5622399198859126, "high": 0.6176522038344356},
            "lift_top_decile": {
                "value": 1.5220528264006523,
                "low": 1.4012976876885848,
                "high": 1.6503644939965694,
            },
        },
    },
    "season": [],
    "single_order": [
        {
            "recency_below_days": recency_below_days,
            "products_below": products_below,
            "customers": customers,
            "churn_rate": churn_rate,
            "low": low,
            "high": high,
        }
        for recency_below_days, products_below, customers, churn_rate, low, high in (
            (60.0, 12.0, 537, 0.6678470254957507, 0.6329690570082773, 0.7009763849297154),
            (60.0, 23.0, 484, 0.6169265033407573, 0.5798433740071647, 0.6526970421000604),
            (60.0, None, 551, 0.5173370319001387, 0.4810454075905085, 0.5534466790640523),
            (120.0, 12.0, 457, 0.7058333333333333, 0.6686152376327531, 0.740493794077299),
            (120.0, 23.0, 381, 0.6349206349206349, 0.5926700144700958, 0.6751905692614859),
            (120.0, None, 423, 0.5765595463137996, 0.5349927572112857, 0.6170702261748885),
            (None, 12.0, 215, 0.7646219686162625, 0.7152930199508843, 0.8077017953183253),
            (None, 23.0, 137, 0.684085510688836, 0.6145485573851074, 0.7462573565694003),
            (None, None, 162, 0.7351778656126482, 0.6737428226189691, 0.7886730846655502),
        )
    ],
}

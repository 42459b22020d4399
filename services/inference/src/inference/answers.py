"""From a bundle and a customer's features to an answer. Pure: no clock, no database, no web."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inference import reasons
from retention.churn import INTERVAL_LEVEL, evidence
from retention.pipelines import CONTRACT_FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inference.schemas import CustomerAnswer, Explanation, FeatureAnswer, FeatureMeta, Meta, Prediction, Segment
    from retention.bundle import Bundle
    from retention.churn import ChurnModel


def customer_answer(
    bundle: Bundle, customer_id: int, features: Mapping[str, Any], *, explain: bool, meta: Meta
) -> CustomerAnswer:
    """Return the answer about one customer, all of it from this one bundle."""
    return {
        "customer_id": customer_id,
        "features": {name: features[name] for name in CONTRACT_FEATURES},  # type: ignore[typeddict-item]
        "prediction": prediction(bundle.churn, features),
        "segment": segment(bundle, features),
        "explanation": explanation(bundle, features, meta["currency"]) if explain else None,
        "meta": meta,
    }


def feature_answer(bundle: Bundle, given: Mapping[str, float], *, meta: FeatureMeta) -> FeatureAnswer:
    """Return the answer about figures without an id, by the second formula; what is not given is assumed, and named."""
    features, assumed = bundle.feature_only.complete(given)
    return {**prediction(bundle.feature_only.model, features), "assumed": assumed, "meta": meta}


def prediction(model: ChurnModel, features: Mapping[str, Any]) -> Prediction:
    """Return the probability and what it is worth. At the threshold the customer counts as leaving."""
    probability = model.probability(features)
    interval = model.interval(features)
    return {
        "churn_probability": probability,
        "churn_prediction": 1 if probability >= model.threshold else 0,
        "threshold": model.threshold,
        "horizon_days": model.horizon_days,
        "interval": {"level": INTERVAL_LEVEL, "low": interval.low, "high": interval.high},
        "confidence": model.confidence(interval),
        "evidence": evidence(int(features["Frequency"]), int(features["Recency"]), model.horizon_days),
    }


def segment(bundle: Bundle, features: Mapping[str, Any]) -> Segment:
    """Return the segment nearest to the customer, and what to do about it."""
    nearest = bundle.segments.segment(features["Recency"], features["Frequency"], features["Monetary"])
    return {
        "cluster": nearest.cluster,
        "segment": nearest.segment,
        "action": nearest.action,
        "offer": nearest.offer,
    }


def explanation(bundle: Bundle, features: Mapping[str, Any], currency: str) -> Explanation:
    """Return the reasons: base_log_odds + Σ contribution is the log-odds of the probability."""
    return {
        "base_log_odds": bundle.churn.base_log_odds,
        "contributions": reasons.contributions(bundle.churn, features, bundle.reference, currency),
    }

"""From a bundle and a customer's features to an answer. Pure: no clock, no database, no web."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inference.predictions import reasons
from retention.churn import INTERVAL_LEVEL, confidence, evidence
from retention.pipelines import CONTRACT_FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inference.predictions.schemas import CustomerAnswer, Explanation, FeatureAnswer, Prediction, Segment
    from inference.schemas import FeatureMeta, Meta
    from retention.bundle import Bundle
    from retention.churn import ChurnModel, FeatureOnlyModel


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
    """Return the answer about figures without an id, by the second formula; what is not given is assumed, and named.

    The interval knows of the coefficients alone, neither how far the assumed may be off nor whether the formula holds
    where no customer was seen: confidence is at most medium, or low.
    """
    features, assumed = bundle.feature_only.complete(given)
    answer = prediction(bundle.feature_only, features)
    if not all(_seen(bundle, name, given[name]) for name in bundle.feature_only.formula.features if name in given):
        answer["confidence"] = "low"
    elif assumed and answer["confidence"] == "high":
        answer["confidence"] = "medium"
    return {**answer, "assumed": assumed, "meta": meta}


def _seen(bundle: Bundle, feature: str, value: float) -> bool:
    """Return whether the figure lies between the least and the greatest of the customers published over."""
    percentiles = bundle.reference.percentiles[feature]
    return percentiles[0] <= value <= percentiles[-1]


def prediction(model: ChurnModel | FeatureOnlyModel, features: Mapping[str, Any]) -> Prediction:
    """Return the probability and what it is worth. At the threshold the customer counts as leaving."""
    probability = model.probability(features)
    interval = model.interval(features)
    return {
        "churn_probability": probability,
        "churn_prediction": 1 if probability >= model.threshold else 0,
        "threshold": model.threshold,
        "horizon_days": model.horizon_days,
        "interval": {"level": INTERVAL_LEVEL, "low": interval.low, "high": interval.high},
        "confidence": confidence(interval, model.threshold),
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
    explained = bundle.churn.explain(features)
    return {
        "base_log_odds": explained.base_log_odds,
        "contributions": reasons.contributions(explained.contributions, features, bundle, currency),
    }

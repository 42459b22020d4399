"""Scores one customer with a bundle: the answer from features. Pure: no clock, no database, no web."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from inference.prediction import reasons
from inference.prediction.counterfactual import one_order
from retention.features.pipelines import CONTRACT_FEATURES
from retention.scoring.churn import INTERVAL_LEVEL, confidence, evidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inference.prediction.responses import (
        CustomerAnswer,
        Explanation,
        FeatureAnswer,
        PlainPrediction,
        Prediction,
        Segment,
    )
    from inference.responses import FeatureMeta, Meta
    from retention.registry.bundle import Bundle
    from retention.scoring import churn, segments
    from retention.scoring.churn import ChurnModel, Interval
    from retention.scoring.feature_only import FeatureOnlyModel

FAR: Final = 1.5


def customer_answer(
    bundle: Bundle, customer_id: int, features: Mapping[str, Any], *, explain: bool, meta: Meta
) -> CustomerAnswer:
    """Return the answer about one customer, from one bundle."""
    assessed = bundle.churn.assess(features)
    predicted = prediction(bundle.churn, features, assessed.probability, assessed.interval)
    if _is_far_outside(bundle, features):
        predicted["confidence"] = "low"
    flagged = predicted["churn_prediction"] == 1
    return {
        "customer_id": customer_id,
        "features": {name: features[name] for name in CONTRACT_FEATURES},  # type: ignore[typeddict-item]
        "prediction": predicted,
        "segment": segment(bundle.segments.of(features)),
        "explanation": _explanation(bundle, features, assessed.explanation, meta["currency"], flagged=flagged)
        if explain
        else None,
        "meta": meta,
    }


def feature_answer(bundle: Bundle, given: Mapping[str, float], *, meta: FeatureMeta) -> FeatureAnswer:
    """Return the answer from figures, by the second formula; missing figures are assumed and named.

    The interval covers only the coefficients, so confidence is at most medium if a figure was assumed, and low
    outside the range of all customers.
    """
    features, assumed = bundle.feature_only.complete(given)
    return {**_of_figures(bundle, given, features, assumed), "assumed": assumed, "meta": meta}


def _of_figures(
    bundle: Bundle, given: Mapping[str, float], features: Mapping[str, float], assumed: Sequence[str]
) -> Prediction:
    model = bundle.feature_only
    answer = prediction(model, features, model.probability(features), model.interval(features))
    if not all(_in_range(bundle, name, given[name]) for name in model.formula.features if name in given):
        answer["confidence"] = "low"
    elif assumed and answer["confidence"] == "high":
        answer["confidence"] = "medium"
    return answer


def plain_prediction(bundle: Bundle, given: Mapping[str, float]) -> PlainPrediction:
    """Return the answer from figures under the legacy names, without interval, evidence and assumptions."""
    features, assumed = bundle.feature_only.complete(given)
    answer = _of_figures(bundle, given, features, assumed)
    return {
        "probability": answer["churn_probability"],
        "prediction": answer["churn_prediction"],
        "confidence": answer["confidence"],
        "threshold": answer["threshold"],
    }


def _is_far_outside(bundle: Bundle, features: Mapping[str, Any]) -> bool:
    """Return whether a feature exceeds FAR times its maximum over all customers, e.g. years of silence with CLOCK=wall.

    FAR leaves room for the longest Tenure, which grows every day until the next training. An excess of 1 is never far.
    """
    percentiles = bundle.reference.percentiles
    return any(features[name] > FAR * percentiles[name][-1] + 1 for name in bundle.churn.features)


def _in_range(bundle: Bundle, feature: str, value: float) -> bool:
    """Return whether the figure lies within the range of the customers in the reference."""
    percentiles = bundle.reference.percentiles[feature]
    return percentiles[0] <= value <= percentiles[-1]


def prediction(
    model: ChurnModel | FeatureOnlyModel, features: Mapping[str, Any], probability: float, interval: Interval
) -> Prediction:
    """Return the probability and its certainty. A customer at the threshold is flagged."""
    return {
        "churn_probability": probability,
        "churn_prediction": 1 if probability >= model.threshold else 0,
        "threshold": model.threshold,
        "horizon_days": model.horizon_days,
        "interval": {"level": INTERVAL_LEVEL, "low": interval.low, "high": interval.high},
        "confidence": confidence(interval, model.threshold),
        "evidence": evidence(int(features["Frequency"]), int(features["Recency"]), model.horizon_days),
    }


def segment(nearest: segments.Segment) -> Segment:
    """Return the segment with its recommended action."""
    return {
        "cluster": nearest.cluster,
        "segment": nearest.segment,
        "action": nearest.action,
        "offer": nearest.offer,
    }


def _explanation(
    bundle: Bundle, features: Mapping[str, Any], explained: churn.Explanation, currency: str, *, flagged: bool
) -> Explanation:
    """Return the reasons and, for a flagged customer, the counterfactual.

    base_log_odds + Σ contribution equals the log-odds of the probability.
    """
    return {
        "base_log_odds": explained.base_log_odds,
        "contributions": reasons.contributions(explained.contributions, features, bundle, currency),
        "counterfactual": one_order(bundle, features, currency) if flagged else None,
    }

"""The churn model: a linear formula in log-odds over log1p features. Pure arithmetic; knows no clock, database or log.

    log-odds = base + Σ weight · (log1p(value) − mean)

Each summand is the exact contribution of one feature, against the average customer of the training windows.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Features: TypeAlias = "Mapping[str, float]"
Confidence: TypeAlias = Literal["high", "medium", "low"]
Evidence: TypeAlias = Literal["lapsed", "single_order", "sparse", "repeat"]

INTERVAL_LEVEL: Final = 0.9
_Z: Final = 1.6448536269514722  # the standard normal's 95 % point: 90 % lie within ± this


def sigmoid(log_odds: float) -> float:
    """Return the probability of `log_odds`, without overflow at either end."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


class Term(NamedTuple):
    """One feature of the formula: its mean on the log1p scale and its weight per unit of log1p."""

    feature: str
    mean: float
    weight: float


class Interval(NamedTuple):
    """The range that covers the expected probability at INTERVAL_LEVEL, from the uncertainty of the coefficients."""

    low: float
    high: float


class ChurnModel(NamedTuple):
    """P(no order in the next `horizon_days`), for a customer described by the terms' features (each ≥ 0)."""

    base_log_odds: float
    terms: tuple[Term, ...]
    covariance: tuple[tuple[float, ...], ...]  # of (base, weights…), clustered by customer
    threshold: float
    horizon_days: int

    @property
    def features(self) -> tuple[str, ...]:
        """The features the formula needs, in its order."""
        return tuple(term.feature for term in self.terms)

    def contributions(self, features: Features) -> list[float]:
        """Return each term's share of the log-odds, in the terms' order."""
        return [
            weight * distance for (_, _, weight), distance in zip(self.terms, self._distances(features), strict=True)
        ]

    def log_odds(self, features: Features) -> float:
        """Return base + Σ contributions."""
        return self.base_log_odds + math.fsum(self.contributions(features))

    def probability(self, features: Features) -> float:
        """Return the churn probability, strictly between 0 and 1 for finite features."""
        return sigmoid(self.log_odds(features))

    def interval(self, features: Features) -> Interval:
        """Return the interval at INTERVAL_LEVEL: symmetric in log-odds, by the delta method."""
        gradient = [1.0, *self._distances(features)]
        variance = math.fsum(
            left * right * entry
            for left, row in zip(gradient, self.covariance, strict=True)
            for right, entry in zip(gradient, row, strict=True)
        )
        half_width = _Z * math.sqrt(max(variance, 0.0))
        centre = self.log_odds(features)
        return Interval(sigmoid(centre - half_width), sigmoid(centre + half_width))

    def confidence(self, interval: Interval) -> Confidence:
        """Return how the interval stands to the threshold: clear of it by its half width, clear, or across it."""
        margin = max(interval.low - self.threshold, self.threshold - interval.high)
        if margin <= 0:
            return "low"
        return "high" if margin >= (interval.high - interval.low) / 2 else "medium"

    def _distances(self, features: Features) -> list[float]:
        return [math.log1p(features[feature]) - mean for feature, mean, _ in self.terms]

    def to_json(self) -> dict[str, Any]:
        """Return the formula as it stands in `churn.json`."""
        return self._asdict() | {"terms": [term._asdict() for term in self.terms]}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ChurnModel:
        """Return the formula; TypeError, KeyError or ValueError when the content is not one."""
        model = cls(**content)
        covariance = tuple(tuple(float(entry) for entry in row) for row in model.covariance)
        terms = tuple(Term(str(t["feature"]), float(t["mean"]), float(t["weight"])) for t in content["terms"])
        if [len(row) for row in covariance] != [len(terms) + 1] * (len(terms) + 1):
            raise ValueError(f"covariance must be {len(terms) + 1} × {len(terms) + 1}")
        return model._replace(terms=terms, covariance=covariance)


class Assumption(NamedTuple):
    """The mean of one log1p feature given others: intercept + Σ weight · log1p(given)."""

    feature: str
    given: tuple[str, ...]
    intercept: float
    weights: tuple[float, ...]

    def value(self, features: Features) -> float:
        """Return the assumed value, not below 0."""
        logs = (weight * math.log1p(features[name]) for name, weight in zip(self.given, self.weights, strict=True))
        return max(0.0, math.expm1(self.intercept + math.fsum(logs)))


REQUIRED_FIGURES: Final = ("Frequency", "Monetary")
OPTIONAL_FIGURES: Final = ("Recency", "Tenure")


class FeatureOnlyModel(NamedTuple):
    """The second formula, for callers who know a customer's figures and no id: an optional one may be missing."""

    model: ChurnModel
    assumptions: tuple[Assumption, ...]

    def check_assumptions(self) -> None:
        """Raise ValueError unless every set of figures that can be asked with can be completed."""
        for count in range(len(OPTIONAL_FIGURES)):
            for known in combinations(OPTIONAL_FIGURES, count):
                self.complete(dict.fromkeys((*REQUIRED_FIGURES, *known), 1.0))

    def complete(self, features: Features) -> tuple[dict[str, float], list[str]]:
        """Return the features with what is missing filled in, and the names of what was assumed."""
        complete = dict(features)
        assumed = [feature for feature in self.model.features if feature not in features]
        for feature in assumed:
            complete[feature] = self._assumption(feature, features).value(features)
        # The first order is never after the last, and of a single order it is the same.
        if complete["Tenure"] < complete["Recency"] or complete["Frequency"] == 1:
            if "Tenure" in assumed:
                complete["Tenure"] = complete["Recency"]
            elif "Recency" in assumed:
                complete["Recency"] = complete["Tenure"]
        return complete, assumed

    def _assumption(self, feature: str, features: Features) -> Assumption:
        known = set(self.model.features) & set(features)
        for assumption in self.assumptions:
            if assumption.feature == feature and set(assumption.given) == known:
                return assumption
        raise ValueError(f"nothing to assume for {feature} given {sorted(known)}")

    def to_json(self) -> dict[str, Any]:
        """Return the formula as it stands in `churn.json`."""
        return {"model": self.model.to_json(), "assumptions": [a._asdict() for a in self.assumptions]}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> FeatureOnlyModel:
        """Return the formula; TypeError, KeyError or ValueError when the content is not one."""
        assumptions = tuple(
            Assumption(a["feature"], tuple(a["given"]), float(a["intercept"]), tuple(map(float, a["weights"])))
            for a in content["assumptions"]
        )
        return cls(ChurnModel.from_json(content["model"]), assumptions)


def evidence(frequency: int, recency_days: int, horizon_days: int) -> Evidence:
    """Return how much is known of a customer with at least one order; `lapsed` comes before the counts."""
    if recency_days > horizon_days:
        return "lapsed"
    if frequency == 1:
        return "single_order"
    return "sparse" if frequency == 2 else "repeat"  # noqa: PLR2004 - the contract's definition

"""The second formula, for callers who know a customer's figures but no id. Pure arithmetic."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, Final, NamedTuple

from retention.scoring.churn import Interval, Z, decision_from_json, sigmoid
from retention.scoring.formula import Features, Formula, finite

REQUIRED_FIGURES: Final = ("Frequency", "Monetary")
OPTIONAL_FIGURES: Final = ("Recency", "Tenure")


class Assumption(NamedTuple):
    """The conditional mean of one feature given others, in log1p: intercept + Σ weight · log1p(given)."""

    feature: str
    given: tuple[str, ...]
    intercept: float
    weights: tuple[float, ...]

    def value(self, features: Features) -> float:
        """Return the assumed value, at least 0."""
        logs = (weight * math.log1p(features[name]) for name, weight in zip(self.given, self.weights, strict=True))
        return max(0.0, math.expm1(self.intercept + math.fsum(logs)))


class FeatureOnlyModel(NamedTuple):
    """The formula, its threshold, and an assumption for every optional figure that a caller may leave out."""

    formula: Formula
    threshold: float
    horizon_days: int
    assumptions: tuple[Assumption, ...]

    def probability(self, features: Features) -> float:
        """Return the churn probability, strictly between 0 and 1 while the log-odds are within ±36."""
        return sigmoid(self.formula.log_odds(features))

    def interval(self, features: Features) -> Interval:
        """Return the interval at INTERVAL_LEVEL: symmetric in log-odds, by the delta method."""
        _, centre, variance = self.formula.evaluate(features)
        half_width = Z * math.sqrt(variance)
        return Interval(sigmoid(centre - half_width), sigmoid(centre + half_width))

    def check_assumptions(self) -> None:
        """Raise ValueError unless every combination of missing optional figures can be filled in."""
        for count in range(len(OPTIONAL_FIGURES)):
            for known in combinations(OPTIONAL_FIGURES, count):
                self.complete(dict.fromkeys((*REQUIRED_FIGURES, *known), 1.0))

    def complete(self, features: Features) -> tuple[dict[str, float], list[str]]:
        """Return the features with missing ones filled in, and the names of those that were assumed."""
        complete = dict(features)
        assumed = [feature for feature in self.formula.features if feature not in features]
        for feature in assumed:
            complete[feature] = self._assumption(feature, features).value(features)
        # The first order is never later than the last; for a single order both are the same.
        if complete["Tenure"] < complete["Recency"] or complete["Frequency"] == 1:
            if "Tenure" in assumed:
                complete["Tenure"] = complete["Recency"]
            elif "Recency" in assumed:
                complete["Recency"] = complete["Tenure"]
        return complete, assumed

    def _assumption(self, feature: str, features: Features) -> Assumption:
        known = set(self.formula.features) & set(features)
        for assumption in self.assumptions:
            if assumption.feature == feature and set(assumption.given) == known:
                return assumption
        raise ValueError(f"no assumption for {feature} given {sorted(known)}")

    def to_json(self) -> dict[str, Any]:
        """Return the model as written to `churn.json`."""
        assumptions = [assumption._asdict() for assumption in self.assumptions]
        return self._asdict() | {"formula": self.formula.to_json(), "assumptions": assumptions}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> FeatureOnlyModel:
        """Return the model; TypeError, KeyError or ValueError when the content is not one."""
        assumptions = tuple(
            Assumption(a["feature"], tuple(a["given"]), finite(a["intercept"]), tuple(map(finite, a["weights"])))
            for a in content["assumptions"]
        )
        return cls(Formula.from_json(content["formula"]), *decision_from_json(content), assumptions)

"""A linear formula in log-odds over log1p features, with its uncertainty. Pure arithmetic.

    log-odds = base + Σ weight · (log1p(value) − mean)

Each summand is the exact contribution of one feature, against the average customer of the training windows.
"""

from __future__ import annotations

import math
from operator import mul
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Features: TypeAlias = "Mapping[str, float]"


def finite(value: object) -> float:
    """Return a number that JSON held; TypeError or ValueError when it is none, or NaN or infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"not a number: {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"not a finite number: {value!r}")
    return float(value)


class Term(NamedTuple):
    """One feature of the formula: its mean on the log1p scale and its weight per unit of log1p."""

    feature: str
    mean: float
    weight: float


class Evaluated(NamedTuple):
    """What a formula makes of one customer."""

    contributions: list[float]
    log_odds: float
    variance: float


class Formula(NamedTuple):
    """Log-odds of churn for a customer described by the terms' features (each ≥ 0)."""

    base_log_odds: float
    terms: tuple[Term, ...]
    covariance: tuple[tuple[float, ...], ...]  # of (base, weights…), clustered by customer

    @property
    def features(self) -> tuple[str, ...]:
        """The features the formula needs, in its order."""
        return tuple(term.feature for term in self.terms)

    def contributions(self, features: Features) -> list[float]:
        """Return each term's share of the log-odds, in the terms' order."""
        return self._shares(self._distances(features))

    def log_odds(self, features: Features) -> float:
        """Return base + Σ contributions."""
        # In one pass, half the time of contributions(): a counterfactual asks for it twice, or more often.
        return self.base_log_odds + math.fsum(
            [weight * (math.log1p(features[feature]) - mean) for feature, mean, weight in self.terms]
        )

    def variance(self, features: Features) -> float:
        """Return the variance of the log-odds, ≥ 0, from the uncertainty of the coefficients (delta method)."""
        return self._variance(self._distances(features))

    def evaluate(self, features: Features) -> Evaluated:
        """Return contributions, log-odds and variance at once: the same as each alone, without three times the logs."""
        distances = self._distances(features)
        shares = self._shares(distances)
        return Evaluated(shares, self.base_log_odds + math.fsum(shares), self._variance(distances))

    def _shares(self, distances: list[float]) -> list[float]:
        return [weight * distance for (_, _, weight), distance in zip(self.terms, distances, strict=True)]

    def _variance(self, distances: list[float]) -> float:
        gradient = [1.0, *distances]
        along = (math.fsum(map(mul, gradient, row)) for row in self.covariance)  # without a frame for each of 81
        return max(math.fsum(map(mul, gradient, along)), 0.0)

    def _distances(self, features: Features) -> list[float]:
        return [math.log1p(features[feature]) - mean for feature, mean, _ in self.terms]

    def to_json(self) -> dict[str, Any]:
        """Return the formula as it stands in `churn.json`."""
        return self._asdict() | {"terms": [term._asdict() for term in self.terms]}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Formula:
        """Return the formula; TypeError, KeyError or ValueError when the content is not one."""
        covariance = tuple(tuple(map(finite, row)) for row in content["covariance"])
        terms = tuple(Term(str(t["feature"]), finite(t["mean"]), finite(t["weight"])) for t in content["terms"])
        if [len(row) for row in covariance] != [len(terms) + 1] * (len(terms) + 1):
            raise ValueError(f"covariance must be {len(terms) + 1} × {len(terms) + 1}")
        if any(row[i] < 0 for i, row in enumerate(covariance)):
            raise ValueError("a variance is below 0")
        return cls(finite(content["base_log_odds"]), terms, covariance)

"""The churn model: P(no order in the next days), by the formula for several orders or by what became of single ones.

    log-odds = base + Σ contribution

Pure arithmetic; knows no clock, database or log.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from retention.scoring.formula import Features, Formula, finite
from retention.scoring.single_order import BREADTH, RECENCY, SingleOrderRates

Confidence: TypeAlias = Literal["high", "medium", "low"]
Evidence: TypeAlias = Literal["lapsed", "single_order", "sparse", "repeat"]

INTERVAL_LEVEL: Final = 0.9
Z: Final = 1.6448536269514722  # the standard normal's 95 % point: 90 % lie within ± this
MONTH: Final = "month"  # of the instant the features are as of, 1…12
MONTHS: Final = 12


def sigmoid(log_odds: float) -> float:
    """Return the probability of `log_odds`, without overflow at either end."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


class Interval(NamedTuple):
    """The range that covers the expected probability at INTERVAL_LEVEL."""

    low: float
    high: float


class Explanation(NamedTuple):
    """Where a probability comes from: its log-odds are base + Σ contributions, each of one feature."""

    base_log_odds: float
    contributions: tuple[tuple[str, float], ...]


class Assessment(NamedTuple):
    """All that the model says of one customer."""

    probability: float
    interval: Interval
    explanation: Explanation


class Shift(NamedTuple):
    """By how much the log-odds of everybody differ in one month of the year, and the variance of that."""

    log_odds: float
    variance: float


NO_SEASON: Final = (Shift(0.0, 0.0),) * MONTHS


class ChurnModel(NamedTuple):
    """P(no order in the next `horizon_days`) for a customer with at least one order.

    `features` are those of `features`, each ≥ 0, and the month of the instant they are as of.
    """

    several_orders: Formula
    single_order: SingleOrderRates
    season: tuple[Shift, ...]  # January first; NO_SEASON until a whole year was seen
    threshold: float
    horizon_days: int

    @property
    def features(self) -> tuple[str, ...]:
        """The features the model needs, the formula's first."""
        formula = self.several_orders.features
        return (*formula, *(name for name in ("Frequency", RECENCY, BREADTH) if name not in formula))

    def explain(self, features: Features) -> Explanation:
        """Return the base and each feature's share of the log-odds; of a single order it is one share alone."""
        return self.assess(features).explanation

    def log_odds(self, features: Features) -> float:
        """Return the log-odds of the probability."""
        shift = self._shift(features).log_odds
        if features["Frequency"] == 1:
            return self.single_order.cell(features).log_odds + shift
        return self.several_orders.log_odds(features) + shift

    def probability(self, features: Features) -> float:
        """Return the churn probability, strictly between 0 and 1 while the log-odds are within ±36."""
        return sigmoid(self.log_odds(features))

    def interval(self, features: Features) -> Interval:
        """Return the interval at INTERVAL_LEVEL: by the delta method, or Wilson's for a single order."""
        return self.assess(features).interval

    def assess(self, features: Features) -> Assessment:
        """Return probability, interval and explanation at once: the same as each alone."""
        shift = self._shift(features)
        shares: tuple[tuple[str, float], ...]
        if features["Frequency"] == 1:
            base, cell = self.single_order.base_log_odds, self.single_order.cell(features)
            shares = ((RECENCY, cell.log_odds - base),)
            log_odds, below, above = cell.log_odds, cell.log_odds - cell.low, cell.high - cell.log_odds
        else:
            base, formula = self.several_orders.base_log_odds, self.several_orders
            contributions, log_odds, variance = formula.evaluate(features)
            shares = tuple(zip(formula.features, contributions, strict=True))
            below = above = Z * math.sqrt(variance)
        season, centre = Z * math.sqrt(shift.variance), log_odds + shift.log_odds
        interval = Interval(sigmoid(centre - math.hypot(below, season)), sigmoid(centre + math.hypot(above, season)))
        return Assessment(sigmoid(centre), interval, Explanation(base + shift.log_odds, shares))

    def _shift(self, features: Features) -> Shift:
        return self.season[int(features[MONTH]) - 1]

    def to_json(self) -> dict[str, Any]:
        """Return the model as it stands in `churn.json`."""
        return self._asdict() | {
            "several_orders": self.several_orders.to_json(),
            "single_order": self.single_order.to_json(),
            "season": [shift._asdict() for shift in self.season],
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ChurnModel:
        """Return the model; TypeError, KeyError or ValueError when the content is not one."""
        season = tuple(Shift(finite(shift["log_odds"]), finite(shift["variance"])) for shift in content["season"])
        if len(season) != MONTHS or any(shift.variance < 0 for shift in season):
            raise ValueError("season must have twelve months, and no variance below 0")
        return cls(
            Formula.from_json(content["several_orders"]),
            SingleOrderRates.from_json(content["single_order"]),
            season,
            *_decision(content),
        )


def _decision(content: dict[str, Any]) -> tuple[float, int]:
    """Return threshold and horizon; TypeError, KeyError or ValueError when they are none."""
    threshold, horizon_days = finite(content["threshold"]), content["horizon_days"]
    if not 0 < threshold < 1:
        raise ValueError(f"the threshold must lie between 0 and 1, and is {threshold}")
    if not isinstance(horizon_days, int) or horizon_days < 1:
        raise ValueError(f"horizon_days must be a whole number from 1, and is {horizon_days!r}")
    return threshold, horizon_days


def confidence(interval: Interval, threshold: float) -> Confidence:
    """Return how the interval stands to the threshold: clear of it by its half width, clear, or across it."""
    margin = max(interval.low - threshold, threshold - interval.high)
    if margin <= 0:
        return "low"
    return "high" if margin >= (interval.high - interval.low) / 2 else "medium"


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
        """Raise ValueError unless every set of figures that can be asked with can be completed."""
        for count in range(len(OPTIONAL_FIGURES)):
            for known in combinations(OPTIONAL_FIGURES, count):
                self.complete(dict.fromkeys((*REQUIRED_FIGURES, *known), 1.0))

    def complete(self, features: Features) -> tuple[dict[str, float], list[str]]:
        """Return the features with what is missing filled in, and the names of what was assumed."""
        complete = dict(features)
        assumed = [feature for feature in self.formula.features if feature not in features]
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
        known = set(self.formula.features) & set(features)
        for assumption in self.assumptions:
            if assumption.feature == feature and set(assumption.given) == known:
                return assumption
        raise ValueError(f"nothing to assume for {feature} given {sorted(known)}")

    def to_json(self) -> dict[str, Any]:
        """Return the model as it stands in `churn.json`."""
        assumptions = [assumption._asdict() for assumption in self.assumptions]
        return self._asdict() | {"formula": self.formula.to_json(), "assumptions": assumptions}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> FeatureOnlyModel:
        """Return the model; TypeError, KeyError or ValueError when the content is not one."""
        assumptions = tuple(
            Assumption(a["feature"], tuple(a["given"]), finite(a["intercept"]), tuple(map(finite, a["weights"])))
            for a in content["assumptions"]
        )
        return cls(Formula.from_json(content["formula"]), *_decision(content), assumptions)


def evidence(frequency: int, recency_days: int, horizon_days: int) -> Evidence:
    """Return how much is known of a customer with at least one order; `lapsed` comes before the counts."""
    if recency_days > horizon_days:
        return "lapsed"
    if frequency == 1:
        return "single_order"
    return "sparse" if frequency == 2 else "repeat"  # noqa: PLR2004 - the contract's definition

"""The churn model: P(no order within the horizon), from a formula for repeat customers and a table for single orders.

    log-odds = base + Σ contribution

Pure arithmetic, without clock, database or log.
"""

from __future__ import annotations

import math
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from retention.scoring.formula import Features, Formula, finite
from retention.scoring.single_order import BREADTH, RECENCY, SingleOrderRates

Confidence: TypeAlias = Literal["high", "medium", "low"]
Evidence: TypeAlias = Literal["lapsed", "single_order", "sparse", "repeat"]

INTERVAL_LEVEL: Final = 0.9
Z: Final = 1.6448536269514722  # the standard normal's 95 % point: 90 % lie within ± this
MONTH: Final = "month"  # calendar month of `as_of`, 1…12
MONTHS: Final = 12


def sigmoid(log_odds: float) -> float:
    """Return the probability of `log_odds`, without overflow at either end."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


class Interval(NamedTuple):
    """The range that covers the expected probability with confidence INTERVAL_LEVEL."""

    low: float
    high: float


class Explanation(NamedTuple):
    """The log-odds of a probability, split into a base and one contribution per feature."""

    base_log_odds: float
    contributions: tuple[tuple[str, float], ...]


class Assessment(NamedTuple):
    """The model's full result for one customer."""

    probability: float
    interval: Interval
    explanation: Explanation


class Shift(NamedTuple):
    """What one calendar month adds to every customer's log-odds, and the variance of that estimate."""

    log_odds: float
    variance: float


NO_SEASON: Final = (Shift(0.0, 0.0),) * MONTHS


class ChurnModel(NamedTuple):
    """P(no order in the next `horizon_days`) for a customer with at least one order.

    Its methods take the customer's features (each ≥ 0) and the calendar month of `as_of`.
    """

    several_orders: Formula
    single_order: SingleOrderRates
    season: tuple[Shift, ...]  # January first; NO_SEASON until the data covers a whole year
    threshold: float
    horizon_days: int

    @property
    def features(self) -> tuple[str, ...]:
        """The features the model needs, the formula's first."""
        formula = self.several_orders.features
        return (*formula, *(name for name in ("Frequency", RECENCY, BREADTH) if name not in formula))

    def explain(self, features: Features) -> Explanation:
        """Return the base and each feature's share of the log-odds; a single order has one share, for Recency."""
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
        """Return the interval at INTERVAL_LEVEL: delta method, or Wilson's interval for a single order."""
        return self.assess(features).interval

    def assess(self, features: Features) -> Assessment:
        """Return probability, interval and explanation from one evaluation."""
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
        """Return the model as written to `churn.json`."""
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
            raise ValueError("season must have twelve months, each with a variance of at least 0")
        return cls(
            Formula.from_json(content["several_orders"]),
            SingleOrderRates.from_json(content["single_order"]),
            season,
            *decision_from_json(content),
        )


def decision_from_json(content: dict[str, Any]) -> tuple[float, int]:
    """Return threshold and horizon in days; TypeError, KeyError or ValueError when either is invalid."""
    threshold, horizon_days = finite(content["threshold"]), content["horizon_days"]
    if not 0 < threshold < 1:
        raise ValueError(f"threshold must be between 0 and 1, not {threshold}")
    if not isinstance(horizon_days, int) or horizon_days < 1:
        raise ValueError(f"horizon_days must be a whole number of at least 1, not {horizon_days!r}")
    return threshold, horizon_days


def confidence(interval: Interval, threshold: float) -> Confidence:
    """Return `low` if the interval crosses the threshold, `high` if it clears it by half its width, or `medium`."""
    margin = max(interval.low - threshold, threshold - interval.high)
    if margin <= 0:
        return "low"
    return "high" if margin >= (interval.high - interval.low) / 2 else "medium"


def evidence(frequency: int, recency_days: int, horizon_days: int) -> Evidence:
    """Return how much is known about a customer with at least one order; `lapsed` takes precedence over the counts."""
    if recency_days > horizon_days:
        return "lapsed"
    if frequency == 1:
        return "single_order"
    return "sparse" if frequency == 2 else "repeat"  # noqa: PLR2004 - the contract's definition

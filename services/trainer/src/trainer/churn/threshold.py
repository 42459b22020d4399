"""From which probability on a customer is contacted: a named policy, decided on out-of-fold predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from retention.errors import BadConfigurationError

if TYPE_CHECKING:
    from trainer.evaluation.metrics import Floats, Integers

PolicyName: TypeAlias = Literal["recall", "f1", "profit"]
POLICIES: Final = ("recall", "f1", "profit")
SLACK: Final = 1e-9


@dataclass(frozen=True)
class ThresholdPolicy:
    """What the threshold is to achieve, and what contacting costs and earns; a BadConfigurationError names the option.

    Contacting one customer costs `contact_cost`; of those who would have left, `save_rate` stay and earn `margin`.
    """

    name: PolicyName = "recall"
    recall: float = 0.80  # find four of five who leave
    contact_cost: float = 1.0
    margin: float = 25.0
    save_rate: float = 0.10
    currency: str = "GBP"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; written so that NaN is refused too."""
        demands = {
            f"THRESHOLD_POLICY must be one of {', '.join(POLICIES)}, not {self.name!r}": self.name in POLICIES,
            f"THRESHOLD_RECALL must be above 0 and at most 1, not {self.recall}": 0 < self.recall <= 1,
            f"CONTACT_COST must be 0 or more, not {self.contact_cost}": 0 <= self.contact_cost < np.inf,
            f"MARGIN must be above 0, not {self.margin}": 0 < self.margin < np.inf,
            f"SAVE_RATE must be above 0 and at most 1, not {self.save_rate}": 0 < self.save_rate <= 1,
        }
        problems = [problem for problem, is_met in demands.items() if not is_met]
        if problems:
            raise BadConfigurationError("; ".join(problems) + " (see .env.example)")

    def profit(self, found: Integers, flagged: Integers) -> Floats:
        """Return what contacting `flagged` customers brings, of whom `found` would have left."""
        earned: Floats = found * self.save_rate * self.margin - flagged * self.contact_cost
        return earned

    def economics(self) -> dict[str, Any]:
        """Return what a profit is computed from, for the manifest."""
        return {name: getattr(self, name) for name in ("contact_cost", "margin", "save_rate", "currency")}

    def __str__(self) -> str:
        """Return the policy as it stands in the manifest."""
        return {
            "recall": f"recall ≥ {self.recall:.2f} out of fold",
            "f1": "highest F1 out of fold",
            "profit": f"highest profit out of fold: a contact costs {self.contact_cost:.2f} {self.currency}, "
            f"keeps {self.save_rate:.0%} of those who would leave, each worth {self.margin:.2f} {self.currency}",
        }[self.name]


class Threshold(NamedTuple):
    """The probability at or above which a customer is flagged, and the policy that chose it."""

    value: float
    policy: str


class Cuts(NamedTuple):
    """Every way to cut a ranking, fewest flagged first: one row per distinct score, all at or above it flagged."""

    scores: Floats
    found: Integers  # of the flagged, how many churned
    flagged: Integers


def cuts(churned: Integers, score: Floats) -> Cuts:
    """Return the cuts of at least one customer; equal scores are never torn apart."""
    order = np.argsort(-score, kind="stable")
    last_of_equals = np.flatnonzero(np.diff(score[order], append=np.nan) != 0)
    return Cuts(score[order][last_of_equals], np.cumsum(churned[order])[last_of_equals], last_of_equals + 1)


def choose_threshold(policy: ThresholdPolicy, churned: Integers, probability: Floats) -> Threshold:
    """Return the threshold `policy` asks for; of two as good as each other, the higher: it bothers fewer customers.

    At least one customer must have churned. When contacting pays at no threshold, the profit policy flags nobody: its
    threshold lies halfway between the highest probability and 1.
    """
    candidates = cuts(churned, probability)
    churners = candidates.found[-1]
    if policy.name == "recall":
        needed = np.ceil(policy.recall * churners - 1e-9)  # 0.55 × 100 is a little above 55
        best = np.argmax(candidates.found >= needed)
    elif policy.name == "f1":
        best = np.argmax(2 * candidates.found / (candidates.flagged + churners))
    else:
        profit = policy.profit(candidates.found, candidates.flagged)
        best = np.argmax(profit)
        if profit[best] <= 0:
            return Threshold(
                float(1 + candidates.scores[0]) / 2, f"{policy}: it pays at no threshold, nobody is flagged"
            )
    # Not on the score, which many customers may share: elsewhere its last bit can be another.
    return Threshold(float(candidates.scores[best]) - SLACK, str(policy))

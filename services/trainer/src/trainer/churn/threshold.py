"""The probability at which customers are flagged, chosen by a named policy on out-of-fold predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from retention.errors import BadConfigurationError

if TYPE_CHECKING:
    from trainer.arrays import Floats, Integers

PolicyName: TypeAlias = Literal["recall", "f1", "profit"]
POLICIES: Final = ("recall", "f1", "profit")
SLACK: Final = 1e-9


@dataclass(frozen=True)
class ThresholdPolicy:
    """The threshold's target and the economics of a contact; BadConfigurationError names a wrong option.

    One contact costs `contact_cost`; of the customers who would have left, a share `save_rate` stays, each worth
    `margin`.
    """

    name: PolicyName = "recall"
    recall: float = 0.80  # finds four of five leavers
    contact_cost: float = 1.0
    margin: float = 25.0
    save_rate: float = 0.10
    currency: str = "GBP"

    def __post_init__(self) -> None:
        """Refuse impossible values; each comparison is written to refuse NaN as well."""
        rules = {
            f"THRESHOLD_POLICY must be one of {', '.join(POLICIES)}, not {self.name!r}": self.name in POLICIES,
            f"THRESHOLD_RECALL must be above 0 and at most 1, not {self.recall}": 0 < self.recall <= 1,
            f"CONTACT_COST must be 0 or more, not {self.contact_cost}": 0 <= self.contact_cost < np.inf,
            f"MARGIN must be above 0, not {self.margin}": 0 < self.margin < np.inf,
            f"SAVE_RATE must be above 0 and at most 1, not {self.save_rate}": 0 < self.save_rate <= 1,
        }
        problems = [problem for problem, is_met in rules.items() if not is_met]
        if problems:
            raise BadConfigurationError("; ".join(problems) + " (see .env.example)")

    def profit(self, found: Integers, flagged: Integers) -> Floats:
        """Return the profit of contacting `flagged` customers, of whom `found` would have left."""
        profit: Floats = found * self.save_rate * self.margin - flagged * self.contact_cost
        return profit

    def economics(self) -> dict[str, Any]:
        """Return the assumptions behind a profit, for the manifest."""
        return {name: getattr(self, name) for name in ("contact_cost", "margin", "save_rate", "currency")}

    def __str__(self) -> str:
        """Return the policy as the manifest states it."""
        return {
            "recall": f"recall ≥ {self.recall:.2f} out of fold",
            "f1": "highest F1 out of fold",
            "profit": f"highest profit out of fold: a contact costs {self.contact_cost:.2f} {self.currency} and "
            f"keeps {self.save_rate:.0%} of those who would leave, each worth {self.margin:.2f} {self.currency}",
        }[self.name]


class Threshold(NamedTuple):
    """The probability from which customers are flagged, and the policy that chose it."""

    value: float
    policy: str


class Cuts(NamedTuple):
    """Every possible cut of a ranking, fewest flagged first: one row per distinct score, flagging it and all above."""

    scores: Floats
    found: Integers  # churners among the flagged
    flagged: Integers


def ranking_cuts(churned: Integers, score: Floats) -> Cuts:
    """Return the cuts of one or more customers; equal scores stay together."""
    order = np.argsort(-score, kind="stable")
    last_of_equals = np.flatnonzero(np.diff(score[order], append=np.nan) != 0)
    return Cuts(score[order][last_of_equals], np.cumsum(churned[order])[last_of_equals], last_of_equals + 1)


def choose_threshold(policy: ThresholdPolicy, churned: Integers, probability: Floats) -> Threshold:
    """Return the policy's threshold; of two equally good, the higher, which flags fewer customers.

    At least one customer must have churned. When no threshold is profitable, the profit policy flags nobody: its
    threshold is halfway between the highest probability and 1.
    """
    cuts = ranking_cuts(churned, probability)
    churners = cuts.found[-1]
    if policy.name == "recall":
        needed = np.ceil(policy.recall * churners - 1e-9)  # 0.55 × 100 is slightly above 55
        best = np.argmax(cuts.found >= needed)
    elif policy.name == "f1":
        best = np.argmax(2 * cuts.found / (cuts.flagged + churners))
    else:
        profit = policy.profit(cuts.found, cuts.flagged)
        best = np.argmax(profit)
        if profit[best] <= 0:
            return Threshold(float(1 + cuts.scores[0]) / 2, f"{policy}: no threshold is profitable, nobody is flagged")
    # Just below the score: many customers may share it, and its last bit can differ on another machine.
    return Threshold(float(cuts.scores[best]) - SLACK, str(policy))

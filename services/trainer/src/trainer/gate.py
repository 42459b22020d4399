"""The gate: the checks a challenger must pass before it goes live.

The model must be proven better than guessing: the low end of its ROC-AUC's 95% interval is well above 0.5. Against
everything else its point estimate must win: in a small shop no paired interval is narrow enough to prove more.
Tests switch the gate off by replacing `check_challenger`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from retention.errors import GateRefusedError
from trainer.evaluation.bootstrap import bootstrap
from trainer.evaluation.metrics import METRICS, require_probabilities, sampling_ece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.arrays import Floats, Integers
    from trainer.evaluation.bootstrap import Estimates

MIN_ROC_AUC: Final = 0.55  # for the low end: shuffled labels reach it in fewer than 1 of 100 runs of any size
MAX_CALIBRATION_ERROR: Final = 0.10  # seasons move sound models by 0.03 to 0.08; 0.10 is one whole decile
MAX_ROC_AUC_LOSS: Final = 0.002  # retraining alone moves it by 0.001, significantly between such similar models


class Check(NamedTuple):
    """One requirement, whether it is met, and a sentence with the figures."""

    name: str
    passed: bool
    reason: str


class Verdict(NamedTuple):
    """Whether the challenger may go live, and why."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)

    @property
    def reason(self) -> str:
        """The decisive reasons, for `champion.log`: those of the failed checks, or of all when none failed."""
        return "; ".join(check.reason for check in self.checks if self.passed or not check.passed)

    def require(self, version: str) -> None:
        """Raise GateRefusedError with every failed check unless all passed."""
        if not self.passed:
            raise GateRefusedError(
                f"{version} is not promoted, the champion is unchanged: {self.reason} (details: its report.html)"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the verdict for the manifest."""
        return {"passed": self.passed, "checks": [check._asdict() for check in self.checks]}


def check_challenger(
    churned: Integers,
    probability: Floats,
    *,
    feature_only: Floats,
    longest_silent_first: Floats,
    champion: Floats | str,
) -> Verdict:
    """Return the verdict on `probability`, given the outcomes of the test customers (both classes required).

    `feature_only` holds the second formula's probabilities, `champion` the champion's, or the reason it cannot be
    compared. GateRefusedError at once for values that are no probabilities.
    """
    for values in (probability, feature_only):
        require_probabilities(values)
    model = bootstrap(churned, probability, METRICS)
    rule = bootstrap(churned, longest_silent_first, ("roc_auc",))
    second = bootstrap(churned, feature_only, ("brier_skill",))
    return Verdict(
        (
            *_checks_of_model(model, rule, sampling_ece(probability)),
            _check_feature_only(second),
            _check_champion(churned, model, champion),
        )
    )


def _checks_of_model(model: Estimates, rule: Estimates, ece_by_chance: float) -> Iterator[Check]:
    figures = model.to_json()
    auc, skill, lead = figures["roc_auc"], figures["brier_skill"], model.minus(rule, "roc_auc")
    error = calibration_error(figures["ece"]["value"], ece_by_chance)
    yield Check(
        "ranking",
        auc["low"] > MIN_ROC_AUC,
        f"ROC-AUC {auc['value']:.3f}, low end {auc['low']:.3f} (must exceed {MIN_ROC_AUC}; guessing gives 0.5)",
    )
    yield Check(
        "time_rule",
        lead["value"] > 0,
        f"ROC-AUC {_signed(lead)} against the rule 'longest silent first' (must exceed 0)",
    )
    yield Check(
        "skill",
        skill["value"] > 0,
        f"Brier skill {_signed(skill)} against predicting the average for everyone (must exceed 0)",
    )
    yield Check(
        "calibration",
        error <= MAX_CALIBRATION_ERROR,
        f"calibration error beyond chance {error:.3f} (at most {MAX_CALIBRATION_ERROR})",
    )


def _check_feature_only(second: Estimates) -> Check:
    skill = second.to_json()["brier_skill"]
    return Check(
        "feature_only", skill["value"] > 0, f"Brier skill of the second formula {_signed(skill)} (must exceed 0)"
    )


def _check_champion(churned: Integers, model: Estimates, champion: Floats | str) -> Check:
    if isinstance(champion, str):
        return Check("champion", passed=True, reason=f"not compared with the champion: {champion}")
    gain = model.minus(bootstrap(churned, champion, ("roc_auc",)), "roc_auc")
    is_worse = gain["high"] < 0 and gain["value"] < -MAX_ROC_AUC_LOSS
    limit = f"a significant loss, high end below 0, may be at most {MAX_ROC_AUC_LOSS}"
    return Check("champion", not is_worse, f"ROC-AUC {_signed(gain)} against the champion ({limit})")


def calibration_error(ece: float, by_chance: float) -> float:
    """Return the ECE without the share that sampling alone explains: independent errors add in squares."""
    return float(np.sqrt(max(0.0, ece**2 - by_chance**2)))


def _signed(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:+.3f} ({estimate['low']:+.3f} to {estimate['high']:+.3f})"

"""What a challenger has to show before it may go live. To run without the gate, in a test, replace `check_challenger`.

That the model knows anything has to be proven: the low end of its ROC-AUC's 95 % interval lies clear of guessing. After
that it only has to be the better bet, by value: no paired interval is narrow enough to prove more in a small shop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from retention.errors import GateRefusedError
from trainer.evaluation.bootstrap import bootstrap
from trainer.evaluation.metrics import METRICS, sampling_ece

if TYPE_CHECKING:
    from trainer.evaluation.metrics import Floats, Integers

MIN_ROC_AUC: Final = 0.55  # for the low end: labels without meaning reach it in fewer than 1 of 100 runs of any size
MAX_CALIBRATION_ERROR: Final = 0.10  # seasons move honest models by 0.03 to 0.08; 0.10 is a whole decile's distance
MAX_LOSS: Final = 0.002  # of ROC-AUC: honest retraining moves it by 0.001, which so alike models can prove to be a loss


class Check(NamedTuple):
    """One demand, whether it is met, and a sentence with the figures."""

    name: str
    passed: bool
    reason: str


class Verdict(NamedTuple):
    """Whether the challenger may go live, and why."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Return whether every check is passed."""
        return all(check.passed for check in self.checks)

    @property
    def reason(self) -> str:
        """Return the sentences that decided, for `champion.log`: of every failed check, else of all."""
        return "; ".join(check.reason for check in self.checks if self.passed or not check.passed)

    def require(self, version: str) -> None:
        """Raise GateRefusedError, with every failed check and where to read more, unless all are passed."""
        if not self.passed:
            raise GateRefusedError(
                f"{version} is not promoted, the champion is unchanged: {self.reason} (its report.html tells more)"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as it stands in the manifest."""
        return {"passed": self.passed, "checks": [check._asdict() for check in self.checks]}


def check_challenger(
    churned: Integers,
    probability: Floats,
    *,
    feature_only: Floats,
    longest_silent_first: Floats,
    champion: Floats | str,
) -> Verdict:
    """Return the verdict on `probability`, of the customers of the test window, who all have what became of them.

    `feature_only` is what the second formula says of them, `champion` what the champion does, or why it cannot be
    compared. Both classes must be in the window. GateRefusedError at once when a probability is none at all: nothing
    can be measured of it.
    """
    for values in (probability, feature_only):
        _require_probabilities(values)
    model = bootstrap(churned, probability, METRICS)
    figures = model.to_json()
    auc, skill = figures["roc_auc"], figures["brier_skill"]
    rule = model.minus(bootstrap(churned, longest_silent_first, ("roc_auc",)), "roc_auc")
    error = calibration_error(figures["ece"]["value"], sampling_ece(probability))
    checks = [
        Check(
            "ranking",
            auc["low"] > MIN_ROC_AUC,
            f"ROC-AUC {auc['value']:.3f}, low end {auc['low']:.3f} (above {MIN_ROC_AUC}; 0.5 is guessing)",
        ),
        Check(
            "time_rule",
            rule["value"] > 0,
            f"ROC-AUC {_signed(rule)} against 'longest silent first', which needs no model (above 0)",
        ),
        Check(
            "skill",
            skill["value"] > 0,
            f"Brier skill {_signed(skill)} against telling everybody the average (above 0)",
        ),
        Check(
            "calibration",
            error <= MAX_CALIBRATION_ERROR,
            f"probabilities off by {error:.3f} beyond chance (at most {MAX_CALIBRATION_ERROR})",
        ),
    ]
    second = bootstrap(churned, feature_only, ("brier_skill",)).to_json()["brier_skill"]
    checks.append(
        Check("feature_only", second["value"] > 0, f"the second formula's Brier skill {_signed(second)} (above 0)")
    )
    if isinstance(champion, str):
        checks.append(Check("champion", passed=True, reason=f"not compared with the champion: {champion}"))
        return Verdict(tuple(checks))
    gain = model.minus(bootstrap(churned, champion, ("roc_auc",)), "roc_auc")
    is_worse = gain["high"] < 0 and gain["value"] < -MAX_LOSS
    limit = f"a loss beyond chance, high end below 0, is at most {MAX_LOSS}"
    checks.append(Check("champion", not is_worse, f"ROC-AUC {_signed(gain)} against the champion ({limit})"))
    return Verdict(tuple(checks))


def calibration_error(ece: float, by_chance: float) -> float:
    """Return the ECE without what sampling alone gives: independent errors add in squares."""
    return float(np.sqrt(max(0.0, ece**2 - by_chance**2)))


def _require_probabilities(values: Floats) -> None:
    wrong = int((~((values >= 0) & (values <= 1))).sum())  # NaN is neither
    if wrong:
        raise GateRefusedError(
            f"{wrong:,} of {len(values):,} probabilities of the test window are not between 0 and 1: not promoted, the "
            "champion is unchanged"
        )


def _signed(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:+.3f} ({estimate['low']:+.3f} to {estimate['high']:+.3f})"

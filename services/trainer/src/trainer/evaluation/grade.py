"""The grade for a shopkeeper: A, B or C, the rule that gave it, and one plain sentence."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from trainer.readiness import FULL_HISTORY_HORIZONS


class Rule(NamedTuple):
    """The requirements of a grade on the test window; the low end, so that luck in a small shop earns no grade."""

    grade: str
    min_roc_auc_low: float
    max_ece: float

    def __str__(self) -> str:
        """Return the rule as the manifest states it."""
        return f"ROC-AUC's low end at least {self.min_roc_auc_low:.2f} and ECE at most {self.max_ece:.2f}"

    def is_met(self, metrics: dict[str, Any]) -> bool:
        """Return whether a manifest's metrics meet the rule."""
        roc_auc, ece = metrics["roc_auc"]["low"], metrics["ece"]["value"]
        return bool(roc_auc >= self.min_roc_auc_low and ece <= self.max_ece)


# One year of a real shop reaches a ROC-AUC of 0.74 (low end 0.72) and an ECE of 0.04, two years 0.80 and 0.06.
RULES: Final = (Rule("A", 0.75, 0.05), Rule("B", 0.70, 0.08))
RULE_FOR_C: Final = "passed the gate"
ADVICE: Final = {
    "A": "The probabilities are reliable: use them to plan budgets.",
    "B": "The ranking is reliable; the probabilities are good estimates.",
    "C": "Use the ranking; treat the probabilities as rough.",
}


def grade(metrics: dict[str, Any], *, history_horizons: float, history_days: int) -> dict[str, Any]:
    """Return the grade of a model that passed the gate; at most C for a history under five horizons."""
    rule = next((rule for rule in RULES if rule.is_met(metrics)), None)
    earned = rule.grade if rule else "C"
    is_capped = history_horizons < FULL_HISTORY_HORIZONS and earned != "C"
    given = "C" if is_capped else earned
    capped_because = f"only {history_days:,} days of history: other seasons are untested"
    return {
        "grade": given,
        "rule": str(rule) if rule else RULE_FOR_C,
        "would_be": earned,
        "capped_because": capped_because if is_capped else None,
        "sentence": f"Given one leaver and one stayer, the model picks the leaver "
        f"{round(100 * metrics['roc_auc']['value'])} times in 100. {ADVICE[given]}"
        + (f" It would be grade {earned}, but there are {capped_because}." if is_capped else ""),
    }

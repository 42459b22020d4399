"""A grade that a shopkeeper reads: A, B or C, the rule that gave it, and one sentence of plain words."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from trainer.readiness import FULL_HISTORY_HORIZONS


class Rule(NamedTuple):
    """What a grade takes: figures of the test window; the low end, so that a small shop is not graded by luck."""

    grade: str
    min_roc_auc_low: float
    max_ece: float

    def __str__(self) -> str:
        """Return the rule as it stands in the manifest."""
        return f"ROC-AUC's low end at least {self.min_roc_auc_low:.2f} and ECE at most {self.max_ece:.2f}"

    def is_met(self, metrics: dict[str, Any]) -> bool:
        """Return whether the metrics of a manifest meet it."""
        roc_auc, ece = metrics["roc_auc"]["low"], metrics["ece"]["value"]
        return bool(roc_auc >= self.min_roc_auc_low and ece <= self.max_ece)


# One year of a real shop allows a ROC-AUC of 0.74 (low end 0.72) and an ECE of 0.04, two years 0.80 and 0.06.
RULES: Final = (Rule("A", 0.75, 0.05), Rule("B", 0.70, 0.08))
OTHERWISE: Final = "passed the gate"
MEANING: Final = {
    "A": "Rely on the probabilities: budgets can be planned with them.",
    "B": "Rely on the order of the list; take the probabilities as good estimates.",
    "C": "Use the order of the list; take the probabilities as rough.",
}


def grade(metrics: dict[str, Any], *, horizons: float) -> dict[str, Any]:
    """Return the grade of a model that passed the gate; at most C with a history of fewer than five `horizons`."""
    rule = next((rule for rule in RULES if rule.is_met(metrics)), None)
    earned = rule.grade if rule else "C"
    is_capped = horizons < FULL_HISTORY_HORIZONS and earned != "C"
    given = "C" if is_capped else earned
    capped_because = (
        f"the history is {horizons:.1f} horizons long: with fewer than {FULL_HISTORY_HORIZONS} nobody can know how the "
        "model does in another season"
    )
    return {
        "grade": given,
        "rule": str(rule) if rule else OTHERWISE,
        "would_be": earned,
        "capped_because": capped_because if is_capped else None,
        "sentence": f"Of two customers, one who leaves and one who stays, the model tells which is which "
        f"{round(100 * metrics['roc_auc']['value'])} times in 100. {MEANING[given]}"
        + (f" It would be {earned}, but {capped_because}." if is_capped else ""),
    }

"""The grade: its rules, and the cap for a short history."""

from __future__ import annotations

from typing import Any

import pytest

from trainer.evaluation.grade import grade


def metrics(low: float, ece: float) -> dict[str, Any]:
    return {"roc_auc": {"value": low + 0.02, "low": low, "high": low + 0.04}, "ece": {"value": ece}}


@pytest.mark.parametrize(
    ("low", "ece", "expected"),
    [
        (0.75, 0.05, "A"), (0.749, 0.05, "B"), (0.75, 0.051, "B"),
        (0.70, 0.08, "B"), (0.699, 0.08, "C"), (0.70, 0.081, "C"), (0.90, 0.2, "C"),
    ],
)  # fmt: skip
def test_the_grade_follows_its_rule(low: float, ece: float, expected: str) -> None:
    given = grade(metrics(low, ece), history_horizons=5.0, history_days=450)
    assert (given["grade"], given["would_be"], given["capped_because"]) == (expected, expected, None)


def test_a_history_under_five_horizons_caps_the_grade_at_c_with_the_reason() -> None:
    given = grade(metrics(0.76, 0.03), history_horizons=374 / 90, history_days=374)
    assert (given["grade"], given["would_be"]) == ("C", "A")
    assert given["capped_because"] == "only 374 days of history: other seasons are untested"
    assert "78 times in 100" in given["sentence"]
    assert "It would be grade A" in given["sentence"]
    assert given["rule"] == "ROC-AUC's low end at least 0.75 and ECE at most 0.05"


def test_an_earned_c_is_not_capped() -> None:
    assert grade(metrics(0.60, 0.03), history_horizons=4.0, history_days=360)["capped_because"] is None

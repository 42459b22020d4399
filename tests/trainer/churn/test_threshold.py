"""The threshold: each policy reaches its target with the fewest customers flagged."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from retention.errors import BadConfigurationError
from trainer.churn.threshold import SLACK, ThresholdPolicy, choose_threshold, ranking_cuts

PROBABILITY = np.random.default_rng(7).random(500).round(2)  # ties
CHURNED = (np.random.default_rng(8).random(500) < PROBABILITY).astype(int)
RECALL, F1 = ThresholdPolicy(), ThresholdPolicy("f1")
PROFIT = ThresholdPolicy("profit", contact_cost=2.0, margin=20.0, save_rate=0.2)


def profit(threshold: float) -> float:
    flagged = threshold <= PROBABILITY
    return float(CHURNED[flagged].sum() * 0.2 * 20.0 - flagged.sum() * 2.0)


@pytest.mark.parametrize("recall", [0.01, 0.5, 0.8, 1.0])
def test_the_recall_policy_takes_the_highest_threshold_that_finds_the_share(recall: float) -> None:
    threshold = choose_threshold(ThresholdPolicy(recall=recall), CHURNED, PROBABILITY).value
    churners = PROBABILITY[CHURNED == 1]
    assert (churners >= threshold).mean() >= recall
    assert (churners > threshold + SLACK).mean() < recall


def test_rounding_does_not_raise_the_required_recall() -> None:
    assert 0.55 * 100 > 55
    everybody_left = np.ones(100, dtype=int)
    threshold = choose_threshold(ThresholdPolicy(recall=0.55), everybody_left, np.linspace(0.01, 1.0, 100))
    assert threshold.value == pytest.approx(0.46)


def test_no_threshold_has_a_better_f1() -> None:
    chosen = choose_threshold(F1, CHURNED, PROBABILITY)
    best = max(f1_score(CHURNED, threshold <= PROBABILITY) for threshold in np.unique(PROBABILITY))
    assert f1_score(CHURNED, chosen.value <= PROBABILITY) == pytest.approx(best, abs=1e-12)


def test_no_threshold_has_a_higher_profit_and_it_is_cost_over_gain() -> None:
    chosen = choose_threshold(PROFIT, CHURNED, PROBABILITY)
    assert profit(chosen.value) == max(map(profit, np.unique(PROBABILITY)))
    assert chosen.value == pytest.approx(2.0 / (0.2 * 20.0), abs=0.1)  # calibrated probabilities: cost over gain


def test_without_a_profitable_threshold_nobody_is_flagged() -> None:
    dear = ThresholdPolicy("profit", contact_cost=100.0)
    probability = np.array([0.2, 0.6, 0.9])
    threshold = choose_threshold(dear, np.array([0, 1, 1]), probability)
    assert 0.9 < threshold.value < 1
    assert "nobody is flagged" in threshold.policy


@pytest.mark.parametrize("policy", [RECALL, F1, PROFIT])
def test_identical_customers_are_all_flagged(policy: ThresholdPolicy) -> None:
    assert choose_threshold(policy, np.array([1, 1, 0]), np.full(3, 0.4)).value == pytest.approx(0.4, abs=2 * SLACK)


def test_of_two_equally_good_thresholds_the_higher_is_taken() -> None:
    churned, probability = np.array([1, 0, 0, 1]), np.array([0.9, 0.8, 0.7, 0.6])  # F1 is 2/3 at the first and the last
    assert choose_threshold(F1, churned, probability).value == pytest.approx(0.9, abs=2 * SLACK)


def test_the_threshold_is_just_below_a_score() -> None:
    rate = 0.1 + 0.2
    chosen = choose_threshold(RECALL, np.array([1, 1, 0]), np.array([rate, rate, 0.1]))
    assert chosen.value < np.nextafter(rate, 0)


def test_cuts_keep_equal_scores_together() -> None:
    found = ranking_cuts(np.array([1, 0, 1, 1]), np.array([0.5, 0.9, 0.5, 0.1]))
    assert [list(column) for column in found] == [[0.9, 0.5, 0.1], [0, 2, 3], [1, 3, 4]]


@pytest.mark.parametrize(
    ("option", "wrong"),
    [
        ("THRESHOLD_POLICY", {"name": "accuracy"}),
        ("THRESHOLD_RECALL", {"recall": 0.0}),
        ("THRESHOLD_RECALL", {"recall": float("nan")}),
        ("CONTACT_COST", {"contact_cost": -1.0}),
        ("MARGIN", {"margin": 0.0}),
        ("SAVE_RATE", {"save_rate": 1.1}),
    ],
)
def test_an_impossible_policy_is_refused_with_the_name_of_its_option(option: str, wrong: dict[str, str]) -> None:
    with pytest.raises(BadConfigurationError, match=f"^{option} must be"):
        ThresholdPolicy(**wrong)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("policy", "words"), [(RECALL, "recall ≥ 0.80"), (F1, "F1"), (PROFIT, r"2.00 GBP and keeps 20%")]
)
def test_the_threshold_states_its_policy(policy: ThresholdPolicy, words: str) -> None:
    assert words in choose_threshold(policy, CHURNED, PROBABILITY).policy

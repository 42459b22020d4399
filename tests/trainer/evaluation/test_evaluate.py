"""Evaluation: metrics equal to scikit-learn's, ties included, intervals, and tables that add up."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, brier_score_loss, confusion_matrix, f1_score, roc_auc_score

from retention.features import pipelines
from trainer.churn.threshold import ThresholdPolicy
from trainer.evaluation import bootstrap as bootstrap_module
from trainer.evaluation.baselines import Baseline, fit_baselines
from trainer.evaluation.bootstrap import bootstrap
from trainer.evaluation.evaluate import at_threshold, calibration, deciles, evaluate, threshold_curve
from trainer.evaluation.metrics import METRICS, RANKING_METRICS, RankedSample, ece, sampling_ece, wilson
from trainer.windows import Examples

if TYPE_CHECKING:
    from trainer.arrays import Floats, Integers

DAY = np.datetime64("2011-06-01")
N = 1_003  # not a multiple of ten
DRAW = np.random.default_rng(1)
PROBABILITY = DRAW.random(N)
CHURNED = (DRAW.random(N) < PROBABILITY).astype(int)
SCORES = {"all different": PROBABILITY, "many ties": PROBABILITY.round(1), "all alike": np.full(N, 0.5)}
any_score = pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)


def by_scikit_learn(churned: Integers, probability: Floats) -> dict[str, float]:
    """Compute each metric the slow way; a customer drawn twice appears twice."""
    rate, brier = churned.mean(), brier_score_loss(churned, probability)
    bins = np.array_split(np.argsort(probability, kind="stable"), 10)
    top = len(churned) // 10
    cut = np.sort(probability)[-top]
    above, tied = probability > cut, probability == cut
    found = churned[above].sum() + churned[tied].mean() * (top - above.sum())
    return {
        "roc_auc": roc_auc_score(churned, probability),
        "pr_auc": average_precision_score(churned, probability),
        "lift_top_decile": found / top / rate,
        "brier": brier,
        "brier_skill": 1 - brier / brier_score_loss(churned, np.full(len(churned), rate)),
        "ece": sum(abs(churned[rows].sum() - probability[rows].sum()) for rows in bins) / len(churned),
    }


@any_score
def test_every_metric_is_scikit_learns(score: Floats) -> None:
    assert bootstrap(CHURNED, score).value == pytest.approx(by_scikit_learn(CHURNED, score), abs=1e-12)


@any_score
def test_every_resample_has_the_metrics_of_the_customers_it_drew(score: Floats) -> None:
    drawn = np.random.default_rng(2).integers(0, N, (5, N))
    counts = np.array([np.bincount(rows, minlength=N) for rows in drawn])
    found = RankedSample(CHURNED, score).metrics(counts)
    for resample, rows in enumerate(np.sort(drawn)):
        expected = by_scikit_learn(CHURNED[rows], score[rows])
        assert {name: values[resample] for name, values in found.items()} == pytest.approx(expected, abs=1e-9)


def test_the_intervals_are_the_percentiles_of_a_thousand_resamples() -> None:
    estimates = bootstrap(CHURNED, PROBABILITY)
    for name, interval in estimates.to_json().items():
        assert len(estimates.resampled[name]) == 1_000
        assert interval["low"] <= interval["value"] <= interval["high"]
    auc = estimates.to_json()["roc_auc"]
    share_inside = (
        (estimates.resampled["roc_auc"] >= auc["low"]) & (estimates.resampled["roc_auc"] <= auc["high"])
    ).mean()
    assert share_inside == pytest.approx(0.95, abs=0.002)
    # The textbook's standard error of an AUC (Hanley and McNeil) agrees within a fifth.
    area, churners, stayed = auc["value"], CHURNED.sum(), N - CHURNED.sum()
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (churners - 1) * (q1 - area**2) + (stayed - 1) * (q2 - area**2)
    assert estimates.resampled["roc_auc"].std() == pytest.approx((variance / churners / stayed) ** 0.5, rel=0.2)


def test_resamples_with_one_class_only_are_left_out() -> None:
    resampled = bootstrap(np.array([1, 0, 0]), np.array([0.9, 0.1, 0.2])).resampled["roc_auc"]
    assert 600 < len(resampled) < 760  # (2/3)³ draw no churner, (1/3)³ nobody else: 667 of 1,000 are left
    assert set(resampled) == {1.0}


def test_a_difference_is_paired() -> None:
    model, same, other = (bootstrap(CHURNED, score) for score in (PROBABILITY, PROBABILITY / 2, PROBABILITY.round(1)))
    assert set(model.minus(same, "roc_auc").values()) == {0.0}
    paired, alone = model.minus(other, "roc_auc"), model.to_json()["roc_auc"]
    assert paired["high"] - paired["low"] < (alone["high"] - alone["low"]) / 3


def test_a_score_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        bootstrap(np.array([0, 1]), np.array([0.5, np.nan]))


@pytest.mark.parametrize("customers", [3_370, 100_000])
def test_the_bootstrap_needs_little_memory_however_many_customers(
    customers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap_module, "RESAMPLES", 20)
    draw = np.random.default_rng(3)
    probability = draw.random(customers)
    churned = (draw.random(customers) < probability).astype(int)
    tracemalloc.start()
    bootstrap(churned, probability)
    peak_mb = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert peak_mb < 30


def test_the_sampling_ece_is_the_mean_ece_of_perfect_probabilities() -> None:
    draw = np.random.default_rng(4)
    drawn = [ece((draw.random(N) < PROBABILITY).astype(int), PROBABILITY) for _ in range(200)]
    assert sampling_ece(PROBABILITY) == pytest.approx(np.mean(drawn), rel=0.05)


@pytest.mark.parametrize(("found", "size"), [(0, 10), (3, 10), (10, 10), (500, 1_000)])
def test_the_wilson_interval_is_scipys(found: int, size: int) -> None:
    expected = binomtest(found, size).proportion_ci(method="wilson")
    low, high = wilson(np.array([found]), np.array([size]))
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)


@any_score
def test_the_confusion_at_the_threshold_is_scikit_learns(score: Floats) -> None:
    found = at_threshold(CHURNED, score, 0.5)
    assert [found[name] for name in ("tn", "fp", "fn", "tp")] == confusion_matrix(
        CHURNED, score >= 0.5
    ).ravel().tolist()
    assert found["flagged_share"] == (found["tp"] + found["fp"]) / N
    assert found["accuracy"] == ((score >= 0.5) == CHURNED).mean()


def test_a_threshold_that_flags_nobody_has_a_precision_of_zero() -> None:
    found = at_threshold(CHURNED, PROBABILITY, 1.1)
    assert (found["precision"], found["recall"], found["flagged_share"]) == (0, 0, 0)


@any_score
def test_the_deciles_add_up_and_ties_ignore_row_order(score: Floats) -> None:
    rows = deciles(CHURNED, score)
    assert sum(row["customers"] for row in rows) == N
    assert sum(row["customers"] * row["churn_rate"] for row in rows) == pytest.approx(CHURNED.sum())
    assert rows[0]["lift"] == pytest.approx(bootstrap(CHURNED, score).value["lift_top_decile"])
    assert rows[-1]["gain"] == rows[-1]["cumulative_lift"] == 1
    shuffled = np.random.default_rng(5).permutation(N)
    assert deciles(CHURNED[shuffled], score[shuffled]) == rows


@any_score
def test_every_point_of_the_curve_has_the_results_of_its_threshold(score: Floats) -> None:
    policy = ThresholdPolicy(contact_cost=2.0, margin=20.0, save_rate=0.2)
    curve = threshold_curve(CHURNED, score, policy)
    assert 1 <= len(curve) <= 50
    for point in curve:
        flagged = score >= point["threshold"]
        assert {name: point[name] for name in ("precision", "recall", "flagged_share")} == pytest.approx(
            {
                name: at_threshold(CHURNED, score, point["threshold"])[name]
                for name in ("precision", "recall", "flagged_share")
            }
        )
        assert point["f1"] == pytest.approx(f1_score(CHURNED, flagged))
        assert point["profit"] == pytest.approx(4 * CHURNED[flagged].sum() - 2 * flagged.sum())
    assert curve[-1]["flagged_share"] == 1


@any_score
def test_the_calibration_bins_are_those_of_the_ece(score: Floats) -> None:
    rows = calibration(CHURNED, score)
    assert [row["customers"] for row in rows] == [101] * 3 + [100] * 7
    gaps = [row["customers"] * abs(row["mean_probability"] - row["churn_rate"]) for row in rows]
    assert sum(gaps) / N == pytest.approx(ece(CHURNED, score))
    assert all(row["low"] <= row["churn_rate"] <= row["high"] for row in rows)


def examples(churned: Integers, recency: Integers, frequency: Integers) -> Examples:
    features = pd.DataFrame(1.0, index=range(len(churned)), columns=list(pipelines.FEATURES))
    features = features.assign(Recency=recency.astype(float), Frequency=frequency.astype(float))
    return Examples(features, pd.Series(churned), features.index, np.full(len(churned), DAY))


def evaluated(test: Examples, probability: Floats, **baselines: Baseline) -> dict[str, Any]:
    return evaluate(test, probability, threshold=0.5, policy=ThresholdPolicy(), baselines=baselines, horizon_days=90)


def test_each_evidence_tier_and_active_group_has_its_own_metrics() -> None:
    draw = np.random.default_rng(6)
    recency, frequency = draw.integers(1, 500, N), draw.integers(1, 5, N)
    groups = evaluated(examples(CHURNED, recency, frequency), PROBABILITY)["groups"]
    expected = {
        "lapsed": recency > 90,
        "single_order": (recency <= 90) & (frequency == 1),
        "sparse": (recency <= 90) & (frequency == 2),
        "repeat": (recency <= 90) & (frequency > 2),
        "active_90_days": recency <= 90,
        "active_365_days": recency <= 365,
    }
    assert list(groups) == list(expected)
    for name, rows in expected.items():
        assert groups[name]["customers"] == rows.sum() > 20
        expected_auc = roc_auc_score(CHURNED[rows], PROBABILITY[rows])
        assert groups[name]["metrics"]["roc_auc"]["value"] == pytest.approx(expected_auc, abs=1e-12)


def test_a_group_too_small_or_of_one_class_has_a_count_and_no_metrics() -> None:
    frequency = np.repeat([1, 2, 3], [19, 100, N - 119])
    churned = np.where(frequency == 2, 1, CHURNED)
    groups = evaluated(examples(churned, np.full(N, 5), frequency), PROBABILITY)["groups"]
    nothing = dict.fromkeys(METRICS)
    assert groups["lapsed"] == {"customers": 0, "churn_rate": None, "metrics": nothing}
    assert groups["single_order"] == {"customers": 19, "churn_rate": churned[:19].mean(), "metrics": nothing}
    assert groups["sparse"] == {"customers": 100, "churn_rate": 1.0, "metrics": nothing}
    assert groups["repeat"]["metrics"]["roc_auc"]["value"] > 0.7


def test_the_evaluation_is_json_with_the_published_metrics() -> None:
    worse = Baseline(PROBABILITY + np.random.default_rng(7).random(N), RANKING_METRICS)
    found = evaluated(examples(CHURNED, np.full(N, 5), np.full(N, 3)), PROBABILITY, worse=worse)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["economics"] == {"contact_cost": 1.0, "margin": 25.0, "save_rate": 0.1, "currency": "GBP"}
    assert set(found["metrics"]) == {"roc_auc", "pr_auc", "brier", "brier_skill", "ece", "lift_top_decile"}
    assert all(set(metric) == {"value", "low", "high"} for metric in found["metrics"].values())
    assert set(found["comparison"]["worse"]) == {"roc_auc", "pr_auc", "lift_top_decile", "roc_auc_difference"}
    assert found["comparison"]["worse"]["roc_auc_difference"]["low"] > 0


def test_the_baselines_are_fitted_on_the_training_windows_and_reproducible() -> None:
    draw = np.random.default_rng(8)
    recency, frequency = draw.integers(1, 300, N), draw.integers(1, 9, N)
    learn = examples((draw.random(N) < recency / 300).astype(int), recency, frequency)
    test = examples(CHURNED, recency, frequency)
    baselines, again = fit_baselines(learn, test), fit_baselines(learn, test)
    assert list(baselines) == ["longest_silent_first", "older_three_features", "gradient_boosting"]
    assert all((baselines[name].score == again[name].score).all() for name in baselines)
    assert baselines["longest_silent_first"].score.tolist() == recency.tolist()
    assert roc_auc_score(learn.churned, baselines["gradient_boosting"].score) > 0.75
    unseen = fit_baselines(learn, test._replace(churned=1 - test.churned))
    assert all((baselines[name].score == unseen[name].score).all() for name in baselines)

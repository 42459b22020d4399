"""The gate: what it refuses and why, what passes; shuffled labels never go live."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from online_retail import needs_online_retail
from shops import NOW, Shop

from retention.errors import GateRefusedError, NoChampionError
from retention.registry.versions import Registry
from trainer import gate, training_data
from trainer.churn import fit
from trainer.churn.threshold import ThresholdPolicy
from trainer.churn.vectorised import churn_probability
from trainer.evaluation.bootstrap import bootstrap
from trainer.evaluation.metrics import RANKING_METRICS, ece
from trainer.gate import Verdict, check_challenger
from trainer.train import train
from trainer.windows import Examples, choose_windows, examples_at, training_examples

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from trainer.arrays import Floats, Integers
    from trainer.repository import Store
    from trainer.windows import Windows

HORIZON_DAYS = 90
N = 2_000
DRAW = np.random.default_rng(11)
SIGNAL = DRAW.normal(size=N)
PROBABILITY = 1 / (1 + np.exp(-SIGNAL))
CHURNED = (DRAW.random(N) < PROBABILITY).astype(int)
NOISE = DRAW.normal(size=N)
SILENT_DAYS = np.rint(50 + 10 * (SIGNAL + 2 * DRAW.normal(size=N)))  # informative, but less than the model


def failed(
    churned: Integers,
    probability: Floats,
    *,
    feature_only: Floats | None = None,
    silent_days: Floats = SILENT_DAYS,
    champion: Floats | str = "there is none",
) -> set[str]:
    second = np.full(len(churned), churned.mean()) + 1e-6 * churned if feature_only is None else feature_only
    verdict = check_challenger(
        churned, probability, feature_only=second, longest_silent_first=silent_days, champion=champion
    )
    return {check.name for check in verdict.checks if not check.passed}


def verdict_of(probability: Floats) -> Verdict:
    return check_challenger(
        CHURNED,
        probability,
        feature_only=PROBABILITY,
        longest_silent_first=SILENT_DAYS,
        champion="there is none",
    )


def probability_of(learn: Examples, test: Examples) -> Floats:
    """Fit the churn model as a run does."""
    features, regularisation = ("Recency", "Frequency", "Monetary", "orders_90d", "decayed_orders"), 0.01
    fitted = fit.fit_churn(learn, features, regularisation, ThresholdPolicy(), HORIZON_DAYS)
    return churn_probability(fitted.by_id, test.features)


def windows_of(shop: Shop) -> tuple[Examples, Examples]:
    with shop.store() as store:
        windows = choose_windows(store.first_order_day(), store.clock(), HORIZON_DAYS)
        return training_examples(store, windows), examples_at(store, windows.test, HORIZON_DAYS)


def shuffled(examples: Examples, seed: int) -> Examples:
    labels = examples.churned.sample(frac=1, random_state=seed)
    return examples._replace(churned=labels.set_axis(examples.churned.index))


def verdict_on(test: Examples, probability: Floats) -> Verdict:
    silent_days = test.features["Recency"].to_numpy()
    return check_challenger(
        test.churned.to_numpy(),
        probability,
        feature_only=probability,
        longest_silent_first=silent_days,
        champion="there is none",
    )


def test_a_good_model_passes_with_reasons() -> None:
    verdict = verdict_of(PROBABILITY)
    assert verdict.passed
    assert "not compared with the champion: there is none" in verdict.reason
    assert "against the rule 'longest silent first'" in verdict.reason
    assert json.loads(json.dumps(verdict.to_json(), allow_nan=False))["passed"]
    verdict.require("20260102T030405Z-3f9c2ab")


@pytest.mark.parametrize(
    ("probability", "reasons"),
    [
        (np.full(N, 0.5), {"ranking", "time_rule", "skill"}),
        (1 - PROBABILITY, {"ranking", "time_rule", "skill", "calibration"}),
        (np.roll(PROBABILITY, 1), {"ranking", "time_rule", "skill", "calibration"}),
        (PROBABILITY**1.7, {"calibration"}),
        (0.5 + (PROBABILITY - 0.5) / 20, {"calibration"}),
    ],
    ids=["constant", "upside down", "of other customers", "too low", "too timid"],
)
def test_a_bad_model_is_refused_for_its_own_faults(probability: Floats, reasons: set[str]) -> None:
    assert failed(CHURNED, probability) == reasons


def test_low_probabilities_pass() -> None:
    rare = 0.025 * 2 * PROBABILITY
    churned = (np.random.default_rng(3).random(8 * N) < np.tile(rare, 8)).astype(int)
    assert failed(churned, np.tile(rare, 8), silent_days=np.tile(SILENT_DAYS, 8)) == set()


def test_a_second_formula_worse_than_the_average_is_refused() -> None:
    assert failed(CHURNED, PROBABILITY, feature_only=1 - PROBABILITY) == {"feature_only"}


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.01, 1.01])
def test_a_value_outside_0_to_1_is_refused_at_once(wrong: float) -> None:
    with pytest.raises(GateRefusedError, match="1 of 2,000 probabilities"):
        failed(CHURNED, np.where(np.arange(N) == 7, wrong, PROBABILITY))


def test_a_ranking_within_chance_is_refused() -> None:
    few, weak = slice(600, 750), 1 / (1 + np.exp(-(SIGNAL + 2 * NOISE) / 5))
    area = bootstrap(CHURNED[few], weak[few], RANKING_METRICS).to_json()["roc_auc"]
    assert area["low"] < gate.MIN_ROC_AUC < area["value"]
    assert failed(CHURNED[few], weak[few], silent_days=-SIGNAL[few]) == {"ranking"}


@pytest.mark.parametrize(("noise", "reasons"), [(0.0, {"time_rule"}), (-0.03, {"time_rule"}), (0.03, set())])
def test_a_model_no_better_than_the_time_rule_is_refused(noise: float, reasons: set[str]) -> None:
    assert failed(CHURNED, PROBABILITY, silent_days=SIGNAL + noise * NOISE) == reasons


@pytest.mark.parametrize("customers", [100, 500])
def test_shuffled_outcomes_never_pass_in_a_small_shop(customers: int) -> None:
    draw = np.random.default_rng(13)
    passed = 0
    for _ in range(40):
        rows = draw.choice(N, customers, replace=False)
        passed += not failed(draw.permutation(CHURNED[rows]), PROBABILITY[rows], silent_days=SILENT_DAYS[rows])
    assert passed == 0


def test_a_refusal_lists_the_failed_checks_and_no_others() -> None:
    verdict = verdict_of(1 - PROBABILITY)
    with pytest.raises(
        GateRefusedError, match=r"^20260102\S+ is not promoted, the champion is unchanged: ROC-AUC 0\.2"
    ) as refused:
        verdict.require("20260102T030405Z-3f9c2ab")
    assert all((check.reason in str(refused.value)) != check.passed for check in verdict.checks)


@pytest.mark.parametrize(
    ("noise", "is_worse"), [(0.0, False), (0.05, False), (0.1, True), (1.0, True)],
    ids=["the same", "within chance", "by 0.003 beyond chance", "plainly"],
)  # fmt: skip
def test_a_challenger_significantly_worse_than_the_champion_is_refused(*, noise: float, is_worse: bool) -> None:
    challenger = 1 / (1 + np.exp(-(SIGNAL + noise * NOISE) / (1 + noise**2)))
    assert failed(CHURNED, challenger) == set()
    assert failed(CHURNED, challenger, champion=PROBABILITY) == ({"champion"} if is_worse else set())
    assert failed(CHURNED, PROBABILITY, champion=challenger) == set()


def test_a_loss_within_chance_passes() -> None:
    few = slice(300, 450)
    challenger = 1 / (1 + np.exp(-(SIGNAL + 0.3 * NOISE)))
    loss = bootstrap(CHURNED[few], challenger[few]).minus(bootstrap(CHURNED[few], PROBABILITY[few]), "roc_auc")
    assert loss["value"] < -gate.MAX_ROC_AUC_LOSS < 0 < loss["high"]
    verdict = failed(CHURNED[few], challenger[few], silent_days=SILENT_DAYS[few], champion=PROBABILITY[few])
    assert verdict == set()


def test_a_calibration_error_within_chance_passes() -> None:
    few = slice(300, 450)
    assert ece(CHURNED[few], PROBABILITY[few]) > gate.MAX_CALIBRATION_ERROR
    assert failed(CHURNED[few], PROBABILITY[few], silent_days=SILENT_DAYS[few]) == set()
    assert gate.calibration_error(0.05, 0.03) == pytest.approx(0.04)
    assert gate.calibration_error(0.03, 0.05) == 0


def test_a_negligible_loss_passes() -> None:
    churned, champion = np.tile(CHURNED, 8), np.tile(PROBABILITY, 8)  # so many customers prove the least loss
    challenger = 1 / (1 + np.exp(-np.tile(SIGNAL + 0.05 * NOISE, 8)))
    loss = bootstrap(churned, challenger).minus(bootstrap(churned, champion), "roc_auc")
    assert -gate.MAX_ROC_AUC_LOSS < loss["value"] < loss["high"] < 0
    assert failed(churned, challenger, silent_days=np.tile(SILENT_DAYS, 8), champion=champion) == set()


def test_true_labels_of_the_invented_shop_pass(invented_shop: Shop) -> None:
    learn, test = windows_of(invented_shop)
    assert verdict_on(test, probability_of(learn, test)).passed


@needs_online_retail
def test_true_labels_of_the_real_shop_pass(real_shop: Shop) -> None:
    learn, test = windows_of(real_shop)
    assert verdict_on(test, probability_of(learn, test)).passed


@pytest.mark.drill
def test_shuffled_labels_are_refused_twenty_times_of_twenty(invented_shop: Shop) -> None:
    learn, test = windows_of(invented_shop)
    learn = learn.where(learn.as_of == learn.as_of.max())  # few examples overfit most
    for seed in range(20):
        probability = probability_of(shuffled(learn, seed), test)
        # A model of shuffled labels is refused on shuffled labels and on true ones.
        assert not verdict_on(shuffled(test, seed), probability).passed, seed
        assert not verdict_on(test, probability).passed, seed


def test_only_the_gate_keeps_shuffled_labels_from_going_live(
    small_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shuffled_examples_at(store: Store, as_of: datetime, horizon_days: int) -> Examples:
        return shuffled(examples_at(store, as_of, horizon_days), 0)

    def shuffled_training_examples(store: Store, windows: Windows) -> Examples:
        return shuffled(training_examples(store, windows), 0)

    monkeypatch.setattr(training_data, "examples_at", shuffled_examples_at)
    monkeypatch.setattr(training_data, "training_examples", shuffled_training_examples)
    with pytest.raises(GateRefusedError, match="not promoted"):
        train_once(small_shop, tmp_path, NOW)
    with pytest.raises(NoChampionError):
        Registry(tmp_path).champion()

    monkeypatch.setattr(gate, "check_challenger", lambda *_, **__: Verdict(()))
    version = train_once(small_shop, tmp_path, NOW + timedelta(hours=1))
    assert Registry(tmp_path).champion() == version


def train_once(shop: Shop, models_dir: Path, now: datetime) -> str:
    with shop.store() as store:
        settings = shop.settings(models_dir)
        return train(store, settings, now=now, horizon_days=HORIZON_DAYS, force=True, say=str).version

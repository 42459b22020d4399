"""Model selection: fitted on earlier cut-offs, tested on later ones, no weight of the wrong sign."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trainer.churn.model_selection import CANDIDATES, REGULARISATIONS, select_features, select_model, time_splits
from trainer.segments.predictive_gain import predictive_gain
from trainer.windows import Examples

FIRST = np.datetime64("2011-01-01")


def examples(cut_offs: int, customers: int = 400, *, seed: int = 0) -> Examples:
    """Cut-offs 15 days apart. Recency raises the risk, Frequency too (nonsense), Monetary lowers it."""
    random = np.random.default_rng(seed)
    rows = cut_offs * customers
    features = pd.DataFrame({name: random.gamma(2, 2, rows) for name in CANDIDATES})
    features["net_monetary"] = features["Monetary"]  # nobody returns anything
    recency, frequency, monetary = np.log1p(features[["Recency", "Frequency", "Monetary"]].to_numpy().T)
    log_odds = recency + 2 * frequency - 2 * monetary
    churned = pd.Series((random.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(int))
    as_of = np.repeat(FIRST + 15 * np.arange(cut_offs)[::-1], customers)
    return Examples(features, churned, pd.Index(np.tile(np.arange(customers), cut_offs).tolist()), as_of)


def test_a_feature_with_a_weight_of_the_wrong_sign_is_dropped() -> None:
    chosen = select_features(examples(2), 0.1)
    assert "Frequency" not in chosen
    assert {"Recency", "Monetary"} <= set(chosen)


def test_no_label_of_the_earlier_cut_offs_ends_after_the_later_one() -> None:
    found = examples(10)
    splits = time_splits(found, horizon_days=90)
    assert [str(found.as_of[split.later][0]) for split in splits] == [
        "2011-05-16",
        "2011-05-01",
        "2011-04-16",
        "2011-04-01",
    ][:3]
    for split in splits:
        assert found.as_of[split.earlier].max() + np.timedelta64(90, "D") <= found.as_of[split.later].min()


def test_labels_outside_the_earlier_rows_do_not_change_a_split() -> None:
    found = examples(10)
    later = time_splits(found, horizon_days=90)[-1]
    scrambled = found._replace(churned=found.churned.where(later.earlier, 1 - found.churned))
    again = time_splits(scrambled, horizon_days=90)[-1]
    assert (again.earlier == later.earlier).all()
    assert scrambled.churned[again.earlier].equals(found.churned[later.earlier])


def test_a_history_without_splits_takes_the_default() -> None:
    selection = select_model(examples(3), horizon_days=90)
    assert (selection.regularisation, selection.log_losses) == (0.01, {})


def test_noise_takes_the_strongest_regularisation() -> None:
    found = examples(10)
    noise = found._replace(churned=pd.Series(np.random.default_rng(1).integers(0, 2, len(found.churned))))
    assert select_model(noise, horizon_days=90).regularisation == REGULARISATIONS[0]


def test_a_clear_signal_takes_a_weaker_regularisation() -> None:
    selection = select_model(examples(10, customers=2_000), horizon_days=90)
    assert selection.regularisation > REGULARISATIONS[0]
    assert set(selection.log_losses) == {str(C) for C in REGULARISATIONS}


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_labels_still_leave_features(seed: int) -> None:
    found = examples(10)
    shuffled = found.churned.sample(frac=1, random_state=seed).reset_index(drop=True)
    assert select_model(found._replace(churned=shuffled), horizon_days=90).features


def test_segments_predict_what_a_dropped_feature_held() -> None:
    found = examples(10)
    selection = select_model(found, 90)
    gain = predictive_gain(found, selection, 90, 4)
    assert gain is not None
    assert gain["log_loss_gain"] > 3 * gain["standard_error"] > 0  # Frequency was left out, and clusters are made of it
    assert predictive_gain(examples(3), select_model(examples(3), 90), 90, 4) is None

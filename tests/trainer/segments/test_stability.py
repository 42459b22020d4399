"""The stability of the names over bootstrap refits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from online_retail import needs_online_retail
from segment_samples import shop

from trainer.segments.descriptions import read_descriptions
from trainer.segments.fit import fit_segments
from trainer.segments.stability import name_stability

if TYPE_CHECKING:
    import pandas as pd


@needs_online_retail
def test_nine_of_ten_customers_of_the_real_shop_keep_their_name_over_fifty_refits(real: pd.DataFrame) -> None:
    found = name_stability(real, fit_segments(real))
    assert found["refits"] == 50
    assert found["same_name"] >= 0.95  # 0.960
    assert min(found["same_name_by_segment"].values()) >= 0.93


def test_nine_of_ten_customers_of_the_invented_shop_keep_their_name(invented: pd.DataFrame) -> None:
    assert name_stability(invented, fit_segments(invented), refits=10)["same_name"] >= 0.93


def test_names_of_a_shapeless_cloud_are_unstable() -> None:
    cloud = shop(np.exp(np.random.default_rng(2).uniform(0, 5, (400, 3))))
    fitted = fit_segments(cloud, read_descriptions(9))
    found = name_stability(cloud, fitted, refits=5)
    assert found["same_name"] < 0.8
    weights = np.bincount(fitted.clusters(cloud)) / len(cloud)
    shares = np.array(list(found["same_name_by_segment"].values()))
    assert weights @ shares == pytest.approx(found["same_name"])


def test_resamples_with_too_few_distinct_customers_count_as_no_agreement() -> None:
    customers = shop([[5, 9, 900], [5, 1, 10], [90, 4, 200]] * 20 + [[300, 1, 10]])
    found = name_stability(customers, fit_segments(customers), refits=20)
    drawn = [np.random.default_rng((42, refit)).integers(0, 61, 61) for refit in range(20)]
    assert found["same_name"] == pytest.approx(np.mean([60 in rows for rows in drawn]))
    assert 0 < found["same_name"] < 1

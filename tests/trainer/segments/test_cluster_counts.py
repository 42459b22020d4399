"""The comparison of numbers of segments."""

from __future__ import annotations

import tracemalloc

import pandas as pd
import pytest
from online_retail import needs_online_retail
from segment_samples import shop

from retention.errors import NotEnoughDataError
from trainer.segments.cluster_counts import compare_cluster_counts, knee


@needs_online_retail
def test_the_table_of_the_real_shop_has_the_published_figures(real: pd.DataFrame) -> None:
    found = compare_cluster_counts(real)
    table = pd.DataFrame(found["rows"]).set_index("segments")
    assert list(table.index) == list(range(2, 10))
    # Of money before returns 0.434, 0.338, 0.337, 0.316, … and 4364, 3616, 3300, … were published.
    published = {
        "silhouette": ([0.434, 0.340, 0.338, 0.318, 0.314, 0.309, 0.302, 0.280], 2e-3),
        "davies_bouldin": ([0.891, 1.042, 1.013, 0.993, 1.020, 0.979, 0.998, 1.023], 2e-3),
        "calinski_harabasz": ([4358, 3622, 3313, 3167, 3071, 2944, 2813, 2708], 1),
    }
    for name, (expected, tolerance) in published.items():
        assert list(table[name]) == pytest.approx(expected, abs=tolerance), name
    assert found["choices"] == {"silhouette": 2, "davies_bouldin": 2, "calinski_harabasz": 2, "elbow": 5}


def test_every_criterion_finds_the_four_true_groups(usual: pd.DataFrame) -> None:
    assert set(compare_cluster_counts(usual)["choices"].values()) == {4}


def test_the_table_ends_below_the_number_of_distinct_customers() -> None:
    customers = shop([[5, 9, 900], [300, 1, 10], [90, 4, 200], [5, 1, 10]] * 9)
    assert [row["segments"] for row in compare_cluster_counts(customers)["rows"]] == [2, 3]
    with pytest.raises(NotEnoughDataError, match="at least 3"):
        compare_cluster_counts(customers[:2])


def test_the_table_of_many_customers_takes_little_memory(usual: pd.DataFrame) -> None:
    many = pd.concat([usual] * 75)  # 30,000: all their distances would be 7 GB, those of the sample 200 MB
    tracemalloc.start()
    rows = compare_cluster_counts(many)["rows"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * 2**20
    assert rows[2]["silhouette"] == pytest.approx(compare_cluster_counts(usual)["rows"][2]["silhouette"], abs=0.01)


def test_the_knee_is_where_the_curve_bends() -> None:
    assert knee([10.0, 4.0, 1.0, 0.8, 0.5]) == 2
    assert knee([0.0, 0.0, 0.0, 9.0]) == 2

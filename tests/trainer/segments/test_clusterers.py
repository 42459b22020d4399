"""The comparison of clustering methods."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from segment_samples import shop

from retention.errors import NotEnoughDataError
from trainer.segments.clusterers import compare_clusterers

if TYPE_CHECKING:
    import pandas as pd

METHODS = ["kmeans", "agglomerative", "gaussian_mixture", "dbscan", "hdbscan", "spectral"]


def without_seconds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_methods_with_a_given_number_find_the_groups_and_density_methods_nearly(usual: pd.DataFrame) -> None:
    rows = {row["method"]: row for row in compare_clusterers(usual)}
    assert list(rows) == METHODS
    assert all(row["seconds"] > 0 for row in rows.values())
    for method in ("dbscan", "hdbscan"):
        row = rows.pop(method)
        assert 0.7 < row["adjusted_rand_index"] < 1
        assert 0 < row["noise_share"] < 0.15
    assert 0.5 < rows.pop("spectral")["adjusted_rand_index"] < 1  # its graph of neighbours falls apart here
    for row in rows.values():
        assert (row["clusters"], row["noise_share"], row["adjusted_rand_index"]) == (4, 0, 1), row
        assert row["silhouette"] == rows["kmeans"]["silhouette"] > 0.7


def test_the_comparison_is_reproducible_and_uses_at_most_2000_customers(invented: pd.DataFrame) -> None:
    first, again = compare_clusterers(invented), compare_clusterers(invented)
    assert without_seconds(first) == without_seconds(again)
    noisy = next(row for row in first if row["method"] == "hdbscan")
    assert noisy["noise_share"] > 0
    assert noisy["noise_share"] * 2_000 == pytest.approx(round(noisy["noise_share"] * 2_000))


def test_customers_without_structure_give_null_figures() -> None:
    mostly_alike = shop([[5, 1, 10]] * 196 + [[6, 1, 10], [90, 4, 200], [300, 1, 10], [7, 7, 7]])
    rows = {row["method"]: row for row in compare_clusterers(mostly_alike)}
    assert rows["dbscan"]["clusters"] == 1
    assert rows["dbscan"]["silhouette"] is None
    assert json.dumps(list(rows.values()), allow_nan=False)


def test_too_few_customers_are_not_compared(usual: pd.DataFrame) -> None:
    with pytest.raises(NotEnoughDataError, match="49 customers; comparing clustering methods needs 50"):
        compare_clusterers(usual[:49])

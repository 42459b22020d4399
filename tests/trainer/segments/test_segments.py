"""The segments: found the same way every time, called what they are, and compared honestly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from online_retail import needs_online_retail
from sklearn.metrics import silhouette_score

from retention.errors import BadConfigurationError, NotEnoughDataError
from trainer.segments.cluster_counts import compare_cluster_counts, knee
from trainer.segments.cluster_quality import CRITERIA, cluster_quality
from trainer.segments.clusterers import compare_clusterers
from trainer.segments.descriptions import fingerprint, read_descriptions
from trainer.segments.fit import RFM, FittedSegments, fit_segments, naming_warnings
from trainer.segments.pca_map import segment_map
from trainer.segments.profile import profile_segments
from trainer.segments.stability import name_stability

if TYPE_CHECKING:
    from pathlib import Path

    from shops import Shop

FOUR = ["Loyal High-Value", "Churn Risk", "Occasional Buyers", "Potential Loyalists"]


def shop(rows: object) -> pd.DataFrame:
    return pd.DataFrame(np.array(rows, dtype=float), columns=list(RFM))


def crowd(*groups: tuple[int, float, float, float], seed: int = 1) -> pd.DataFrame:
    """Customers around each (how many, recency, frequency, monetary): a third more or less."""
    random = np.random.default_rng(seed)
    days_orders_money = [
        np.outer(np.ones(size), centre) * np.exp(random.normal(0, 0.3, (size, 3))) for size, *centre in groups
    ]
    rows = np.vstack(days_orders_money)
    rows[:, :2] = rows[:, :2].round()
    rows[:, 1] = np.maximum(rows[:, 1], 1)
    return shop(rows)


# One group for each of the four names, far enough apart that everyone's segment is beyond doubt.
USUAL = ((60, 8, 30, 9_000), (150, 300, 1, 150), (120, 80, 6, 1_800), (70, 9, 2, 300))


@pytest.fixture(scope="module")
def usual() -> pd.DataFrame:
    return crowd(*USUAL)


@pytest.fixture(scope="module")
def invented(invented_shop: Shop) -> pd.DataFrame:
    with invented_shop.store() as store:
        return store.customers(store.clock())


@pytest.fixture(scope="module")
def real(real_shop: Shop) -> pd.DataFrame:
    with real_shop.store() as store:
        return store.customers(store.clock())


def test_everyone_of_a_group_gets_the_name_of_what_the_group_is(usual: pd.DataFrame) -> None:
    fitted = fit_segments(usual)
    names = np.repeat(FOUR, [size for size, *_ in USUAL])
    assert [fitted.names[cluster] for cluster in fitted.clusters(usual)] == names.tolist()


def test_names_do_not_depend_on_the_order_of_the_customers(usual: pd.DataFrame) -> None:
    shuffled = usual.sample(frac=1, random_state=3)
    names = pd.Series(fit_segments(usual).clusters(usual), index=usual.index)
    assert (fit_segments(shuffled).clusters(shuffled) == names[shuffled.index]).all()


@pytest.mark.parametrize("segments", range(2, 10))
def test_as_many_segments_are_found_as_are_asked_for(invented: pd.DataFrame, segments: int) -> None:
    fitted = fit_segments(invented, read_descriptions(segments))
    assert set(fitted.clusters(invented)) == set(range(segments))
    assert [segment.segment for segment in fitted.model.segments] == fitted.names


PRINT_THE_BYTES = """
import numpy as np, pandas as pd
from retention.registry.bundle import to_bytes
from trainer.segments.fit import RFM, fit_segments
random = np.random.default_rng(7)
rows = np.exp(random.normal(3, 1, (6000, 3)))
print(to_bytes(fit_segments(pd.DataFrame(rows, columns=list(RFM))).model.to_json()).decode())
"""


def test_the_bytes_are_the_same_on_one_thread_and_on_two() -> None:
    one, two = (
        subprocess.run(
            [sys.executable, "-c", PRINT_THE_BYTES],
            env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in "12"
    )
    assert len(one) > 1_000
    assert one == two


@pytest.mark.parametrize(
    ("customers", "figures"),
    [
        (shop(np.empty((0, 3))), "0 customers, 0 of them distinct"),
        (shop([[5, 1, 10]]), "1 customers, 1 of them distinct"),
        (shop([[5, 1, 10]] * 200), "200 customers, 1 of them distinct"),
        (shop([[5, 1, 10], [6, 1, 10], [7, 1, 10]] * 60), "180 customers, 3 of them distinct"),
        (shop([[5, 1, 10], [5, 1, 10 + 1e-12], [5, 1, 1e12], [300, 1, 10]]), "4 customers, 3 of them distinct"),
    ],
)
def test_fewer_different_customers_than_segments_are_refused_with_the_figures(
    customers: pd.DataFrame, figures: str
) -> None:
    with pytest.raises(NotEnoughDataError, match=f"{figures}.* at least 4 distinct ones are needed"):
        fit_segments(customers)


def test_exactly_as_many_different_customers_as_segments_are_enough() -> None:
    customers = shop([[5, 9, 900], [300, 1, 10], [90, 4, 200], [5, 1, 10]] * 9)
    fitted = fit_segments(customers)
    assert [fitted.names[cluster] for cluster in fitted.clusters(customers)] == FOUR * 9


def test_four_segments_have_the_four_known_names_and_nine_have_nine() -> None:
    assert [description.segment for description in read_descriptions()] == FOUR
    nine = read_descriptions(9)
    assert nine[:4] == read_descriptions(4)
    assert len({(d.segment, d.action, d.offer) for d in nine}) == 9


def test_a_shop_may_write_its_own_names(usual: pd.DataFrame, tmp_path: Path) -> None:
    path = write(tmp_path, entry(), entry(segment="' Away '", like="{recency: 1, frequency: -1, monetary: -1}"))
    fitted = fit_segments(usual, read_descriptions(2, path))
    assert fitted.names == ["No", "Away"]
    assert usual.Recency[fitted.clusters(usual) == 1].mean() > usual.Recency[fitted.clusters(usual) == 0].mean()


def entry(**changes: str) -> str:
    fields = {
        "segment": "No",  # a text, not a boolean
        "like": "{recency: -1, frequency: 1, monetary: 1}",
        "action": "2024-13-45",  # a text, not an impossible date
        "offer": "An offer",
        **changes,
    }
    return "- " + "\n  ".join(f"{name}: {value}" for name, value in fields.items() if value != "-") + "\n"


def write(folder: Path, *entries: str) -> Path:
    path = folder / "own.yaml"
    path.write_text("".join(entries), encoding="utf-8")
    return path


OTHER = entry(segment="Other", like="{recency: 1, frequency: -1, monetary: -1}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (entry(offer="-"), r"entry 1 \(No\): offer is missing"),
        (entry(discount="5"), r"entry 1 \(No\): discount is unknown"),
        (entry(action="''"), r"entry 1 \(No\): action is empty"),
        (entry(offer="[10, 20]"), r"entry 1 \(No\): offer is empty or not text"),
        (entry(like="-"), r"entry 1 \(No\): like is missing"),
        (entry(like="near"), r"entry 1 \(No\): like is not a mapping"),
        (entry(like="{recency: 1, frequency: 1}"), r"entry 1 \(No\): like.monetary is missing"),
        (entry(like="{recency: 1, frequency: 1, monetary: .nan}"), "like.monetary is not a number"),
        (entry(like="{recency: .inf, frequency: 1, monetary: 1}"), "like.recency is not a number"),
        (entry(like="{recency: nan, frequency: 1, monetary: 1}"), "like.recency is not a number"),
        (entry(like="{recency: 1, frequency: true, monetary: 1}"), "like.frequency is not a number"),
        (entry(like="{recency: 1, frequency: 99, monetary: 1}"), "like.frequency is not a number from -5.0 to 5.0"),
        (OTHER + OTHER.replace("1,", "2,"), r"entry 2 \(Other\): segment repeats entry 1"),
        (entry() + entry(segment="Same place"), r"entry 2 \(Same place\): like repeats entry 1"),
        (entry() + OTHER.replace("- ", "  ", 1), "duplicate 'segment' in one entry.* line 1"),  # a forgotten dash
        (entry(), "1 entries for 2 segments"),
        ("- text\n", "entry 1: is not a mapping"),
        ("", "is not a list"),
        ("segments: 4\n", "is not a list"),
        ("- [\n", "is not valid YAML"),
        ("[" * 5_000, "is not valid YAML"),
        ("- &a [*a]\n", "is not valid YAML"),
    ],
)
def test_a_wrong_names_file_is_refused_in_one_message_naming_entry_and_field(
    tmp_path: Path, content: str, message: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(BadConfigurationError, match=f"own.yaml.*{message}") as refused:
        read_descriptions(2, path)
    assert "\n" not in str(refused.value)


def test_all_problems_of_a_names_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadConfigurationError, match=r"entry 1 \(No\): offer.*; entry 2 \(Other\): action"):
        read_descriptions(2, write(tmp_path, entry(offer="''"), OTHER.replace("2024-13-45", "''")))


def test_a_names_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(BadConfigurationError, match=f"cannot read {path}"):
            read_descriptions(2, path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\x00")
    with pytest.raises(BadConfigurationError, match="is not valid YAML"):
        read_descriptions(2, tmp_path / "binary.yaml")


@pytest.mark.parametrize("segments", [1, 10])
def test_fewer_than_two_segments_or_more_than_nine_are_refused(segments: int) -> None:
    with pytest.raises(BadConfigurationError, match="from 2 to 9"):
        read_descriptions(segments)


def test_another_number_name_or_offer_is_another_fingerprint(tmp_path: Path) -> None:
    contents = (entry() + OTHER, entry() + OTHER.replace("An offer", "Another"), entry() + OTHER.replace("-1", "-2"))
    prints = [fingerprint(read_descriptions(2, write(tmp_path, content))) for content in contents]
    prints += [fingerprint(read_descriptions(segments)) for segments in (3, 4)]
    assert len(set(prints)) == 5
    assert fingerprint(read_descriptions(2, write(tmp_path, contents[0]))) == prints[0]


def placed(fitted: FittedSegments, cluster: int, centroid: tuple[float, float, float]) -> FittedSegments:
    segments = list(fitted.model.segments)
    segments[cluster] = segments[cluster]._replace(centroid=centroid)
    return fitted._replace(model=fitted.model._replace(segments=tuple(segments)))


@pytest.mark.parametrize(
    ("centroid", "warned_of"),
    [
        ((-1.0, 1.5, 1.3), []),
        ((-2.0, 3.0, 3.0), []),  # more of what the name says
        ((-0.1, 0.6, 0.4), []),
        ((-1.0, -0.1, 1.3), ["frequency is -0.1"]),  # loyal, and orders less than the average
        ((-1.0, 0.4, 1.3), ["frequency is +0.4"]),
        ((0.2, -0.1, -0.1), ["recency is +0.2", "frequency is -0.1", "monetary is -0.1"]),
    ],
)
def test_a_centroid_that_is_not_what_its_name_says_is_noticed(
    usual: pd.DataFrame, centroid: tuple[float, float, float], warned_of: list[str]
) -> None:
    fitted = fit_segments(usual)
    assert naming_warnings(fitted) == []
    warnings = naming_warnings(placed(fitted, 0, centroid))
    assert len(warnings) == len(warned_of)
    for warning, dimension in zip(warnings, warned_of, strict=True):
        assert warning.startswith(f"Loyal High-Value: {dimension} standard deviations")


def test_occasional_buyers_who_bought_once_are_noticed() -> None:
    once = crowd((120, 60, 8, 3_000), (80, 8, 1, 300), (250, 200, 1, 900), (250, 200, 1, 90))
    assert [warning.split(" is ")[0] for warning in naming_warnings(fit_segments(once))] == [
        "Occasional Buyers: frequency"
    ]


def test_the_names_fit_the_invented_shop(invented: pd.DataFrame) -> None:
    assert naming_warnings(fit_segments(invented)) == []


@needs_online_retail
@pytest.mark.parametrize("segments", range(2, 10))
def test_the_names_fit_the_real_shop_with_any_number_of_segments(real: pd.DataFrame, segments: int) -> None:
    assert naming_warnings(fit_segments(real, read_descriptions(segments))) == []


@needs_online_retail
def test_nine_of_ten_customers_of_the_real_shop_keep_their_name_over_fifty_refits(real: pd.DataFrame) -> None:
    found = name_stability(real, fit_segments(real))
    assert found["refits"] == 50
    assert found["same_name"] >= 0.95  # 0.960
    assert min(found["same_name_by_segment"].values()) >= 0.93


def test_nine_of_ten_customers_of_the_invented_shop_keep_their_name(invented: pd.DataFrame) -> None:
    assert name_stability(invented, fit_segments(invented), refits=10)["same_name"] >= 0.93


def test_names_of_what_has_no_groups_are_seen_to_be_unstable() -> None:
    cloud = shop(np.exp(np.random.default_rng(2).uniform(0, 5, (400, 3))))
    fitted = fit_segments(cloud, read_descriptions(9))
    found = name_stability(cloud, fitted, refits=5)
    assert found["same_name"] < 0.8
    weights = np.bincount(fitted.clusters(cloud)) / len(cloud)
    shares = np.array(list(found["same_name_by_segment"].values()))
    assert weights @ shares == pytest.approx(found["same_name"])


def test_resamples_that_cannot_be_split_count_as_no_agreement() -> None:
    customers = shop([[5, 9, 900], [5, 1, 10], [90, 4, 200]] * 20 + [[300, 1, 10]])
    found = name_stability(customers, fit_segments(customers), refits=20)
    drawn = [np.random.default_rng((42, refit)).integers(0, 61, 61) for refit in range(20)]
    assert found["same_name"] == pytest.approx(np.mean([60 in rows for rows in drawn]))
    assert 0 < found["same_name"] < 1


@needs_online_retail
def test_the_table_of_the_real_shop_is_the_published_one(real: pd.DataFrame) -> None:
    found = compare_cluster_counts(real)
    table = pd.DataFrame(found["rows"]).set_index("segments")
    assert list(table.index) == list(range(2, 10))
    published = {
        "silhouette": ([0.434, 0.338, 0.337, 0.316, 0.314, 0.309, 0.302, 0.280], 2e-3),
        "davies_bouldin": ([0.892, 1.047, 1.011, 0.995, 1.022, 0.977, 0.993, 1.013], 2e-3),
        "calinski_harabasz": ([4364, 3616, 3300, 3149, 3055, 2929, 2793, 2693], 1),
    }
    for name, (expected, tolerance) in published.items():
        assert list(table[name]) == pytest.approx(expected, abs=tolerance), name
    assert found["choices"] == {"silhouette": 2, "davies_bouldin": 2, "calinski_harabasz": 2, "elbow": 5}


def test_every_criterion_finds_the_four_groups_there_are(usual: pd.DataFrame) -> None:
    assert set(compare_cluster_counts(usual)["choices"].values()) == {4}


def test_the_table_ends_below_the_number_of_different_customers() -> None:
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


@pytest.mark.parametrize("seed", range(20))
def test_the_silhouette_is_scikit_learns(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = random.integers(0, 4, (60, 3)).astype(float)  # with duplicates
    labelings = [random.integers(0, clusters, 60) for clusters in (2, 3, 8)]
    labelings.append(np.r_[0, np.ones(59, dtype=int)])  # one point alone
    for labels, found in zip(labelings, cluster_quality(points, labelings), strict=True):
        assert found["silhouette"] == pytest.approx(silhouette_score(points, labels), abs=1e-12)


def test_the_silhouette_of_more_than_5000_points_is_that_of_5000_drawn() -> None:
    random = np.random.default_rng(3)
    points, labels = random.normal(size=(5_500, 3)), random.integers(0, 3, 5_500)
    drawn = np.random.default_rng(42).choice(5_500, 5_000, replace=False)
    (found,) = cluster_quality(points, [labels])
    assert found["silhouette"] == pytest.approx(silhouette_score(points[drawn], labels[drawn]), abs=1e-12)


def test_fewer_than_two_clusters_have_no_figures() -> None:
    points = np.arange(12.0).reshape(4, 3)
    nothing = dict.fromkeys(CRITERIA)
    two = np.array([0, 0, 1, 1])
    found = cluster_quality(points, [np.zeros(4, dtype=int), two, np.arange(4)])
    assert [found[0], found[2]] == [nothing, nothing]
    assert found[1] == cluster_quality(points, [two])[0]
    assert cluster_quality(np.empty((0, 3)), [np.empty(0, dtype=int)]) == [nothing]


def test_the_knee_is_where_the_curve_bends() -> None:
    assert knee([10.0, 4.0, 1.0, 0.8, 0.5]) == 2
    assert knee([0.0, 0.0, 0.0, 9.0]) == 2


METHODS = ["kmeans", "agglomerative", "gaussian_mixture", "dbscan", "hdbscan", "spectral"]


def without_seconds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_methods_told_how_many_groups_there_are_find_them_and_density_about_the_same(usual: pd.DataFrame) -> None:
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


def test_the_comparison_is_of_at_most_2000_customers_and_always_the_same(invented: pd.DataFrame) -> None:
    first, again = compare_clusterers(invented), compare_clusterers(invented)
    assert without_seconds(first) == without_seconds(again)
    noisy = next(row for row in first if row["method"] == "hdbscan")
    assert noisy["noise_share"] > 0
    assert noisy["noise_share"] * 2_000 == pytest.approx(round(noisy["noise_share"] * 2_000))


def test_where_there_is_nothing_to_find_the_comparison_says_so_and_does_not_fail() -> None:
    mostly_alike = shop([[5, 1, 10]] * 196 + [[6, 1, 10], [90, 4, 200], [300, 1, 10], [7, 7, 7]])
    rows = {row["method"]: row for row in compare_clusterers(mostly_alike)}
    assert rows["dbscan"]["clusters"] == 1
    assert rows["dbscan"]["silhouette"] is None
    assert json.dumps(list(rows.values()), allow_nan=False)


def test_too_few_customers_are_not_compared(usual: pd.DataFrame) -> None:
    with pytest.raises(NotEnoughDataError, match="49 customers; comparing clustering methods needs 50"):
        compare_clusterers(usual[:49])


def test_the_map_keeps_what_it_says_it_keeps(usual: pd.DataFrame) -> None:
    fitted = fit_segments(usual)
    flat = segment_map(usual, fitted)
    assert flat.points.shape == (len(usual), 2)
    assert flat.points.var(axis=0) / 3 == pytest.approx(flat.explained_variance)  # three columns of variance 1
    clusters = fitted.clusters(usual)
    means = [flat.points[clusters == cluster].mean(axis=0) for cluster in range(4)]
    assert flat.centroids == pytest.approx(np.array(means), abs=1e-6)
    assert flat.loadings @ flat.loadings.T == pytest.approx(np.eye(2), abs=1e-12)
    assert list(flat.to_json()["loadings"][0]) == list(RFM)
    assert json.dumps(flat.to_json())


@pytest.mark.parametrize("seed", range(5))
def test_another_year_does_not_mirror_the_map(seed: int) -> None:
    customers = crowd(*USUAL, seed=seed)
    flat = segment_map(customers, fit_segments(customers))
    loyal, at_risk, _, _ = flat.centroids
    assert loyal[0] > 0 > at_risk[0]
    assert all(max(axis, key=abs) > 0 for axis in flat.loadings)


def test_the_summary_counts_everybody_and_all_the_money(usual: pd.DataFrame) -> None:
    rows = profile_segments(usual, fit_segments(usual))
    assert [row["segment"] for row in rows] == FOUR
    assert [row["customers"] for row in rows] == [60, 150, 120, 70]
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert sum(row["revenue_share"] for row in rows) == pytest.approx(1)
    loyal = usual[:60]
    assert rows[0] == {
        "segment": "Loyal High-Value",
        "customers": 60,
        "share": 60 / 400,
        "recency": pytest.approx(loyal.Recency.mean()),
        "frequency": pytest.approx(loyal.Frequency.mean()),
        "monetary": pytest.approx(loyal.Monetary.mean()),
        "revenue_share": pytest.approx(loyal.Monetary.sum() / usual.Monetary.sum()),
    }


def test_the_churn_rate_is_of_those_in_the_segment_at_the_test_instant(usual: pd.DataFrame) -> None:
    then = usual[60:]  # nobody was loyal yet
    churned = pd.Series(np.repeat([1, 1, 0, 1, 0], [150, 60, 60, 7, 63]), index=then.index)
    rows = profile_segments(usual, fit_segments(usual), (then, churned))
    assert [row["churn_rate"] for row in rows] == [None, pytest.approx(1.0), pytest.approx(0.5), pytest.approx(0.1)]


def test_a_segment_nobody_is_in_has_no_means(usual: pd.DataFrame) -> None:
    loyal, *_ = profile_segments(usual[60:], fit_segments(usual))
    assert (loyal["customers"], loyal["revenue_share"], loyal["recency"]) == (0, 0.0, None)

"""The real Online Retail file: every feature of every customer, and the published figures."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
import pytest
from online_retail import FILE, needs_online_retail
from shops import KEY, Shop
from sklearn.metrics import roc_auc_score

from retention.registry.bundle import Bundle, read_bundle
from retention.registry.versions import Registry
from retention.store import schema
from trainer.churn.fit import fit_churn
from trainer.churn.threshold import ThresholdPolicy
from trainer.churn.vectorised import churn_probability
from trainer.evaluation.metrics import ece
from trainer.windows import Examples, choose_windows, examples_at, training_examples

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pymongo.database import Database

pytestmark = needs_online_retail
REFITS = 20
DAY = pd.Timedelta(days=1)


@pytest.fixture
def shop_database(real_shop: Shop, database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    return database.client[real_shop.db_name]


@pytest.fixture(scope="module")
def bundle(real_models_dir: Path) -> Bundle:
    registry = Registry(real_models_dir)
    return read_bundle(registry.folder(registry.champion()), KEY)


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    frame = pd.read_parquet(FILE).dropna(subset=["CustomerID"])
    frame["cancelled"] = frame.InvoiceNo.str.startswith("C") | (frame.Quantity < 0)
    frame["value"] = frame.Quantity * frame.UnitPrice
    frame["day"] = frame.InvoiceDate.dt.normalize()
    return frame.astype({"CustomerID": int})


def purchases(lines: pd.DataFrame, before: pd.Timestamp) -> pd.DataFrame:
    return lines[~lines.cancelled & (lines.Quantity > 0) & (lines.UnitPrice > 0) & (lines.InvoiceDate < before)]


def test_all_rows_are_read_with_the_published_counts(shop_database: Database[dict[str, Any]]) -> None:
    (load,) = shop_database[schema.LOADS].find()
    assert (load["read"], load["inserted"], load["quarantined"]) == (541_909, 541_909, {})
    assert shop_database[schema.ORDERS].count_documents({"_id.kind": "order"}) == 18_532
    assert shop_database[schema.CUSTOMERS].count_documents({}) == 4_338


def test_customer_12347_is_as_the_contract_says(shop_database: Database[dict[str, Any]]) -> None:
    customer = shop_database[schema.CUSTOMERS].find_one({"_id": 12347}) or {}
    names = ("Frequency", "Monetary", "AvgOrderValue", "Recency", "Tenure")
    assert [customer[name] for name in names] == [7, 4310.00, 615.71, 2, 367]


def test_every_feature_of_every_customer_is_what_pandas_computes(
    real_shop: Shop, shop_database: Database[dict[str, Any]], lines: pd.DataFrame
) -> None:
    clock: datetime = shop_database[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})["as_of"]  # type: ignore[index]  # it is seeded
    with real_shop.store() as store:
        found = store.customers(clock)
    as_of = pd.Timestamp(clock).tz_localize(None)
    expected = by_pandas(lines, as_of)
    assert found.index.equals(expected.index)
    for name in expected.columns:
        tolerance = 0.005 + 1e-9 if expected[name].dtype == float else 0
        difference = (found[name] - expected[name]).abs()
        assert difference.max() <= tolerance, (name, difference.idxmax(), difference.max())


def by_pandas(lines: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Compute the features from the lines, sharing no code with the pipelines."""
    bought = purchases(lines, as_of)
    customers = bought.groupby("CustomerID")
    orders = bought.groupby(["CustomerID", "InvoiceNo", "day"]).InvoiceDate.max().reset_index()
    by_customer = orders.groupby("CustomerID")
    returned = lines[lines.cancelled & (lines.InvoiceDate < as_of)]
    age_days = (as_of - orders.InvoiceDate) / DAY
    frame = pd.DataFrame(
        {
            "Frequency": by_customer.size(),
            "Monetary": customers.value.sum(),
            "Recency": (as_of - customers.InvoiceDate.max()) // DAY,
            "Tenure": (as_of - customers.InvoiceDate.min()) // DAY,
            "distinct_products": customers.StockCode.nunique(),
            "orders_90d": (orders.InvoiceDate >= as_of - 90 * DAY).groupby(orders.CustomerID).sum(),
            "decayed_orders": np.exp(-age_days / 60).groupby(orders.CustomerID).sum(),
            "active_months": orders.day.dt.to_period("M").groupby(orders.CustomerID).nunique(),
        }
    )
    value_returned = returned.value.abs().groupby(returned.CustomerID).sum().reindex(frame.index).fillna(0.0)
    invoices = returned.drop_duplicates(["CustomerID", "InvoiceNo", "day"]).groupby("CustomerID").size()
    return frame.assign(
        AvgOrderValue=frame.Monetary / frame.Frequency,
        net_monetary=frame.Monetary - value_returned,
        returns=invoices.reindex(frame.index).fillna(0).astype(int),
        returns_share=value_returned / frame.Monetary,
        month=as_of.month,
        recency_to_gap=frame.Recency * frame.Frequency / (frame.Tenure - frame.Recency + 30),
    )


def test_returns_are_matched_to_earlier_purchases_as_pandas_matches_them(
    shop_database: Database[dict[str, Any]], lines: pd.DataFrame
) -> None:
    product = ["CustomerID", "StockCode"]
    first_bought = purchases(lines, lines.day.max() + DAY).groupby(product).day.min().rename("first_bought")
    returned = lines[lines.cancelled].join(first_bought, on=product)
    returned["matched"] = returned.first_bought <= returned.day
    by_customer = returned.assign(
        unmatched_returns=~returned.matched, matched_returned=returned.value.abs() * returned.matched
    ).groupby("CustomerID")
    expected = by_customer[["unmatched_returns", "matched_returned"]].sum()
    found = pd.DataFrame(shop_database[schema.CUSTOMERS].find()).set_index("_id").sort_index()
    expected = expected.reindex(found.index).fillna(0)
    assert (found.unmatched_returns == expected.unmatched_returns).all()
    assert (found.matched_returned - expected.matched_returned).abs().max() <= 0.005 + 1e-9
    assert (returned.matched.sum(), len(returned)) == (7_699, 8_905)


def test_the_holdout_metrics_are_good_and_calibrated(bundle: Bundle) -> None:
    metrics = bundle.manifest["metrics"]
    assert metrics["roc_auc"]["value"] >= 0.74
    assert metrics["pr_auc"]["value"] >= 0.63
    assert metrics["ece"]["value"] <= 0.04
    assert metrics["lift_top_decile"]["value"] >= 1.58
    assert all(metric["low"] <= metric["value"] < metric["high"] for metric in metrics.values())
    for baseline in ("older_three_features", "longest_silent_first"):
        assert bundle.manifest["comparison"][baseline]["roc_auc_difference"]["low"] > 0, baseline


def test_the_figures_can_be_reproduced_from_the_published_formula_and_the_file(
    bundle: Bundle, lines: pd.DataFrame
) -> None:
    test_as_of = pd.Timestamp(bundle.manifest["windows"]["test_as_of"]).tz_localize(None)
    features = by_pandas(lines, test_as_of)
    later = purchases(lines, test_as_of + 90 * DAY)
    churned = (~features.index.isin(later[later.InvoiceDate >= test_as_of].CustomerID)).astype(int)
    rows: list[dict[Any, Any]] = features.to_dict("records")
    scores = np.array([bundle.churn.probability(row) for row in rows])
    metrics = bundle.manifest["metrics"]
    assert roc_auc_score(churned, scores) == pytest.approx(metrics["roc_auc"]["value"], abs=2e-4)
    assert ece(churned, scores) == pytest.approx(metrics["ece"]["value"], abs=2e-3)


def test_the_formula_is_the_pipeline_for_every_test_customer(
    bundle: Bundle, real_models_dir: Path, real_shop: Shop
) -> None:
    pipeline = joblib.load(Registry(real_models_dir).folder(bundle.version) / "churn.joblib")
    with real_shop.store() as store:
        test = examples_at(store, store.clock() - timedelta(days=90), 90)
    several = test.features[test.features.Frequency > 1]
    expected = pipeline.predict_proba(several[list(bundle.churn.several_orders.features)].to_numpy())[:, 1]
    rows: list[dict[Any, Any]] = several.to_dict("records")
    assert (len(test.features), len(rows)) == (3_370, 2_008)
    assert max(abs(bundle.churn.probability(row) - p) for row, p in zip(rows, expected, strict=True)) <= 1e-12


def test_the_segments_are_the_known_ones(bundle: Bundle, real_shop: Shop) -> None:
    with real_shop.store() as store:
        customers = store.customers(store.clock())
    rfm = ["Recency", "Frequency", "net_monetary"]
    customers["segment"] = [bundle.segments.segment(*row).segment for row in customers[rfm].to_numpy()]
    means = customers.groupby("segment")[rfm].mean()
    published = {
        "Loyal High-Value": (11.5, 13.7, 8086),
        "Potential Loyalists": (17.3, 2.1, 548),
        "Occasional Buyers": (70.4, 4.1, 1801),
        "Churn Risk": (180.8, 1.3, 342),
    }
    for segment, expected in published.items():
        assert list(means.loc[segment]) == pytest.approx(expected, rel=0.15), segment


@pytest.mark.drill
def test_ninety_percent_intervals_cover_refits_on_resampled_customers(bundle: Bundle, real_shop: Shop) -> None:
    with real_shop.store() as store:
        clock = store.clock()
        windows = choose_windows(store.first_order_day(), clock, 90)
        learn, test = training_examples(store, windows), examples_at(store, windows.test, 90)
    rows: list[dict[Any, Any]] = test.features.to_dict("records")
    low, high = np.array([bundle.churn.interval(row) for row in rows]).T
    random, held = np.random.default_rng(1), []
    for _ in range(REFITS):
        drawn = resampled(learn, random)
        formula = bundle.churn.several_orders.features
        refit = fit_churn(drawn, formula, bundle.manifest["choice"]["regularisation"], ThresholdPolicy(), 90)
        probability = churn_probability(refit.by_id, test.features)
        held.append((low <= probability) & (probability <= high))
    single = (test.features.Frequency == 1).to_numpy()
    assert 0.85 <= np.mean(held) <= 0.95
    for rows_of_one_kind in (single, ~single):
        assert 0.85 <= np.mean([one[rows_of_one_kind] for one in held]) <= 0.95


def resampled(examples: Examples, random: np.random.Generator) -> Examples:
    """Draw customers with replacement, each with all of its cut-offs; one drawn twice becomes two customers."""
    rows_of = list(examples.features.groupby(level=0).indices.values())
    drawn = random.integers(0, len(rows_of), len(rows_of))
    rows = np.concatenate([rows_of[customer] for customer in drawn])
    customer_ids = pd.Index(np.repeat(np.arange(len(drawn)), [len(rows_of[customer]) for customer in drawn]).tolist())
    return Examples(examples.features.iloc[rows], examples.churned.iloc[rows], customer_ids, examples.as_of[rows])

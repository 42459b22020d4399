"""Training: correct figures, a formula equal to scikit-learn's, and a champion that is never lost."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import joblib
import pytest
from shops import KEY, NOW, Shop
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from retention.errors import GateRefusedError, LockedError, NoChampionError, NotEnoughDataError
from retention.registry.bundle import Bundle, read_bundle
from retention.registry.versions import KEPT, Registry
from retention.scoring.churn import sigmoid
from trainer import gate
from trainer.churn.model_selection import CANDIDATES
from trainer.churn.vectorised import churn_probability
from trainer.gate import Check, Verdict
from trainer.repository import Store, open_store
from trainer.train import Trained, train
from trainer.windows import choose_windows, examples_at, training_examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database


CLOCK = datetime(2011, 12, 10, tzinfo=UTC)


def figures(row: dict[Any, Any]) -> dict[str, float]:
    """Type a pandas record: its keys are column names."""
    return row


def run(
    store: Store, shop: Shop, models_dir: Path, *, now: datetime = NOW, horizon_days: int = 90, force: bool = False
) -> Trained:
    return train(store, shop.settings(models_dir), now=now, horizon_days=horizon_days, force=force, say=str)


@pytest.fixture
def store(invented_shop: Shop) -> Iterator[Store]:
    with invented_shop.store() as opened:
        yield opened


@pytest.fixture(scope="module")
def models_dir(invented_models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy: Path = shutil.copytree(invented_models_dir, tmp_path_factory.mktemp("copied") / "models", symlinks=True)
    return copy


@pytest.fixture(scope="module")
def trained(models_dir: Path) -> Bundle:
    registry = Registry(models_dir)
    return read_bundle(registry.folder(registry.champion()), KEY)


def test_the_invented_shop_is_neither_trivial_nor_unpredictable(trained: Bundle) -> None:
    assert 0.70 <= trained.manifest["metrics"]["roc_auc"]["value"] <= 0.80


def test_every_segment_has_customers(trained: Bundle, store: Store) -> None:
    customers = store.customers(store.clock())
    rfm = customers[["Recency", "Frequency", "net_monetary"]].to_numpy().clip(min=0)
    names = [trained.segments.segment(*row).segment for row in rfm]
    shares = {name: names.count(name) / len(names) for name in set(names)}
    assert len(shares) == 4
    assert min(shares.values()) > 0.02


def test_the_published_formula_is_the_published_pipeline(trained: Bundle, store: Store, models_dir: Path) -> None:
    folder = models_dir / "versions" / trained.version
    churn, segments = joblib.load(folder / "churn.joblib"), joblib.load(folder / "segments.joblib")
    test = examples_at(store, store.clock() - timedelta(days=90), 90)
    several = trained.churn.several_orders
    expected = churn.predict_proba(test.features[list(several.features)].to_numpy())[:, 1]
    clusters = segments.predict(test.features[["Recency", "Frequency", "net_monetary"]].to_numpy().clip(min=0))
    for row, (features, probability, cluster) in enumerate(
        zip(test.features.to_dict("records"), expected, clusters, strict=True)
    ):
        assert abs(sigmoid(several.log_odds(figures(features))) - probability) <= 1e-12, row
        found = trained.segments.of(figures(features))
        assert found.cluster == cluster, row


def test_the_figures_in_the_manifest_come_from_the_published_bundle(trained: Bundle, store: Store) -> None:
    test = examples_at(store, store.clock() - timedelta(days=90), 90)
    scores = [trained.churn.probability(figures(features)) for features in test.features.to_dict("records")]
    metric = trained.manifest["metrics"]["roc_auc"]
    assert roc_auc_score(test.churned, scores) == pytest.approx(metric["value"], abs=1e-9)
    assert metric["low"] < metric["value"] < metric["high"]


def test_no_training_label_reaches_into_the_test_window(trained: Bundle) -> None:
    windows = trained.manifest["windows"]
    assert windows["test_as_of"] == "2011-09-11T00:00:00Z"
    assert max(windows["training_as_of"]) == "2011-06-13T00:00:00Z"  # 90 days before


def test_later_orders_do_not_change_earlier_examples(invented_shop: Shop, database: Database[dict[str, Any]]) -> None:
    source = database.client[invented_shop.db_name]
    cut = source["clock"].find_one()["as_of"] - timedelta(days=90)  # type: ignore[index]  # it is seeded
    database["orders"].insert_many(source["orders"].find({"_id.day": {"$lt": cut}}))
    with open_store(invented_shop.mongo_uri, invented_shop.db_name, wait_s=5) as store:
        for days in (90, 150):
            as_of = cut - timedelta(days=days)
            past, all_of_it = examples_at(Store(database), as_of, 90), examples_at(store, as_of, 90)
            assert past.features.equals(all_of_it.features)
            assert past.churned.equals(all_of_it.churned)


def test_equal_data_gives_equal_bytes(
    trained: Bundle, store: Store, invented_shop: Shop, models_dir: Path, tmp_path: Path
) -> None:
    with threadpool_limits(1):
        again = run(store, invented_shop, tmp_path)
    for name in ("churn.json", "segments.json", "reference.json"):
        first = (models_dir / "versions" / trained.version / name).read_bytes()
        assert (tmp_path / "versions" / again.version / name).read_bytes() == first, name


def test_a_second_run_on_the_same_data_does_nothing_unless_forced(
    trained: Bundle, store: Store, invented_shop: Shop, models_dir: Path
) -> None:
    later = NOW + timedelta(hours=1)
    assert run(store, invented_shop, models_dir, now=later) == Trained(trained.version, trained.manifest, fresh=False)
    assert run(store, invented_shop, models_dir, now=later, force=True).fresh


def test_a_second_trainer_is_refused_while_the_first_runs(store: Store, invented_shop: Shop, tmp_path: Path) -> None:
    with Registry(tmp_path).training_lock(), pytest.raises(LockedError):
        run(store, invented_shop, tmp_path)


@pytest.mark.parametrize("horizon_days", [130, 365])
def test_too_short_a_history_is_refused_with_the_figures(
    store: Store, invented_shop: Shop, tmp_path: Path, horizon_days: int
) -> None:
    with pytest.raises(NotEnoughDataError, match=f"{3 * horizon_days} are needed"):
        run(store, invented_shop, tmp_path, horizon_days=horizon_days)
    with pytest.raises(NoChampionError):
        Registry(tmp_path).champion()


def orders(customers: int, every_days: int) -> list[dict[str, Any]]:
    """Customers who all order on the same days of the year before CLOCK."""
    days = [CLOCK - timedelta(days=1 + back) for back in range(0, 366, every_days)]
    return [
        {
            "_id": {"customer_id": customer, "invoice": f"{customer}-{day:%j}", "day": day, "kind": "order"},
            "first_at": day,
            "last_at": day,
            "value": 10.0,
            "products": ["a"],
        }
        for customer in range(1, customers + 1)
        for day in days
    ]


@pytest.mark.parametrize(
    ("customers", "every_days"),
    [(1, 30), (3, 30), (49, 30), (200, 30), (200, 181)],
    ids=["1 customer", "3 customers", "49 customers", "nobody leaves", "everybody leaves"],
)
def test_insufficient_data_is_refused_and_the_champion_unchanged(
    database: Database[dict[str, Any]],
    invented_shop: Shop,
    trained: Bundle,
    models_dir: Path,
    customers: int,
    every_days: int,
) -> None:
    database["clock"].insert_one({"_id": "data", "as_of": CLOCK})
    database["orders"].insert_many(orders(customers, every_days))
    before, champion = Registry(models_dir).versions(), Registry(models_dir).champion()
    with pytest.raises(NotEnoughDataError, match="needed"):
        run(Store(database), invented_shop, models_dir, now=NOW + timedelta(days=1))
    assert Registry(models_dir).champion() == champion
    assert Registry(models_dir).versions() == before
    assert trained.version in before


@pytest.mark.parametrize("clock", [None, NOW])
def test_an_empty_database_is_refused_with_the_next_step(
    database: Database[dict[str, Any]], invented_shop: Shop, tmp_path: Path, clock: datetime | None
) -> None:
    if clock:
        database["clock"].insert_one({"_id": "data", "as_of": clock})
    with pytest.raises(NotEnoughDataError, match=r"no (data|orders)"):
        run(Store(database), invented_shop, tmp_path)


def test_no_weight_has_the_wrong_sign(trained: Bundle) -> None:
    terms = trained.churn.several_orders.terms
    assert not [term for term in terms if CANDIDATES[term.feature] * term.weight < 0]
    assert 6 <= len(terms) < len(CANDIDATES)  # some were dropped, so the test can fail


def test_the_threshold_reaches_the_recall_of_its_policy(trained: Bundle, store: Store) -> None:
    windows = choose_windows(store.first_order_day(), store.clock(), 90)
    learn = training_examples(store, windows)
    probability = churn_probability(trained.churn, learn.features)
    found = probability[learn.churned.to_numpy() == 1] >= trained.churn.threshold
    assert found.mean() == pytest.approx(0.80, abs=0.01)  # chosen out of fold, so not exactly


def test_a_version_refused_by_the_gate_is_published_but_not_promoted(
    store: Store, invented_shop: Shop, models_dir: Path, trained: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = Verdict((Check("ranking", passed=False, reason="ROC-AUC 0.500"),))
    monkeypatch.setattr(gate, "check_challenger", lambda *_, **__: refused)
    later = NOW + timedelta(hours=2)
    registry = Registry(models_dir)
    assert registry.champion() >= trained.version
    before = registry.champion()
    for day in range(KEPT):
        with registry.training_lock():
            registry.publish(f"2025010{day + 1}T000000Z-3f9c2ab", lambda folder: (folder / "empty").touch())
    with pytest.raises(GateRefusedError, match=r"20260102T050405Z-3f9c2ab is not promoted.*ROC-AUC 0\.500"):
        run(store, invented_shop, models_dir, now=later, force=True)
    assert registry.champion() == before
    assert len(registry.versions()) == KEPT
    bundle = read_bundle(registry.folder("20260102T050405Z-3f9c2ab"), KEY)
    assert bundle.manifest["gate"]["passed"] is False
    assert bundle.manifest["grade"] is None
    assert b"ROC-AUC 0.500" in (registry.folder(bundle.version) / "report.html").read_bytes()

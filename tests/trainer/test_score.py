"""The command that scores everybody: by the champion, as Python would, one scorer at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from bundles import KEY, small_bundle, small_model
from guarded import guarded_server
from online_retail import needs_online_retail
from scored_shop import NOON, BusyScores, assert_scored, fill, insert, order

from retention.errors import BadDataError, LockedError, NoChampionError, NotEnoughDataError, RetentionError
from retention.features import pipelines
from retention.registry.bundle import Bundle, read_bundle
from retention.registry.files import locked
from retention.registry.versions import Registry
from retention.scoring.formula import Term
from retention.store import derivation, schema
from trainer import score
from trainer.repository import Store, open_store
from trainer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymongo.database import Database
    from shops import Shop

    Db = Database[dict[str, Any]]

FIRST, SECOND = "20260101T000000Z-0000000", "20260102T000000Z-0000000"
CUSTOMERS = 300


@pytest.fixture
def shop(database: Db) -> Db:
    """An invented shop of three hundred customers, derived as the loader derives them."""
    return fill(database, customers=CUSTOMERS, lines=700)


@pytest.fixture
def config(mongo_uri: str, database_name: str, tmp_path: Path) -> Settings:
    """Settings for the shop, with a champion."""
    key_file = tmp_path / "key"
    key_file.write_bytes(KEY)
    publish(tmp_path / "models", FIRST)
    return Settings(mongo_uri, database_name, 5, tmp_path / "models", key_file, "unknown")


def publish(models_dir: Path, version: str, *, base_log_odds: float = -0.3) -> Bundle:
    """Publish a version, make it the champion and return it."""
    registry = Registry(models_dir)
    small_bundle(registry.folder(version), base_log_odds=base_log_odds)
    registry.promote(version, at=NOON, reason="a test")
    return read_bundle(registry.folder(version), KEY)


@pytest.fixture
def bundle(config: Settings) -> Bundle:
    return read_bundle(config.models_dir / "versions" / FIRST, KEY)


def busy_store(database: Db, *events: Callable[[], object]) -> Store:
    """A store whose scores are busy."""
    store = Store(database)
    store.scores = BusyScores(database, *events)
    return store


@pytest.mark.parametrize("name", ["invented_shop", pytest.param("real_shop", marks=needs_online_retail)])
def test_every_customer_of_a_shop_has_the_score_python_gives(
    name: str, bundle: Bundle, request: pytest.FixtureRequest
) -> None:
    seeded: Shop = request.getfixturevalue(name)
    names = [feature for feature in pipelines.FEATURES if feature != "net_monetary"]  # that may be negative
    terms = tuple(Term(name, "log1p", 1.0 + i / 7, (-1) ** i / (3 + i)) for i, name in enumerate(names))
    places = ((-1.0, 1.2, 1.1), (-0.9, -0.5, -0.4), (0.3, 0.1, 0.2), (0.9, -0.8, -0.9))
    segments = (each._replace(centroid=at) for each, at in zip(bundle.segments.segments, places, strict=True))
    wide = bundle._replace(
        churn=small_model()._replace(several_orders=replace(bundle.churn.several_orders, terms=terms)),
        segments=bundle.segments._replace(segments=tuple(segments)),
    )
    with pymongo.MongoClient[dict[str, Any]](seeded.mongo_uri, tz_aware=True) as client, seeded.store() as store:
        database = client[seeded.db_name]
        scored = score.score_all(store.scores, wide)
        try:
            assert scored.customers == sum(scored.by_segment.values()) > 3_000
            assert len(scored.by_segment) == 4
            assert_scored(database, wide, 1e-9)
        finally:
            database[schema.SCORES].drop()


def test_the_command_scores_by_the_champion_and_says_how_many(shop: Db, bundle: Bundle, config: Settings) -> None:
    with open_store(config.mongo_uri, config.db_name, wait_s=5) as store:
        scored = score.score_champion(store, config)
    assert_scored(shop, bundle)
    assert (scored.version, scored.customers, scored.again, scored.forgotten) == (FIRST, CUSTOMERS, 0, 0)
    assert next(iter(scored.lines())).startswith(f"scored       300 customers by {FIRST} in ")
    assert schema.NEXT_SCORES not in shop.list_collection_names()


def test_by_a_champion_that_moved_meanwhile_everybody_is_scored_again(shop: Db, config: Settings) -> None:
    registry = Registry(config.models_dir)

    def move_once() -> None:
        if registry.champion() == FIRST:
            publish(config.models_dir, SECOND, base_log_odds=1.5)

    busy = busy_store(shop, move_once)
    assert score.score_champion(busy, config).version == SECOND
    assert_scored(shop, read_bundle(config.models_dir / "versions" / SECOND, KEY))


def test_a_champion_that_never_rests_is_an_error(shop: Db, config: Settings) -> None:
    publish(config.models_dir, SECOND)
    registry, order = Registry(config.models_dir), iter([FIRST, SECOND] * score.CHAMPIONS)
    busy = busy_store(shop, lambda: registry.promote(next(order), at=NOON, reason="a test"))
    with pytest.raises(RetentionError, match="champion moved 5 times"):
        score.score_champion(busy, config)


def test_customers_of_another_definition_are_refused_and_the_scores_of_before_stay(shop: Db, bundle: Bundle) -> None:
    score.score_all(Store(shop).scores, bundle)
    shop[schema.CUSTOMERS].update_one({"_id": 7}, {"$set": {"definition": "older"}})
    with pytest.raises(BadDataError, match="load any file again"):
        score.score_all(Store(shop).scores, bundle)
    assert shop[schema.SCORES].count_documents({"churn_probability": {"$type": "double"}}) == CUSTOMERS


def test_without_customers_or_champion_it_is_clear_what_to_do(database: Db, config: Settings, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughDataError, match="no customers to score: load"):
        score.score_champion(Store(database), config)
    (config.models_dir / "live" / "champion").unlink()
    with pytest.raises(NoChampionError):
        score.score_champion(Store(database), config)
    assert not list(tmp_path.glob("**/.tmp*"))


def test_one_scores_at_a_time(shop: Db, config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "WAIT_S", 0)
    lock = config.models_dir / "live" / "scoring.lock"
    with locked(lock, wait_s=0, busy=""), pytest.raises(LockedError, match="another run is scoring"):
        score.score_champion(Store(shop), config)


@pytest.mark.usefixtures("network")
def test_the_trainers_user_may_score_and_change_nothing_else(tmp_path: Path, config: Settings) -> None:
    with (
        guarded_server(tmp_path, "guarded") as uris,
        pymongo.MongoClient[dict[str, Any]](uris["seeder"], tz_aware=True) as client,
    ):
        database = client["guarded"]
        for number in range(20):
            insert(database, 1 + number % 9, number)
        derivation.refresh(database)
        with open_store(uris["trainer"], "guarded", wait_s=5) as store:
            for _ in range(2):  # the first run makes what the second replaces
                busy = busy_store(store._db, lambda: order(database, 3))
                assert score.score_champion(busy, config)[1:3] == (9, 1)
            store._db[schema.NEXT_SCORES].insert_one({"left": "by a run that was killed"})
            assert score.score_champion(store, config).customers == 9
            for name in schema.COLLECTIONS:
                with pytest.raises(pymongo.errors.OperationFailure, match="not authorized"):
                    store._db[name].delete_one({})

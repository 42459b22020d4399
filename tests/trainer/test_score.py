"""The whole base, scored in the database: by the champion, as Python would, and of customers as they are at the end."""

from __future__ import annotations

import secrets
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from bson import ObjectId
from bundles import KEY, small_bundle, small_model
from guarded import guarded_server
from online_retail import needs_online_retail

from retention.errors import BadDataError, LockedError, NoChampionError, NotEnoughDataError, RetentionError
from retention.features import pipelines
from retention.registry.bundle import Bundle, read_bundle
from retention.registry.files import locked
from retention.registry.versions import Registry
from retention.scoring.churn import evidence
from retention.scoring.formula import Term
from retention.store import schema
from seeder import derived
from trainer import score
from trainer.repository import Store, open_store
from trainer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymongo.database import Database
    from shops import Shop

    from retention.features.pipelines import Pipeline

    Db = Database[dict[str, Any]]

NOON = datetime(2011, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST, SECOND = "20260101T000000Z-0000000", "20260102T000000Z-0000000"
CUSTOMERS = 300


def insert(database: Db, customer_id: int, invoice: int, at: datetime = NOON) -> tuple[int, str]:
    """Insert a line and return what it touches."""
    line = {"InvoiceNo": str(invoice), "StockCode": "ABCDE"[invoice % 5], "Quantity": 1 + invoice % 7}
    number = int(at.timestamp()).to_bytes(4, "big") + secrets.token_bytes(8)
    line |= {"_id": ObjectId(number), "UnitPrice": 2.5, "CustomerID": customer_id, "InvoiceDate": at}
    database[schema.TRANSACTIONS].insert_one(line)
    return customer_id, str(invoice)


def post(database: Db, customer_id: int) -> None:
    """Do what the API does with a line of this customer."""
    derived.refresh(database, {insert(database, customer_id, secrets.randbelow(10**9))})


@pytest.fixture
def shop(database: Db) -> Db:
    """An invented shop of three hundred customers, derived as the loader derives them."""
    for number in range(700):
        insert(database, 1 + number % CUSTOMERS, number, NOON - (number * 37 % 300) * DAY)
    derived.refresh(database)
    return database


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


def assert_scored(database: Db, bundle: Bundle, tolerance: float = 1e-9) -> None:
    """Compare every score with what Python makes of the customer as it is now; nobody more, nobody less."""
    scores = {each["_id"]: each for each in database[schema.SCORES].find()}
    customers = {each["_id"]: each for each in database[schema.CUSTOMERS].find()}
    assert scores.keys() == customers.keys()
    horizon_days = bundle.churn.horizon_days
    for customer_id, customer in customers.items():
        found = scores[customer_id]
        segment = bundle.segments.segment(*(customer[name] for name in ("Recency", "Frequency", "Monetary")))
        probability = bundle.churn.probability(customer)
        assert abs(found.pop("churn_probability") - probability) <= tolerance, customer_id
        assert found == {
            "_id": customer_id,
            **{name: customer[name] for name in pipelines.CONTRACT_FEATURES},
            "churn_prediction": int(probability >= bundle.churn.threshold),
            "evidence": evidence(customer["Frequency"], customer["Recency"], horizon_days),
            "cluster": segment.cluster,
            "segment": segment.segment,
            "as_of": customer["as_of"],
            "due": customer["as_of"] + horizon_days * DAY,
            "model_version": bundle.version,
            "revision": customer["revision"],
        }


class Busy(Store):
    """Something happens between the scoring and the look at what was touched meanwhile; the first times, or always."""

    def __init__(self, database: Db, *events: Callable[[], object]) -> None:
        super().__init__(database)
        self._events = list(events)

    def score(self, stages: Pipeline) -> None:
        super().score(stages)
        for event in self._events:
            event()


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
        scored = score.score_everybody(store, wide)
        try:
            assert scored.customers == sum(scored.by_segment.values()) > 3_000
            assert len(scored.by_segment) == 4
            assert_scored(database, wide)
        finally:
            database[schema.SCORES].drop()


def test_the_command_scores_by_the_champion_and_says_how_many(shop: Db, bundle: Bundle, config: Settings) -> None:
    with open_store(config.mongo_uri, config.db_name, wait_s=5) as store:
        scored = score.score_champion(store, config)
    assert_scored(shop, bundle)
    assert (scored.version, scored.customers, scored.again, scored.forgotten) == (FIRST, CUSTOMERS, 0, 0)
    assert next(iter(scored.lines())).startswith(f"scored       300 customers by {FIRST} in ")
    assert schema.NEXT_SCORES not in shop.list_collection_names()


def test_scoring_again_replaces_and_has_the_indexes_of_the_lists(shop: Db, bundle: Bundle, config: Settings) -> None:
    score.score_everybody(Store(shop), bundle)
    shop[schema.NEXT_SCORES].insert_one({"_id": 7, "left": "by a run that was killed"})
    second = publish(config.models_dir, SECOND, base_log_odds=1.5)
    score.score_everybody(Store(shop), second)
    assert_scored(shop, second)
    for query, order in (({}, 1), ({"segment": "Churn Risk", "churn_probability": {"$gte": 0.3}}, -1)):
        plan = shop[schema.SCORES].find(query, sort=[("churn_probability", order), ("_id", order)]).explain()
        winning = str(plan["queryPlanner"]["winningPlan"])
        assert "IXSCAN" in winning
        assert "'SORT'" not in winning


def test_who_changed_or_came_while_everybody_was_scored_is_scored_again(shop: Db, bundle: Bundle) -> None:
    busy = Busy(shop, lambda: post(shop, 7), lambda: post(shop, 7), lambda: post(shop, CUSTOMERS + 1))
    assert score.score_everybody(busy, bundle)[2:4] == (2, 0)
    assert_scored(shop, bundle)


def test_everybody_is_scored_again_when_the_clock_moved_meanwhile(shop: Db, bundle: Bundle) -> None:
    def next_day() -> None:
        derived.refresh(shop, {insert(shop, 7, 10**6, NOON + DAY)})

    assert score.score_everybody(Busy(shop, next_day), bundle).again == CUSTOMERS
    assert_scored(shop, bundle)


def test_the_score_of_who_is_gone_goes_too(shop: Db, bundle: Bundle) -> None:
    gone = Busy(shop, lambda: shop[schema.CUSTOMERS].delete_one({"_id": 7}))
    assert score.score_everybody(gone, bundle)[2:4] == (0, 1)
    assert_scored(shop, bundle)


def test_one_gone_and_another_with_the_lowest_number_come_are_both_noticed(shop: Db, bundle: Bundle) -> None:
    """As when a first load is still deriving: the newcomer has the number of those who were there."""

    def exchange() -> None:
        customer = shop[schema.CUSTOMERS].find_one_and_delete({"_id": 7}) or {}
        shop[schema.CUSTOMERS].insert_one(customer | {"_id": 1_007})

    assert score.score_everybody(Busy(shop, exchange), bundle)[2:4] == (1, 1)
    assert_scored(shop, bundle)


def test_a_second_writer_at_work_all_the_time_is_followed(shop: Db, bundle: Bundle) -> None:
    def keep_posting() -> None:
        for number in range(30):
            post(shop, 1 + number)

    writer = threading.Thread(target=keep_posting)
    score.score_everybody(Busy(shop, writer.start), bundle)
    writer.join()
    busiest = shop[schema.CUSTOMERS].distinct("revision")
    assert len(busiest) > 1
    score.score_everybody(Store(shop), bundle)
    assert_scored(shop, bundle)


def test_a_shop_where_somebody_always_comes_does_not_keep_it_for_ever(
    shop: Db, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    tallies = Store.tallies

    def one_more(store: Store) -> Any:
        post(shop, 7)
        return tallies(store)

    monkeypatch.setattr(Store, "tallies", one_more)
    assert score.score_everybody(Store(shop), bundle).again == score.ROUNDS


def test_by_a_champion_that_moved_meanwhile_everybody_is_scored_again(shop: Db, config: Settings) -> None:
    registry = Registry(config.models_dir)

    def move_once() -> None:
        if registry.champion() == FIRST:
            publish(config.models_dir, SECOND, base_log_odds=1.5)

    busy = Busy(shop, move_once)
    assert score.score_champion(busy, config).version == SECOND
    assert_scored(shop, read_bundle(config.models_dir / "versions" / SECOND, KEY))


def test_a_champion_that_never_rests_is_an_error(shop: Db, config: Settings) -> None:
    publish(config.models_dir, SECOND)
    registry, order = Registry(config.models_dir), iter([FIRST, SECOND] * score.CHAMPIONS)
    busy = Busy(shop, lambda: registry.promote(next(order), at=NOON, reason="a test"))
    with pytest.raises(RetentionError, match="champion moved 5 times"):
        score.score_champion(busy, config)


def test_customers_of_another_definition_are_refused_and_the_scores_of_before_stay(shop: Db, bundle: Bundle) -> None:
    score.score_everybody(Store(shop), bundle)
    shop[schema.CUSTOMERS].update_one({"_id": 7}, {"$set": {"definition": "older"}})
    with pytest.raises(BadDataError, match="load any file again"):
        score.score_everybody(Store(shop), bundle)
    assert shop[schema.SCORES].count_documents({"churn_probability": {"$type": "double"}}) == CUSTOMERS


def test_a_customer_that_loses_a_feature_meanwhile_gets_no_empty_score(shop: Db, bundle: Bundle) -> None:
    def older_version() -> None:
        shop[schema.CUSTOMERS].update_one({"_id": 7}, {"$unset": {"month": ""}, "$inc": {"revision": 1}})

    with pytest.raises(BadDataError, match="another version"):
        score.score_everybody(Busy(shop, older_version), bundle)
    assert shop[schema.SCORES].count_documents({"churn_probability": None}) == 0
    shop[schema.CUSTOMERS].update_one({"_id": 8}, {"$unset": {"month": ""}})
    with pytest.raises(BadDataError, match="another version"):
        score.score_everybody(Store(shop), bundle)


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
        derived.refresh(database)
        with open_store(uris["trainer"], "guarded", wait_s=5) as store:
            for _ in range(2):  # the first run makes what the second replaces
                busy = Busy(store._db, lambda: post(database, 3))
                assert score.score_champion(busy, config)[1:3] == (9, 1)
            store._db[schema.NEXT_SCORES].insert_one({"left": "by a run that was killed"})
            assert score.score_champion(store, config).customers == 9
            for name in schema.COLLECTIONS:
                with pytest.raises(pymongo.errors.OperationFailure, match="not authorized"):
                    store._db[name].delete_one({})

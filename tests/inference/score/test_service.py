"""Scores that stay true: after posts, after the champion moved, after what was missed, beside other writers."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from api_process import running, within
from bundles import KEY, VERSION, small_bundle
from drills.server import serving
from guarded import guarded_server
from scored_shop import DAY, NOON, assert_scored, fill, insert, order

from inference.database.connection import Connection
from inference.model.live_bundle import LiveBundle
from inference.score import service as scores_module
from inference.score.service import MongoScores
from inference.settings import Settings
from retention.errors import BadDataError, UnavailableError
from retention.registry.bundle import Bundle, read_bundle
from retention.registry.files import locked
from retention.store import derivation, schema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from api_process import Running
    from pymongo.database import Database
    from serving import Models, Serve
    from shops import Shop

    from retention.registry.versions import Registry

    Db = Database[dict[str, Any]]
    Open = Callable[..., AbstractAsyncContextManager["FollowingScores"]]

pytestmark = pytest.mark.anyio

SECOND = "20260102T000000Z-0000000"
CUSTOMERS = 60


@pytest.fixture
def shop(database: Db) -> Db:
    return fill(database, customers=CUSTOMERS, lines=150)


@pytest.fixture
def bundle(models: Models) -> Bundle:
    models.publish(VERSION)
    return read_bundle(models.registry.folder(VERSION), KEY)


@pytest.fixture
def second(models: Models, bundle: Bundle) -> Bundle:  # noqa: ARG001 - the first is there before it
    models.publish(SECOND, base_log_odds=1.5)
    return read_bundle(models.registry.folder(SECOND), KEY)


class FollowingScores(MongoScores):
    """The scores of a process, with the live bundle that they follow."""

    def __init__(self, connection: Connection, live: LiveBundle, registry: Registry) -> None:
        super().__init__(connection, lambda: live.loaded, registry)
        self.live = live


@pytest.fixture
def open_scores(database: Db, environ: dict[str, str], mongo_uri: str, models: Models) -> Open:
    """Open what an API process has, with the champion of the moment."""

    @asynccontextmanager
    async def opened(uri: str = mongo_uri, db_name: str = database.name) -> AsyncIterator[FollowingScores]:
        settings = Settings.from_environ(environ | {"MONGO_URI": uri, "DB_NAME": db_name})
        live = LiveBundle(models.registry, models.key_file)
        await live.refresh()
        with closing(Connection(settings)) as connection:
            yield FollowingScores(connection, live, models.registry)

    return opened


async def test_everybody_is_scored_with_the_indexes_of_the_lists_and_not_again(
    shop: Db, bundle: Bundle, open_scores: Open
) -> None:
    shop[schema.NEXT_SCORES].insert_one({"_id": 7, "left": "by a run that was killed"})
    async with open_scores() as scores:
        assert await scores.everybody(bundle) == CUSTOMERS
        assert_scored(shop, bundle)
        assert await scores.everybody(bundle) == 0
    keys = [tuple(index["key"]) for index in shop[schema.SCORES].index_information().values()]
    assert {tuple(field for field, _ in key) for key in keys} >= {index.fields for index in schema.SCORE_INDEXES}
    assert schema.NEXT_SCORES not in shop.list_collection_names()


async def test_another_champion_replaces_all_scores(
    shop: Db, second: Bundle, bundle: Bundle, open_scores: Open
) -> None:
    async with open_scores() as scores:
        assert await scores.everybody(second) == CUSTOMERS
        assert_scored(shop, second)
        assert await scores.everybody(bundle) == 0  # of a process that has not seen the second
        assert_scored(shop, second)


async def test_only_who_changed_came_or_went_is_scored_again(shop: Db, bundle: Bundle, open_scores: Open) -> None:
    async with open_scores() as scores:
        await scores.everybody(bundle)
        order(shop, 7)
        order(shop, 1_000)
        shop[schema.CUSTOMERS].delete_one({"_id": 9})
        assert await scores.everybody(bundle) == 2
        assert_scored(shop, bundle)
        customer = shop[schema.CUSTOMERS].find_one_and_delete({"_id": 8}) or {}
        shop[schema.CUSTOMERS].insert_one(customer | {"_id": 1_008})  # with the lowest number, as in a first load
        assert await scores.everybody(bundle) == 1
        assert_scored(shop, bundle)


async def test_after_the_clock_moved_everybody_is_scored_at_once(shop: Db, bundle: Bundle, open_scores: Open) -> None:
    async with open_scores() as scores:
        await scores.everybody(bundle)
        derivation.refresh(shop, {insert(shop, 7, at=NOON + DAY)})
        assert await scores.everybody(bundle) == CUSTOMERS
    assert_scored(shop, bundle)


async def test_a_score_of_another_version_among_them_is_noticed(shop: Db, bundle: Bundle, open_scores: Open) -> None:
    async with open_scores() as scores:
        await scores.everybody(bundle)
        shop[schema.SCORES].update_one({"_id": 7}, {"$set": {"model_version": SECOND, "churn_probability": 0.0}})
        await scores.everybody(bundle)
    assert_scored(shop, bundle)


async def test_one_scores_at_a_time(
    shop: Db, bundle: Bundle, open_scores: Open, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = models.registry.live_dir / "scoring.lock"
    async with open_scores() as scores:
        with locked(lock, wait_s=0, busy=""):
            monkeypatch.setattr(scores_module, "LOCK_WAIT_S", 0)
            assert await scores.everybody(bundle) is None
            assert schema.SCORES not in shop.list_collection_names()
            monkeypatch.setattr(scores_module, "LOCK_WAIT_S", 30)
            waiting = asyncio.create_task(scores.everybody(bundle))
            await asyncio.sleep(0.05)
            assert not waiting.done()
        assert await waiting == CUSTOMERS
    assert_scored(shop, bundle)


async def test_what_takes_longer_than_whoever_asks_waits_goes_on_once(
    shop: Db, bundle: Bundle, open_scores: Open, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores_module, "SOON_S", 0.05)
    async with open_scores() as scores:
        with locked(models.registry.live_dir / "scoring.lock", wait_s=0, busy=""):
            assert [await scores.everybody(bundle) for _ in range(3)] == [None, None, None]
            (work,) = scores._at_work.values()
        assert await work == CUSTOMERS
        assert_scored(shop, bundle)
        await asyncio.sleep(0)
        assert not scores._at_work


async def test_a_database_that_is_away_is_known_at_once_and_leaves_the_lock_free(
    bundle: Bundle, open_scores: Open, models: Models
) -> None:
    async with open_scores("mongodb://127.0.0.1:1/") as scores:
        async with asyncio.timeout(scores_module.SOON_S - 0.1):
            assert await scores.everybody(bundle) is None
        with locked(models.registry.live_dir / "scoring.lock", wait_s=0, busy="held"):
            pass


@pytest.mark.drill
@pytest.mark.usefixtures("network")
async def test_putting_a_champion_does_not_hang_with_the_database(
    tmp_path: Path, bundle: Bundle, models: Models, environ: dict[str, str]
) -> None:
    assert bundle
    with serving(tmp_path / "mongo") as server, running(environ, server.uri, tmp_path / "log") as api:
        small_bundle(models.registry.folder(SECOND))
        within(10, lambda: api.http.get("/readyz").is_success)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            answer = api.http.put("/models/champion", json={"version": SECOND})
        finally:
            os.kill(server.pid, signal.SIGCONT)
    assert (answer.status_code, answer.json()["scored"]) == (200, None)
    assert answer.elapsed < timedelta(seconds=3)
    assert models.registry.champion() == SECOND


async def test_two_processes_at_once_do_it_once(shop: Db, bundle: Bundle, open_scores: Open) -> None:
    async with open_scores() as one, open_scores() as other:
        made = await asyncio.gather(one.everybody(bundle), other.everybody(bundle))
    assert set(made) == {0, CUSTOMERS}
    assert_scored(shop, bundle)


async def test_customers_of_another_definition_are_refused_and_the_scores_of_before_stay(
    shop: Db, bundle: Bundle, models: Models, open_scores: Open
) -> None:
    async with open_scores() as scores:
        await scores.everybody(bundle)
        models.publish(SECOND)
        after = read_bundle(models.registry.folder(SECOND), KEY)
        shop[schema.CUSTOMERS].update_one({"_id": 7}, {"$set": {"definition": "older"}})
        with pytest.raises(BadDataError, match="load any file again"):
            await scores.everybody(after)
        shop[schema.CUSTOMERS].update_one(
            {"_id": 7}, {"$set": {"definition": score_definition(shop)}, "$unset": {"month": ""}}
        )
        with pytest.raises(BadDataError):
            await scores.everybody(after)
    assert shop[schema.SCORES].count_documents({"model_version": VERSION}) == CUSTOMERS


def score_definition(database: Db) -> str:
    return str((database[schema.CUSTOMERS].find_one({"_id": 8}) or {})["definition"])


async def test_without_customers_there_is_nothing_to_do(database: Db, bundle: Bundle, open_scores: Open) -> None:
    async with open_scores() as scores:
        assert await scores.everybody(bundle) == 0
        await scores.rescore(bundle, {7})
    assert database.list_collection_names() == []


async def test_who_was_touched_is_scored_again_newcomers_too(shop: Db, bundle: Bundle, open_scores: Open) -> None:
    async with open_scores() as scores:
        await scores.everybody(bundle)
        for customer_id in (7, 1_000):
            order(shop, customer_id)
        await scores.rescore(bundle, {7, 1_000})
    assert_scored(shop, bundle)


async def test_scores_of_another_version_are_left_alone(
    shop: Db, bundle: Bundle, second: Bundle, open_scores: Open
) -> None:
    async with open_scores() as scores:
        await scores.everybody(second)
        before = list(shop[schema.SCORES].find())
        order(shop, 7)
        order(shop, 1_000)
        await scores.rescore(bundle, {7, 1_000})
        await scores.rescore(None, {7})
    assert list(shop[schema.SCORES].find()) == before


async def test_what_was_left_behind_is_put_right_in_the_background(
    shop: Db, bundle: Bundle, models: Models, open_scores: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores_module, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(scores_module, "AT_REST", 0)
    async with open_scores() as scores:
        task = asyncio.create_task(scores.reconcile_forever())
        try:
            await becomes_true(shop, bundle)  # there were none
            order(shop, 7)
            await becomes_true(shop, bundle)
            models.publish(SECOND, base_log_odds=1.5)
            await scores.live.refresh()
            await becomes_true(shop, scores.live.bundle)
            assert scores.live.bundle.version == SECOND
        finally:
            task.cancel()


async def becomes_true(database: Db, bundle: Bundle) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                return assert_scored(database, bundle)
            except AssertionError:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("error", "took_s", "rest_s"),
    [(None, 0.1, 15), (None, 2, 40), (None, 120, 300), (UnavailableError("away"), 120, 15), (KeyError(), 120, 15)],
)
async def test_after_work_comes_rest_but_what_failed_is_tried_again_soon(
    open_scores: Open, monkeypatch: pytest.MonkeyPatch, error: Exception | None, took_s: float, rest_s: float
) -> None:
    async def look(_: float) -> None:
        if error:
            raise error

    async with open_scores() as scores:
        monkeypatch.setattr(scores, "_look", look)
        clock = iter((1_000.0, 1_000.0 + took_s))
        monkeypatch.setattr(scores_module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        assert await scores._looked() == pytest.approx(rest_s)


async def test_a_look_at_what_did_not_change_counts_nothing(
    shop: Db, bundle: Bundle, open_scores: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = 0

    def count(_: Bundle) -> int:
        nonlocal counted
        counted += 1
        return 0

    async with open_scores() as scores:
        await scores.everybody(bundle)
        monkeypatch.setattr(scores, "_reconciled", count)
        looks = []
        for second in (1_000.0, 1_015.0, 1_030.0, 1_045.0):
            await scores._look(second)
            looks.append(counted)
        order(shop, 7)
        for second in (1_060.0, 1_075.0, 1_090.0, 1_090.0 + scores_module.RECHECK_S):
            await scores._look(second)
            looks.append(counted)
    # Twice after every change, since a writer has its number before it writes; and now and then.
    assert looks == [1, 2, 2, 2, 3, 4, 4, 5]


async def test_a_shop_that_cannot_be_mended_is_said_once(
    shop: Db, bundle: Bundle, open_scores: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(scores_module, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(scores_module, "AT_REST", 0)
    shop[schema.CUSTOMERS].update_one({"_id": 7}, {"$set": {"definition": "older"}})
    assert bundle
    tried, often = 0, asyncio.Event()
    async with open_scores() as scores:
        reconcile = scores._reconcile

        async def counting(by: Bundle) -> int:
            nonlocal tried
            tried += 1
            if tried > 2:
                often.set()
            return int(await reconcile(by))

        monkeypatch.setattr(scores, "_reconcile", counting)
        with caplog.at_level(logging.WARNING):
            task = asyncio.create_task(scores.reconcile_forever())
            async with asyncio.timeout(20):
                await often.wait()
            task.cancel()
    assert [record.message for record in caplog.records].count("the scores could not be checked or repaired yet") == 1


async def test_a_database_that_is_away_does_not_fail_what_was_posted(
    bundle: Bundle, open_scores: Open, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_scores("mongodb://127.0.0.1:1/") as scores:
        with caplog.at_level(logging.WARNING):
            await scores.rescore(bundle, {7})
    assert "some scores are outdated until the next check" in [record.message for record in caplog.records]


async def test_a_posted_line_is_in_the_list_when_it_is_answered(
    shop: Db, bundle: Bundle, serve: Serve, mongo_uri: str, open_scores: Open, environ: dict[str, str]
) -> None:
    from inference.customer.repository import MongoRanking  # noqa: PLC0415
    from inference.prediction.repository import MongoCustomers  # noqa: PLC0415
    from inference.transaction.repository import MongoTransactions  # noqa: PLC0415

    line = {
        "InvoiceNo": "9001", "StockCode": "A", "Quantity": 2, "InvoiceDate": "2011-04-30T10:00:00Z", "UnitPrice": 2.5,
        "CustomerID": 7,
    }  # fmt: skip
    settings = Settings.from_environ(environ | {"MONGO_URI": mongo_uri, "DB_NAME": shop.name})
    with closing(Connection(settings)) as connection:
        parts = {"ranking": MongoRanking(connection), "customers": MongoCustomers(connection)}
        async with open_scores() as scores:
            await scores.everybody(bundle)
            async with serve(**parts, transactions=MongoTransactions(connection), scores=Unwatched(scores)) as api:
                answer = await api.post("/transactions", json=[line, {**line, "CustomerID": 2_000}])
                assert answer.status_code == 200, answer.text
                assert_scored(shop, bundle)
                items = (await api.get("/customers?limit=1000")).json()["items"]
                listed = {each["customer_id"]: each for each in items}
                by_id = (await api.post("/predict_churn_by_id", json={"customer_id": 2_000})).json()
    assert len(listed) == CUSTOMERS + 1
    assert abs(listed[2_000]["churn_probability"] - by_id["prediction"]["churn_probability"]) <= 1e-12


class Unwatched:
    """Scores that nobody looks after, so that what a request does shows."""

    def __init__(self, scores: MongoScores) -> None:
        self.rescore, self.everybody = scores.rescore, scores.everybody

    async def reconcile_forever(self) -> None:
        return


@pytest.mark.usefixtures("network")
async def test_the_apis_user_may_score(tmp_path: Path, bundle: Bundle, models: Models, open_scores: Open) -> None:
    with (
        guarded_server(tmp_path, "guarded") as uris,
        pymongo.MongoClient[dict[str, Any]](uris["seeder"], tz_aware=True) as client,
    ):
        database = client["guarded"]
        for number in range(20):
            insert(database, 1 + number % 9)
        derivation.refresh(database)
        async with open_scores(uris["inference"], "guarded") as scores:
            assert await scores.everybody(bundle) == 9
            order(database, 3)
            await scores.rescore(bundle, {3})
            database[schema.CUSTOMERS].delete_one({"_id": 4})
            assert await scores.everybody(bundle) == 0  # but the score of who is gone goes
            models.publish(SECOND)
            replaced = read_bundle(models.registry.folder(SECOND), KEY)
            assert await scores.everybody(replaced) == 8
        with pymongo.MongoClient[dict[str, Any]](uris["inference"]) as reader:
            assert reader["guarded"][schema.SCORES].count_documents({}) == 8
            found = reader["guarded"][schema.SCORES].find_one({"_id": 3}) or {}
            assert found["revision"] == (database[schema.CUSTOMERS].find_one({"_id": 3}) or {})["revision"]


@pytest.fixture(scope="module")
def invented(
    invented_shop: Shop, invented_models_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The API over the default data and a model of it; nobody ran the trainer's `score`."""
    variables = {
        "DB_NAME": invented_shop.db_name,
        "MODELS_DIR": str(invented_models_dir),
        "MODEL_SIGNING_KEY_FILE": str(invented_models_dir.parent / "signing_key"),
        "LOG_LEVEL": "warning",
    }
    with running(variables, invented_shop.mongo_uri, tmp_path_factory.mktemp("api") / "log") as process:
        version = process.http.get("/model").json()["version"]
        within(60, lambda: _is_scored_by(process, version))  # the shop is other tests' too: it may have been by theirs
        yield process


def _is_scored_by(api: Running, version: str) -> bool:
    page = api.http.get("/customers")
    return page.is_success and {each["model_version"] for each in page.json()["items"]} == {version}


def test_the_lists_probabilities_are_those_by_id(invented: Running) -> None:
    listed: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = invented.http.get("/customers", params={"limit": 1000, **cursor}).json()
        listed += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len({each["customer_id"] for each in listed}) == len(listed) > 1_000
    keys = [(each["churn_probability"], each["customer_id"]) for each in listed]
    assert keys == sorted(keys, reverse=True)
    for each in listed[:: max(1, len(listed) // 200)]:
        answer = invented.http.post("/predict_churn_by_id", json={"customer_id": each["customer_id"]}).json()
        assert abs(answer["prediction"]["churn_probability"] - each["churn_probability"]) <= 1e-12
        assert answer["segment"]["segment"] == each["segment"]
        assert answer["features"] == {name: each[name] for name in answer["features"]}
        assert answer["meta"]["model_version"] == each["model_version"]


def test_profiles_and_segments_come_from_the_same_scores(invented: Running) -> None:
    top = invented.http.get("/customers", params={"limit": 3}).json()["items"]
    for each in top:
        profile = invented.http.get(f"/customers/{each['customer_id']}").json()
        assert profile["orders"]["monetary"] == profile["features"]["Monetary"]
        assert profile["orders"]["orders"] == profile["features"]["Frequency"]
        assert len(profile["similar"]) == 5
    segments = invented.http.get("/clusters/summary").json()
    assert abs(sum(each["share"] for each in segments) - 1) <= 1e-9
    assert abs(sum(each["revenue_share"] for each in segments) - 1) <= 1e-9

"""Scores, on a real MongoDB: replaced in one step, and mended until they are of the customers as they are."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from bundles import KEY, small_bundle
from scored_shop import DAY, NOON, BusyScores, assert_scored, fill, insert, order

from retention.errors import BadDataError
from retention.registry.bundle import Bundle, read_bundle
from retention.scoring.pipeline import scores as scoring_stages
from retention.store import derivation, schema, score_steps
from retention.store.scores import Mended, Scores

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymongo.database import Database

    from retention.features.pipelines import Pipeline

    Db = Database[dict[str, Any]]
    Line = dict[str, Any]

FIRST, SECOND = "20260101T000000Z-0000000", "20260102T000000Z-0000000"
CUSTOMERS, ROUNDS = 300, 4


@pytest.fixture
def shop(database: Db) -> Db:
    return fill(database, customers=CUSTOMERS, lines=700)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return bundle_of(tmp_path, FIRST)


@pytest.fixture
def second(tmp_path: Path) -> Bundle:
    return bundle_of(tmp_path, SECOND, base_log_odds=1.5)


def bundle_of(folder: Path, version: str, **values: Any) -> Bundle:
    small_bundle(folder / version, **values)
    return read_bundle(folder / version, KEY)


def stages(bundle: Bundle) -> Pipeline:
    return scoring_stages(bundle.churn, bundle.segments, bundle.version)


@pytest.fixture(params=[True, False], ids=["at once", "one after the other"])
def score(request: pytest.FixtureRequest, shop: Db) -> Callable[..., Mended]:
    """Score everybody while these events happen."""

    def scored(by: Bundle, *events: Callable[[], object]) -> Mended:
        scores = BusyScores(shop, *events, at_once=request.param)
        scores.replace(stages(by))
        return scores.mend(stages(by), rounds=ROUNDS)

    return scored


def test_scoring_again_replaces_and_has_the_indexes_of_the_lists(
    shop: Db, bundle: Bundle, second: Bundle, score: Callable[..., Mended]
) -> None:
    score(bundle)
    shop[schema.NEXT_SCORES].insert_one({"_id": 7, "left": "by a run that was killed"})
    assert score(second)[1:] == (0, 0)
    assert_scored(shop, second)
    assert schema.NEXT_SCORES not in shop.list_collection_names()
    for query, direction in (({}, 1), ({"segment": "Churn Risk", "churn_probability": {"$gte": 0.3}}, -1)):
        plan = shop[schema.SCORES].find(query, sort=[("churn_probability", direction), ("_id", direction)]).explain()
        winning = str(plan["queryPlanner"]["winningPlan"])
        assert "IXSCAN" in winning
        assert "'SORT'" not in winning


def test_who_changed_or_came_while_everybody_was_scored_is_scored_again(
    shop: Db, bundle: Bundle, score: Callable[..., Mended]
) -> None:
    mended = score(bundle, *(lambda customer_id=each: order(shop, customer_id) for each in (7, 7, CUSTOMERS + 1)))
    assert (mended.again, mended.forgotten, mended.scores.customers) == (2, 0, CUSTOMERS + 1)
    assert_scored(shop, bundle)


def test_everybody_is_scored_again_when_the_clock_moved_meanwhile(
    shop: Db, bundle: Bundle, score: Callable[..., Mended]
) -> None:
    def next_day() -> None:
        derivation.refresh(shop, {insert(shop, 7, 10**6, NOON + DAY)})

    assert score(bundle, next_day).again == CUSTOMERS
    assert_scored(shop, bundle)


def test_the_score_of_a_customer_who_is_gone_goes_too(shop: Db, bundle: Bundle, score: Callable[..., Mended]) -> None:
    assert score(bundle, lambda: shop[schema.CUSTOMERS].delete_one({"_id": 7}))[1:] == (0, 1)
    assert_scored(shop, bundle)


def test_one_gone_and_another_with_the_lowest_number_come_are_both_noticed(
    shop: Db, bundle: Bundle, score: Callable[..., Mended]
) -> None:
    """As when a first load is still deriving: the newcomer has the number of those who were there."""

    def exchange() -> None:
        customer = shop[schema.CUSTOMERS].find_one_and_delete({"_id": 7}) or {}
        shop[schema.CUSTOMERS].insert_one(customer | {"_id": 1_007})

    assert score(bundle, exchange)[1:] == (1, 1)
    assert_scored(shop, bundle)


def test_a_second_writer_at_work_all_the_time_is_followed(
    shop: Db, bundle: Bundle, score: Callable[..., Mended]
) -> None:
    def keep_posting() -> None:
        for number in range(30):
            order(shop, 1 + number)

    writer = threading.Thread(target=keep_posting)
    score(bundle, writer.start)
    writer.join()
    assert len(shop[schema.CUSTOMERS].distinct("revision")) > 1
    score(bundle)
    assert_scored(shop, bundle)


def test_a_shop_where_somebody_always_comes_does_not_keep_it_for_ever(
    shop: Db, bundle: Bundle, score: Callable[..., Mended], monkeypatch: pytest.MonkeyPatch
) -> None:
    tallies = Scores.tallies

    def one_more(scores: Scores) -> Any:
        order(shop, 7)
        return tallies(scores)

    monkeypatch.setattr(Scores, "tallies", one_more)
    assert score(bundle).again == ROUNDS


def test_customers_of_another_definition_are_refused_and_the_old_scores_stay(
    shop: Db, bundle: Bundle, second: Bundle, score: Callable[..., Mended]
) -> None:
    score(bundle)
    shop[schema.CUSTOMERS].update_one({"_id": 7}, {"$set": {"definition": "older"}})
    with pytest.raises(BadDataError, match="load any file again"):
        score(second)
    assert shop[schema.SCORES].count_documents({"model_version": FIRST}) == CUSTOMERS


def test_a_customer_that_loses_a_feature_meanwhile_gets_no_empty_score(
    shop: Db, bundle: Bundle, score: Callable[..., Mended]
) -> None:
    def older_version() -> None:
        shop[schema.CUSTOMERS].update_one({"_id": 7}, {"$unset": {"month": ""}, "$inc": {"revision": 1}})

    with pytest.raises(BadDataError, match="another version"):
        score(bundle, older_version)
    assert shop[schema.SCORES].count_documents({"churn_probability": None}) == 0
    shop[schema.CUSTOMERS].update_one({"_id": 8}, {"$unset": {"month": ""}})
    with pytest.raises(BadDataError, match="another version"):
        score(bundle)


def test_a_late_writer_overwrites_neither_a_later_score_nor_another_versions(
    shop: Db, bundle: Bundle, second: Bundle
) -> None:
    scores = Scores(shop, at_once=False)
    later = {"_id": 7, "revision": 10**6, "model_version": FIRST, "net_monetary": 1.0}
    other = {"_id": 8, "revision": 0, "model_version": SECOND, "net_monetary": 1.0}
    behind = {"_id": 9, "revision": 0, "model_version": FIRST, "net_monetary": 1.0}
    shop[schema.SCORES].insert_many([later, other, behind])
    scores.score_touched(stages(bundle), {7, 8, 9})
    assert list(shop[schema.SCORES].find({"_id": {"$in": [7, 8]}})) == [later, other]
    assert (shop[schema.SCORES].find_one({"_id": 9}) or {})["revision"] > 0
    shop[schema.CUSTOMERS].aggregate(score_steps.mended(stages(second), [7, 8]))  # whoever holds the lock
    assert {each["model_version"] for each in shop[schema.SCORES].find({"_id": {"$in": [7, 8]}})} == {SECOND}
    newest = shop[schema.SCORES].find_one_and_update({"_id": 7}, {"$inc": {"revision": 10**6}}, return_document=True)
    shop[schema.CUSTOMERS].aggregate(score_steps.mended(stages(second), [7]))
    assert shop[schema.SCORES].find_one({"_id": 7}) == newest


@pytest.mark.parametrize("which", [{}, {"_id": {"$lt": 9}}])
def test_scores_of_a_release_that_knew_no_net_money_are_made_again(shop: Db, bundle: Bundle, which: Line) -> None:
    scores = Scores(shop, at_once=False)
    scores.replace(stages(bundle))
    shop[schema.SCORES].update_many(which, {"$unset": {"net_monetary": ""}})
    customers, scored = scores.tallies()
    assert (scored.state != customers.state, scored.lowest) == (True, score_steps.EVERY_REVISION)
    assert scores.mend(stages(bundle), rounds=ROUNDS).again == (8 if which else CUSTOMERS)
    assert_scored(shop, bundle)


def test_the_version_and_the_last_number_are_known(shop: Db, bundle: Bundle, score: Callable[..., Mended]) -> None:
    scores = Scores(shop, at_once=False)
    assert (scores.version(), scores.has_customers()) == (None, True)
    before = scores.revision()
    score(bundle)
    order(shop, 7)
    assert (scores.version(), scores.revision()) == (FIRST, before + 2)  # one number for orders, one for customers

"""Everybody by risk: pages that add up to the whole, by one index each, in JSON and in CSV."""

from __future__ import annotations

import asyncio
import csv
import io
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bundles import VERSION
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure
from serving import InMemoryRanking, UnreachableRanking

from inference.customer.csv_export import COLUMNS, csv_text
from inference.customer.cursor import CURSOR_LENGTH, Place, from_cursor, to_cursor
from inference.customer.repository import MongoRanking, Ranking, _bounds
from inference.customer.requests import ListQuestion
from inference.database.connection import Connection
from inference.errors import ScoresMissingError
from inference.http.negotiation import MAX_READ, preferred
from inference.settings import Settings
from retention.lines.rules import MAX_CUSTOMER_ID
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import httpx
    from pymongo.database import Database
    from serving import Serve

    Db = Database[dict[str, Any]]
    Connect = Callable[[], closing[Connection]]

pytestmark = pytest.mark.anyio

AS_OF = datetime(2011, 12, 10, tzinfo=UTC)
SEGMENTS = ("Loyal High-Value", "Churn Risk", "=Occasional")
NO_LIMITS = ("0", "1001", "1e9", "+5", "%2B5", "-1", "5.0", "", "05", "true", "\N{ARABIC-INDIC DIGIT THREE}")
NO_PROBABILITIES = ("nan", "inf", "1.01", "-0.1", "", "0x1", ".5", "1e400", "%2B1", "9" * 400)
SORTS = ("-churn_probability", "churn_probability", "customer_id")


def score(customer_id: int, probability: float, segment: str = SEGMENTS[0], **values: Any) -> dict[str, Any]:
    return {
        "_id": customer_id, "Frequency": 2, "Monetary": 20.5, "AvgOrderValue": 10.25, "Recency": 3, "Tenure": 40,
        "net_monetary": 18.5, "churn_probability": probability, "churn_prediction": int(probability >= 0.4),
        "evidence": "sparse", "cluster": SEGMENTS.index(segment), "segment": segment, "as_of": AS_OF,
        "due": AS_OF + timedelta(days=90),
        "model_version": VERSION, "revision": 4, **values,
    }  # fmt: skip


# Probabilities that many share, as single-order customers do, and ids at both ends.
SCORES = [
    *(score(100 + n, (n % 4) / 4, SEGMENTS[n % 3]) for n in range(40)),
    score(1, 1.0, SEGMENTS[1]),
    score(MAX_CUSTOMER_ID, 0.5, SEGMENTS[1]),
    score(MAX_CUSTOMER_ID - 1, 0.5, SEGMENTS[1]),
    score(90, 0.0, SEGMENTS[2]),
]


def fill(database: Db, scores: list[dict[str, Any]]) -> None:
    if scores:
        database[schema.SCORES].insert_many(scores)
    for index in schema.SCORE_INDEXES:
        database[schema.SCORES].create_index([(field, 1) for field in index.fields])


@pytest.fixture
def connect(database: Db, environ: dict[str, str], mongo_uri: str) -> Connect:
    """Connect to the test's database; a connection belongs to the event loop that first uses it."""
    variables = {"MONGO_URI": mongo_uri, "DB_NAME": database.name}
    return lambda: closing(Connection(Settings.from_environ(environ | variables)))


@pytest.fixture
def filled(database: Db) -> Db:
    fill(database, SCORES)
    return database


@pytest.fixture
def in_mongo(filled: Db, connect: Connect) -> Iterator[MongoRanking]:  # noqa: ARG001
    with connect() as connection:
        yield MongoRanking(connection)


@pytest.fixture
async def listed(serve: Serve) -> Any:
    async with serve(ranking=InMemoryRanking(SCORES)) as api:
        yield api


async def every_page(ranking: Ranking, question: ListQuestion) -> list[int]:
    """Return the ids of all pages, each asked for with the cursor of the one before."""
    ids: list[int] = []
    after: Place | None = None
    while True:
        found = await ranking.page(question, after)
        page = found[: question.limit]
        ids += [each["_id"] for each in page]
        assert len(ids) <= len(SCORES)
        if len(found) <= question.limit:
            return ids
        cursor = to_cursor(Place(page[-1]["churn_probability"], page[-1]["_id"]), question.scope)
        after = from_cursor(cursor, question.scope)


def whole(scores: list[dict[str, Any]], question: ListQuestion) -> list[int]:
    """Return the ids as sorted() has them."""
    chosen = [
        each
        for each in scores
        if question.segment in {None, each["segment"]} and each["churn_probability"] >= (question.min_churn or 0)
    ]
    keys = {"customer_id": lambda each: each["_id"]}
    by = keys.get(question.sort, lambda each: (each["churn_probability"], each["_id"]))
    return [each["_id"] for each in sorted(chosen, key=by, reverse=question.sort.startswith("-"))]


BY_RISK = st.builds(
    ListQuestion,
    sort=st.sampled_from(SORTS[:2]),
    segment=st.sampled_from((None, *SEGMENTS, "of nobody")),
    min_churn=st.sampled_from((None, 0.0, 0.25, 0.3, 1.0)),
    limit=st.integers(1, 50),
)
QUESTIONS = BY_RISK | st.builds(ListQuestion, sort=st.just("customer_id"), limit=st.integers(1, 50))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=QUESTIONS)
async def test_the_pages_together_are_the_whole_list(filled: Db, connect: Connect, question: ListQuestion) -> None:  # noqa: ARG001
    with connect() as connection:
        for ranking in (MongoRanking(connection), InMemoryRanking(SCORES)):
            assert await every_page(ranking, question) == whole(SCORES, question)


@settings(max_examples=200, deadline=None)
@given(
    place=st.builds(Place, st.floats(0, 1), st.integers(1, MAX_CUSTOMER_ID)),
    scope=st.tuples(st.sampled_from(SORTS), st.none() | st.text(), st.none() | st.floats(0, 1)),
    other=st.tuples(st.sampled_from(SORTS), st.none() | st.text(), st.none() | st.floats(0, 1)),
)
def test_a_cursor_comes_back_exactly_and_serves_its_own_list_alone(place: Place, scope: Any, other: Any) -> None:
    cursor = to_cursor(place, scope)
    assert len(cursor) == CURSOR_LENGTH
    assert from_cursor(cursor, scope) == place
    if repr(other) != repr(scope):
        with pytest.raises(ValueError, match="another list"):
            from_cursor(cursor, other)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(max_codepoint=0x17F), min_size=CURSOR_LENGTH, max_size=CURSOR_LENGTH))
def test_what_is_made_up_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        from_cursor(text, ("customer_id", None, None))


def test_a_cursor_has_one_spelling() -> None:
    scope = ("customer_id", None, None)
    cursor = to_cursor(Place(0.5, 7), scope)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = []
    for last in alphabet:
        with suppress(ValueError):
            accepted.append(from_cursor(cursor[:-1] + last, scope))
    assert sorted(accepted) == [Place(0.5, customer_id) for customer_id in (4, 5, 6, 7)]  # two bits are of the id


async def test_a_reader_between_pages_misses_nobody_who_stays_where_they_are(
    in_mongo: MongoRanking, database: Db
) -> None:
    question = ListQuestion(limit=10)
    first = [each["_id"] for each in (await in_mongo.page(question, None))[:10]]
    last = await in_mongo._scores.find_one({"_id": first[-1]}) or {}
    moved = score(5_000, 0.99)
    database[schema.SCORES].delete_one({"_id": first[0]})
    database[schema.SCORES].replace_one({"_id": first[3]}, {**SCORES[0], "_id": first[3], "churn_probability": 0.01})
    database[schema.SCORES].insert_one(moved)
    after = Place(last["churn_probability"], last["_id"])
    rest = [each["_id"] for each in await in_mongo.page(ListQuestion(limit=1000), after)]
    stayed = [each for each in whole(SCORES, question) if each not in {first[0], first[3]}]
    assert [each for each in first + rest if each in stayed] == stayed
    assert len(rest) == len(set(rest))


@pytest.mark.parametrize("sort", SORTS[:2])
@pytest.mark.parametrize("segment", [None, SEGMENTS[0]])
async def test_a_page_by_risk_reads_no_more_than_it_gives(
    in_mongo: MongoRanking, database: Db, sort: Any, segment: str | None
) -> None:
    question = ListQuestion(sort=sort, segment=segment, min_churn=0.25, limit=3)
    found = await in_mongo.page(question, None)
    bounds = _bounds(question, Place(found[2]["churn_probability"], found[2]["_id"]))
    plan = database[schema.SCORES].find(limit=4, **bounds).explain()
    assert plan["executionStats"]["totalKeysExamined"] <= 5
    assert plan["executionStats"]["totalDocsExamined"] == 4


async def test_no_reader_notices_that_all_scores_are_replaced(database: Db, connect: Connect) -> None:
    # A question of over 128 gives way to a rename.
    many = [score(1 + n, n / 3_000, SEGMENTS[n % 3]) for n in range(3_000)]
    fill(database, many)
    page = ListQuestion(limit=200)

    def replace() -> None:
        database[schema.NEXT_SCORES].insert_many(many)
        for index in schema.SCORE_INDEXES:
            database[schema.NEXT_SCORES].create_index([(field, 1) for field in index.fields])
        database[schema.NEXT_SCORES].rename(schema.SCORES, dropTarget=True)

    async def read(ask: Callable[[], Awaitable[Any]]) -> int:
        asked = 0
        while not replaced.done():
            assert await ask()
            asked += 1
        return asked

    with connect() as connection:
        ranking = MongoRanking(connection)
        replaced = asyncio.create_task(times(20, replace))
        asked = await asyncio.gather(
            read(lambda: ranking.page(page, None)),
            read(lambda: ranking.neighbours(7, SEGMENTS[0], 0.5)),
            read(ranking._count_segments),
        )
    assert min(asked) > 5


async def times(count: int, do: Callable[[], None]) -> None:
    for _ in range(count):
        await asyncio.to_thread(do)


async def test_a_list_that_was_never_made_is_not_an_empty_one(database: Db, connect: Connect) -> None:
    with connect() as connection:
        ranking = MongoRanking(connection)
        assert await ranking.page(ListQuestion(), None) == []  # of a shop without customers
        database[schema.CUSTOMERS].insert_one({"_id": 7})
        with pytest.raises(ScoresMissingError):
            await ranking.page(ListQuestion(), None)
        fill(database, [score(7, 0.1)])
        assert await ranking.page(ListQuestion(min_churn=0.9), None) == []


async def test_a_page_has_items_and_the_cursor_of_the_next(listed: httpx.AsyncClient) -> None:
    answer = await listed.get("/customers", params={"limit": 1, "segment": SEGMENTS[1]})
    content = answer.json()
    assert answer.status_code == 200
    assert answer.headers["vary"] == "Accept"
    assert list(content) == ["items", "next_cursor"]
    expected = {name: value for name, value in SCORES[40].items() if name not in {"_id", "revision"}}
    expected |= {"customer_id": 1, "as_of": "2011-12-10T00:00:00Z", "due": "2012-03-09T00:00:00Z"}
    assert content["items"] == [expected]
    following = answer.headers["link"].removeprefix("<").removesuffix('>; rel="next"')
    assert f"cursor={content['next_cursor']}" in following
    second = (await listed.get(following)).json()
    assert second["items"][0]["customer_id"] == whole(SCORES, ListQuestion(segment=SEGMENTS[1]))[1]


async def test_the_last_page_has_no_cursor_and_no_link(listed: httpx.AsyncClient) -> None:
    answer = await listed.get("/customers", params={"limit": 1000})
    assert len(answer.json()["items"]) == len(SCORES)
    assert answer.json()["next_cursor"] is None
    assert "link" not in answer.headers


async def test_without_a_limit_a_page_has_fifty(serve: Serve) -> None:
    async with serve(ranking=InMemoryRanking([score(1 + n, 0.5) for n in range(51)])) as api:
        content = (await api.get("/customers")).json()
    assert len(content["items"]) == 50
    assert content["items"][0]["customer_id"] == 51


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        *((f"limit={text}", "#/limit") for text in NO_LIMITS),
        *((f"min_churn={text}", "#/min_churn") for text in NO_PROBABILITIES),
        *((f"sort={text}", "#/sort") for text in ("", "Monetary", "-customer_id", "churn_probability;")),
        *((f"cursor={text}", "#/cursor") for text in ("", "x", "A" * 34, "A" * 33 + "é", "A" * 10_000)),
        ("segment=", "#/segment"),
        (f"segment={'x' * 201}", "#/segment"),
        ("limit=5&limit=5", "#"),
        ("sort=customer_id&min_churn=0.5", "#"),
        ("sort=customer_id&segment=Churn%20Risk", "#"),
        ("secret=5", "#"),
        ("Limit=5", "#"),
    ],
)
async def test_a_parameter_that_cannot_be_is_refused_by_its_place(
    listed: httpx.AsyncClient, query: str, pointer: str
) -> None:
    answer = await listed.get(f"/customers?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "validation"
    assert {error["pointer"] for error in answer.json()["errors"]} == {pointer}
    assert "secret" not in answer.text


@pytest.mark.parametrize("changed", [{"sort": "churn_probability"}, {"segment": SEGMENTS[0]}, {"min_churn": "0.1"}])
async def test_a_cursor_of_another_list_is_refused(listed: httpx.AsyncClient, changed: dict[str, str]) -> None:
    cursor = (await listed.get("/customers", params={"limit": 1})).json()["next_cursor"]
    assert (await listed.get("/customers", params={"cursor": cursor, "limit": 7})).status_code == 200
    answer = await listed.get("/customers", params={"cursor": cursor, **changed})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/cursor"


async def test_a_cursor_outside_of_its_own_list_is_refused(listed: httpx.AsyncClient) -> None:
    question = ListQuestion(min_churn=0.5)
    cursor = to_cursor(Place(0.4, 7), question.scope)
    answer = await listed.get("/customers", params={"cursor": cursor, "min_churn": "0.5"})
    assert answer.status_code == 422


async def test_csv_has_the_same_customers_and_the_link_to_the_next(listed: httpx.AsyncClient) -> None:
    params: dict[str, str | int] = {"limit": 5, "sort": "customer_id"}
    answer = await listed.get("/customers", params=params, headers={"Accept": "text/csv"})
    content = (await listed.get("/customers", params=params)).json()
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="customers.csv"'
    assert answer.headers["vary"] == "Accept"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [int(row["customer_id"]) for row in rows] == [each["customer_id"] for each in content["items"]]
    assert [float(row["churn_probability"]) for row in rows] == [each["churn_probability"] for each in content["items"]]
    assert answer.text.splitlines()[0] == ",".join(COLUMNS)
    assert answer.text.count("\r\n") == answer.text.count("\n") == 6
    following = answer.headers["link"].removeprefix("<").removesuffix('>; rel="next"')
    assert (await listed.get(following)).json()["items"][0]["customer_id"] == 103


async def test_no_cell_of_csv_begins_a_formula(listed: httpx.AsyncClient) -> None:
    answer = await listed.get("/customers", params={"segment": SEGMENTS[2]}, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert {row["segment"] for row in rows} == {"'=Occasional"}
    item: Any = dict.fromkeys(COLUMNS, 1)
    for name in ("+1", "-1", "@SUM(A1)", "=1", "\t=1"):
        assert f"'{name}" in csv_text([item | {"segment": name}])
    assert '"a ""b"", c"' in csv_text([item | {"segment": 'a "b", c'}])


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV; Header=present", "text/csv"),
        ("text/*", "text/csv"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("application/json, text/csv", "application/json"),
        ("text/csv;q=0.9, */*;q=0.1", "text/csv"),
        ("text/csv;q=0, */*", "application/json"),
        ("application/json;q=0, */*;q=0.001", "text/csv"),
        ("text/html", None),
        ("*/*;q=0", None),
        ("application/json;q=0, text/csv;q=0.000", None),
        ("text/csv;q=2, text/csv;q=0.5", "text/csv"),
        ("nonsense", "application/json"),
        ("*/csv", None),
        ("*", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ('text/html;title="a, b";q=0.9, text/csv;q=0.1', "text/csv"),
        ("text/csv;q=nan, application/json;q=0.1", "application/json"),
        ('\x00;"/, ;=,', "application/json"),
    ],
)
def test_the_form_is_what_the_client_likes_best(accept: str, expected: str | None) -> None:
    assert preferred(accept, ("application/json", "text/csv")) == expected


def test_an_endless_header_is_not_read_to_its_end() -> None:
    assert preferred("text/html," * MAX_READ + "text/csv", ("application/json", "text/csv")) is None


async def test_what_is_not_to_be_had_is_a_406(listed: httpx.AsyncClient) -> None:
    answer = await listed.get("/customers", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert answer.headers["vary"] == "Accept"


async def test_without_scores_the_answer_says_how_they_are_made(serve: Serve) -> None:
    async with serve(ranking=NeverScored()) as api:
        for path in ("/customers", "/clusters/summary"):
            answer = await api.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "scores_missing")
            assert int(answer.headers["retry-after"]) >= 1
            assert "trainer score" in answer.json()["detail"]


class NeverScored(InMemoryRanking):
    """A shop whose customers nobody has scored."""

    async def page(self, question: ListQuestion, after: Place | None) -> Any:
        raise ScoresMissingError(f"{question} {after}")

    async def segments(self) -> Any:
        raise ScoresMissingError


async def test_a_database_that_is_away_is_a_503(serve: Serve) -> None:
    async with serve(ranking=UnreachableRanking()) as api:
        answer = await api.get("/customers")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "secret" not in answer.text


def test_the_risk_indexes_are_needed(database: Db) -> None:
    database[schema.SCORES].insert_many(SCORES)
    with pytest.raises(OperationFailure):
        list(database[schema.SCORES].find(**_bounds(ListQuestion(), Place(0.5, 7))))

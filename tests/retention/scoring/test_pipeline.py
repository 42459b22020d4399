"""The database computes the same scores as Python, for any model and any customer."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bundles import small_model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from retention.features import pipelines
from retention.scoring.churn import ChurnModel, Shift, evidence
from retention.scoring.formula import Formula, Term
from retention.scoring.pipeline import NO_MATCHING_BRANCH, scores
from retention.scoring.segments import GROSS, NET, Segment, SegmentModel
from retention.scoring.single_order import Cell, SingleOrderRates

if TYPE_CHECKING:
    from pymongo.database import Database

    Db = Database[dict[str, Any]]
    Customer = dict[str, Any]

AS_OF = datetime(2011, 12, 10, tzinfo=UTC)
VERSION = "20260101T000000Z-0000000"
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

small = st.floats(-5, 5)
limits = st.one_of(st.none(), st.integers(0, 200).map(float))
triples = st.tuples(small, small, small)


def amounts(largest: float) -> st.SearchStrategy[float]:
    return st.one_of(st.sampled_from([0, 0.0, 1, 1e-9, largest]), st.floats(0, largest), st.integers(0, 100))


CUSTOMERS = st.lists(
    st.fixed_dictionaries(
        {
            **{name: amounts(1e12) for name in pipelines.FEATURES},
            "net_monetary": st.one_of(st.sampled_from([-1e12, -2.5, -0.0]), amounts(1e12)),
            "Frequency": st.one_of(st.sampled_from([1, 2, 3]), st.integers(1, 10**6)),
            "Recency": st.one_of(st.sampled_from([89, 90, 91]), st.integers(0, 50_000)),
            "distinct_products": st.integers(0, 1_000),
            "month": st.integers(1, 12),
        }
    ),
    min_size=1,
    max_size=20,
)
BOUNDED = ("Frequency", "Recency", "distinct_products")  # untransformed values of 1e12 would leave no precision of 1e-9


MODELLED = [name for name in pipelines.FEATURES if name != "net_monetary"]  # it may be negative, and has no logarithm


def terms(name: str) -> st.SearchStrategy[Term]:
    log1p = st.builds(Term, st.just(name), st.just("log1p"), st.floats(0, 30), small)
    identity = st.builds(Term, st.just(name), st.just("identity"), st.floats(-30, 30), st.floats(-0.05, 0.05))
    return st.one_of(log1p, identity) if name in BOUNDED else log1p


FORMULAS = st.builds(
    Formula,
    small,
    st.lists(st.sampled_from(MODELLED), unique=True).flatmap(lambda names: st.tuples(*map(terms, names))),
    st.just(()),
)
CELLS = st.lists(st.builds(Cell, limits, limits, st.just(9), small, st.just(-9.0), st.just(9.0)), max_size=5)
MODELS = st.builds(
    ChurnModel,
    FORMULAS,
    CELLS.map(lambda cells: SingleOrderRates(0.1, (*cells, Cell(None, None, 9, 0.5, 0.4, 0.6)))),
    st.tuples(*(st.builds(Shift, small, st.just(0.0)) for _ in range(12))),
    st.floats(0.01, 0.99),
    st.integers(7, 365),
)
SEGMENTS = st.builds(
    SegmentModel,
    triples,
    st.tuples(*(st.floats(0.1, 3),) * 3),
    st.lists(triples, min_size=1, max_size=9).map(
        lambda places: tuple(Segment(10 + i, f"segment {i}", "act", "offer", place) for i, place in enumerate(places))
    ),
    st.sampled_from([NET, GROSS]),
)
SMALL_SEGMENTS = SegmentModel(
    (0.0, 0.0, 0.0),
    (1.0, 1.0, 1.0),
    tuple(Segment(i, name, "", "", (float(i), 0.0, 0.0)) for i, name in enumerate("abba")),
)


def scored(
    database: Db, customers: list[Customer], churn: ChurnModel, segments: SegmentModel = SMALL_SEGMENTS
) -> list[Customer]:
    documents = [{"_id": i, "as_of": AS_OF, "revision": 7, **customer} for i, customer in enumerate(customers)]
    return list(database.aggregate([{"$documents": documents}, *scores(churn, segments, VERSION)]))


@many
@given(customers=CUSTOMERS, churn=MODELS, segments=SEGMENTS)
def test_the_database_computes_what_python_computes(
    database: Db, customers: list[Customer], churn: ChurnModel, segments: SegmentModel
) -> None:
    for customer, score in zip(customers, scored(database, customers, churn, segments), strict=True):
        assert abs(score["churn_probability"] - churn.probability(customer)) <= 1e-9
        assert score["churn_prediction"] == (score["churn_probability"] >= churn.threshold)
        assert score["evidence"] == evidence(customer["Frequency"], customer["Recency"], churn.horizon_days)
        assert is_nearest(score, customer, segments)


def is_nearest(score: Customer, customer: Customer, segments: SegmentModel) -> bool:
    """Return whether the segment is Python's, or one equally near to within rounding."""
    rfm = [math.log1p(max(0, customer[name])) for name in segments.features]
    point = [(log - mean) / scale for log, mean, scale in zip(rfm, segments.mean, segments.scale, strict=True)]
    nearest = segments.of(customer)
    found = next(segment for segment in segments.segments if segment.cluster == score["cluster"])
    assert score["segment"] == found.segment
    squares = [math.dist(point, segment.centroid) ** 2 for segment in (found, nearest)]
    return found == nearest or math.isclose(*squares, rel_tol=1e-9, abs_tol=1e-9)


CUSTOMER = dict.fromkeys(pipelines.FEATURES, 3) | {"Frequency": 4, "month": 12}


def test_of_equally_near_segments_the_first_is_chosen(database: Db) -> None:
    twice = SMALL_SEGMENTS._replace(segments=(SMALL_SEGMENTS.segments[3], *SMALL_SEGMENTS.segments[1:]))
    far = dict(CUSTOMER, Recency=math.expm1(3.0))
    (score,) = scored(database, [far], small_model(), twice)
    assert twice.segment(far["Recency"], 4, 3) is twice.segments[0]
    assert score["cluster"] == twice.segments[0].cluster == 3


def test_customers_exactly_on_a_limit_are_scored_as_in_python(database: Db) -> None:
    churn = small_model()
    customers = [
        {**CUSTOMER, "Frequency": frequency, "Recency": recency, "distinct_products": products}
        for frequency in (1, 2, 3)
        for recency in (59, 60, 90, 91)
        for products in (4, 5)
    ]
    for customer, score in zip(customers, scored(database, customers, churn), strict=True):
        assert score["churn_probability"] == pytest.approx(churn.probability(customer), abs=1e-9)
        assert score["evidence"] == evidence(customer["Frequency"], customer["Recency"], 90)


def test_a_probability_equal_to_the_threshold_predicts_churn(database: Db) -> None:
    even = small_model()._replace(several_orders=Formula(0.0, (), ()), threshold=0.5)
    (score,) = scored(database, [CUSTOMER | {"month": 6}], even)
    assert (score["churn_probability"], score["churn_prediction"]) == (0.5, 1)


def test_a_score_holds_its_customer_its_model_and_its_due_date(database: Db) -> None:
    (score,) = scored(database, [CUSTOMER], small_model())
    held = (*pipelines.CONTRACT_FEATURES, NET)
    assert {name: score[name] for name in held} == {name: CUSTOMER[name] for name in held}
    assert (score["_id"], score["revision"], score["model_version"]) == (0, 7, VERSION)
    assert score["as_of"] == AS_OF
    assert score["due"] == AS_OF + timedelta(days=90)


@pytest.mark.parametrize("missing", ["month", "Frequency", "Recency"])
def test_a_customer_without_a_feature_of_the_model_fails_the_pipeline(database: Db, missing: str) -> None:
    lacking = {name: value for name, value in CUSTOMER.items() if name != missing}
    with pytest.raises(OperationFailure) as raised:
        scored(database, [CUSTOMER, lacking], small_model())
    assert raised.value.code == NO_MATCHING_BRANCH


def test_a_name_that_begins_with_a_dollar_is_not_a_field_path(database: Db) -> None:
    segments = SMALL_SEGMENTS._replace(segments=(Segment(0, "$Recency", "", "", (0.0, 0.0, 0.0)),))
    (score,) = scored(database, [CUSTOMER], small_model(), segments)
    assert score["segment"] == "$Recency"

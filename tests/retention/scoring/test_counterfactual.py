"""The counterfactual order: it suffices on any day and with any basket, and no smaller value does."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from retention.features import pipelines
from retention.scoring.churn import NO_SEASON, ChurnModel, Shift, sigmoid
from retention.scoring.counterfactual import WITHIN_DAYS, Counterfactual, counterfactual
from retention.scoring.formula import TRANSFORMS, Formula, Term
from retention.scoring.single_order import Cell, SingleOrderRates
from trainer.churn.model_selection import CANDIDATES

if TYPE_CHECKING:
    from pymongo.database import Database

    Lines = list[dict[str, Any]]
    Customer = dict[str, Any]
    Db = Database[dict[str, Any]]

DAY = timedelta(days=1)
START = datetime(2010, 11, 1, tzinfo=UTC)
many = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))

PRODUCTS = st.sampled_from(["a", "b", "c", "d", None])


@st.composite
def histories(draw: st.DrawFn) -> tuple[Lines, datetime]:
    """Return lines of one customer and an `as_of` with many of them near it."""
    as_of = START + draw(st.integers(1, 500)) * DAY
    ages = st.one_of(
        st.integers(1, 10 * 86_400), st.integers(76 * 86_400, 92 * 86_400), st.integers(1, 450 * 86_400),
        st.integers(1, 100).map(lambda days: days * 86_400),
    )  # fmt: skip
    line = st.fixed_dictionaries(
        {
            "CustomerID": st.just(1),
            "InvoiceNo": st.sampled_from(["1", "2", "3", "4", "C1", "C2"]),
            "StockCode": PRODUCTS,
            "Quantity": st.sampled_from([-5, -1, 1, 1, 2, 12]),
            "UnitPrice": st.sampled_from([1e-10, 0.001, 0.105, 2.55, 33.0, 1000.0]),
            "InvoiceDate": ages.map(lambda seconds: as_of - timedelta(seconds=seconds)),
        }
    )
    drawn = draw(st.lists(line, min_size=1))
    drawn[0] |= {"InvoiceNo": "1", "Quantity": 1, "UnitPrice": 2.55}  # at least one order
    lines = [{key: value for key, value in one.items() if value is not None} for one in drawn]
    return lines, as_of


@st.composite
def formulas(draw: st.DrawFn) -> Formula:
    names = draw(st.lists(st.sampled_from(list(CANDIDATES)), unique=True))
    terms = []
    for name in names:
        size = draw(st.floats(0, 1.5))
        sign = CANDIDATES[name] or draw(st.sampled_from([-1, 1]))
        transform = draw(st.sampled_from(list(TRANSFORMS)))
        per_unit = 1.0 if transform == "log1p" else 0.01
        terms.append(Term(name, transform, draw(st.floats(0, 7)), sign * size * per_unit))
    return Formula(draw(st.floats(-1, 1)), tuple(terms), ())


@st.composite
def orders(draw: st.DrawFn) -> tuple[timedelta, float, Lines]:
    """Return an order: its day relative to as_of, its value in multiples of the required one, and its lines."""
    day = draw(st.integers(-1, WITHIN_DAYS - 1)) * DAY
    seconds = st.one_of(st.sampled_from([0, 1, 86_399]), st.integers(0, 86_399))
    line = st.fixed_dictionaries(
        {"StockCode": PRODUCTS, "UnitPrice": st.sampled_from([0.01, 0.333, 7.95]), "seconds": seconds}
    )
    return day, draw(st.sampled_from([1.0, 1.0, 1.01, 3.0, 1e4])), draw(st.lists(line, min_size=1, max_size=4))


def placed(order: tuple[timedelta, float, Lines], as_of: datetime, least: float) -> Lines:
    """Return the lines of an order of at least `least`; the last line makes up the difference."""
    day, times, parts = order
    rest = sum(part["UnitPrice"] for part in parts[:-1])
    prices = [*(part["UnitPrice"] for part in parts[:-1]), max(least * times - rest, 0.01)]
    return [
        {
            "CustomerID": 1, "InvoiceNo": "N", "Quantity": 1, "UnitPrice": price,
            "InvoiceDate": as_of + day + timedelta(seconds=part["seconds"]),
            **({"StockCode": part["StockCode"]} if part["StockCode"] else {}),
        }
        for part, price in zip(parts, prices, strict=True)
    ]  # fmt: skip


def as_of_then(database: Db, lines: Lines, as_of: datetime) -> Customer | None:
    stages = [{"$documents": lines}, *pipelines.orders(), *pipelines.customers(as_of)]
    found = list(database.aggregate(stages))
    return found[0] if found else None


def model_of(formula: Formula, shifts: list[float] | None = None, single_order: float = 1.0) -> ChurnModel:
    season = tuple(Shift(shift, 0.0) for shift in shifts) if shifts else NO_SEASON
    rates = SingleOrderRates(0.0, (Cell(None, None, 9, single_order, single_order, single_order),))
    return ChurnModel(formula, rates, season, 0.5, 90)


@many
@given(
    history=histories(),
    order=orders(),
    formula=formulas(),
    shifts=st.lists(st.floats(-0.5, 0.5), min_size=12, max_size=12),
    above=st.floats(0, 3),
)
def test_the_order_brings_the_risk_below_the_threshold_on_any_day_with_any_basket(
    database: Db,
    history: tuple[Lines, datetime],
    order: tuple[timedelta, float, Lines],
    formula: Formula,
    shifts: list[float],
    above: float,
) -> None:
    lines, as_of = history
    customer = as_of_then(database, lines, as_of)
    assume(customer)
    assert customer is not None
    model = model_of(formula, shifts)
    # A threshold at or below this customer's probability.
    model = model._replace(threshold=sigmoid(model.log_odds(customer) - above))
    assume(0 < model.threshold < 1)
    found = counterfactual(model, customer, 10_000.0)
    assume(found)
    assert found is not None
    placed_lines = placed(order, as_of, found.order_value)
    after = as_of_then(database, lines + placed_lines, as_of + order[0] + DAY)
    assert after is not None
    assert after["Frequency"] == customer["Frequency"] + 1
    assert model.probability(after) < model.threshold
    assert model.probability(after) <= found.churn_probability + 1e-12


CUSTOMER: Customer = {
    "Frequency": 3, "Monetary": 300.0, "AvgOrderValue": 100.0, "Recency": 60, "Tenure": 200, "net_monetary": 300.0,
    "returns": 0, "distinct_products": 9, "orders_90d": 1, "active_months": 3, "decayed_orders": 0.5,
    "recency_to_gap": 1.0, "returns_share": 0.0, "month": 12, "as_of": datetime(2011, 12, 10, tzinfo=UTC),
}  # fmt: skip
RETURNER = CUSTOMER | {"returns": 1, "net_monetary": 0.0, "returns_share": 1.0}


def by(*terms: tuple[str, float], base: float = 0.0) -> ChurnModel:
    return model_of(Formula(base, tuple(Term(name, "log1p", 0.0, weight) for name, weight in terms), ()))


def order_value(model: ChurnModel, customer: Customer = CUSTOMER, plausible: float = 2_000.0) -> float | None:
    found = counterfactual(model, customer, plausible)
    return found and found.order_value


def test_an_order_of_average_value_is_returned_where_it_suffices() -> None:
    model = by(("Frequency", -1.0), base=1.2)
    found = counterfactual(model, CUSTOMER | {"AvgOrderValue": 99.01}, 2_000.0)

    assert found == Counterfactual(100.0, WITHIN_DAYS, sigmoid(1.2 - math.log1p(4)))


@pytest.mark.parametrize(("average", "value"), [(0.0, 1.0), (0.5, 1.0), (7.0, 7.0), (7.01, 8.0), (77_184.0, 2_000.0)])
def test_the_average_value_is_rounded_up_and_limited_to_what_is_plausible(average: float, value: float) -> None:
    assert order_value(by(base=-1.0), CUSTOMER | {"AvgOrderValue": average}) == value


@pytest.mark.parametrize("needed", [400.995, 650.5, 1_000.0, 2_299.0])
@pytest.mark.parametrize("customer", [CUSTOMER, RETURNER], ids=["keeps everything", "returned everything"])
def test_otherwise_the_least_sufficient_value_is_returned(needed: float, customer: Customer) -> None:
    """In whole units: Monetary of `needed` suffices, with a cent for rounding."""
    returned = customer["Monetary"] - customer["net_monetary"]
    share = math.log1p((returned + 0.02) / needed) if returned else 0.0
    model = by(("Monetary", -1.0), ("returns_share", 0.5), base=math.log1p(needed) - 0.5 * share)

    assert order_value(model, customer) == math.ceil(needed + 0.01 + 1e-6 - 300)


def test_the_value_is_also_solved_for_an_untransformed_monetary() -> None:
    model = model_of(Formula(3.0, (Term("Monetary", "identity", 100.0, -0.01),), ()))

    assert order_value(model) == 101.0  # 300 + 101 − 0.01 ≥ 400, where the log-odds are 0


def test_there_is_no_order_with_an_untransformed_feature_of_unknown_range() -> None:
    for weight, value in ((-1e-6, None), (0.0, 100.0), (1e-6, None)):
        model = model_of(Formula(-50.0, (Term("net_monetary", "identity", 0.0, weight),), ()))
        assert order_value(model) == value


def test_an_implausibly_large_order_is_not_returned() -> None:
    model = by(("Monetary", -1.0), base=math.log1p(300 + 700))

    assert order_value(model, plausible=702.0) == 701.0
    assert order_value(model, plausible=700.0) is None
    assert order_value(model, RETURNER, plausible=700.0) is None
    assert order_value(model, CUSTOMER | {"AvgOrderValue": 5_000.0}, plausible=700.0) is None


@pytest.mark.parametrize("rising", ["Monetary", "distinct_products", "AvgOrderValue", "net_monetary", "returns"])
def test_there_is_no_order_where_the_log_odds_rise_with_an_unbounded_feature(rising: str) -> None:
    assert order_value(by((rising, 1e-6), ("decayed_orders", -1.0), base=-50.0)) is None


@pytest.mark.parametrize("terms", [(), (("Tenure", 0.0),), (("Monetary", 0.0),), (("Monetary", -1e-300),)])
def test_there_is_no_order_where_money_does_not_lower_the_risk(terms: tuple[tuple[str, float], ...]) -> None:
    assert order_value(by(*terms, base=0.1)) is None
    assert order_value(by(*terms, ("returns_share", 0.1), base=0.1), RETURNER) is None


@pytest.mark.parametrize(
    ("feature", "least", "most"),
    [
        ("Frequency", 4, 4),
        ("Monetary", 399.99, None),  # 300 may be rounded from 299.995
        ("Recency", 0, 1),  # 1 for an order at 00:00
        ("Tenure", 200, 207),
        ("orders_90d", 2, 2),
        ("active_months", 4, 4),
        ("decayed_orders", 0.5 * math.exp(-7 / 60) + math.exp(-1 / 60), 1.5),
        ("recency_to_gap", 0, 4 / 229),
        ("distinct_products", 9, None),
        ("returns_share", 0, 300.02 / 399.99),
    ],
)
def test_each_feature_takes_its_worst_possible_value(feature: str, least: float, most: float | None) -> None:
    falling, rising = (counterfactual(by((feature, w), base=-9.0), RETURNER, 2_000.0) for w in (-1, 1))

    assert falling is not None
    assert falling.churn_probability == pytest.approx(sigmoid(-9 - math.log1p(least)), rel=1e-7)
    assert (rising is None) == (most is None)
    if rising is not None and most is not None:
        assert rising.churn_probability == pytest.approx(sigmoid(-9 + math.log1p(most)), rel=1e-7)


def test_without_returns_the_returns_share_stays_zero() -> None:
    found = counterfactual(by(("returns_share", 1.0), base=-9.0), CUSTOMER, 2_000.0)

    assert found is not None
    assert found.churn_probability == sigmoid(-9.0)


@pytest.mark.parametrize("day", [24, 23])
def test_the_month_at_the_end_of_the_period_is_considered_too(day: int) -> None:
    january = [5.0] + 11 * [0.0]
    model = model_of(Formula(-1.0, (), ()), january)
    customer = CUSTOMER | {"as_of": datetime(2011, 12, day, tzinfo=UTC) + DAY}

    assert (order_value(model, customer) is None) == (day == 24)


@pytest.mark.parametrize(
    ("recency", "day", "grows"), [(9, 9, True), (9, 10, False), (5, 1, False), (40, 10, True), (365, 10, True)]
)
def test_a_new_active_month_counts_only_where_it_is_certain(recency: int, day: int, *, grows: bool) -> None:
    model = by(("active_months", -1.0), base=math.log1p(3) + 0.1)
    customer = CUSTOMER | {"Recency": recency, "as_of": datetime(2011, 12, day, tzinfo=UTC)}

    assert (order_value(model, customer) is not None) == grows


@pytest.mark.parametrize(
    ("tenure", "recency", "others"), [(82, 82, 3), (83, 82, 1), (200, 82, 1), (83, 83, 0), (200, 83, 0)]
)
def test_orders_that_may_leave_the_90_days_do_not_count(tenure: int, recency: int, others: int) -> None:
    customer = CUSTOMER | {"Tenure": tenure, "Recency": recency, "orders_90d": 3}

    assert order_value(by(("orders_90d", -1.0), base=math.log1p(1 + others) - 1e-6), customer) is not None
    assert order_value(by(("orders_90d", -1.0), base=math.log1p(1 + others) + 1e-6), customer) is None


@pytest.mark.parametrize("threshold", [1e-300, 1e-9, 0.5, 1 - 2**-53])
def test_any_threshold_is_handled(threshold: float) -> None:
    found = counterfactual(by(("Monetary", -5.0))._replace(threshold=threshold), CUSTOMER, 1e12)

    assert found is None or found.churn_probability < threshold


def test_an_order_below_the_threshold_only_by_rounding_is_not_returned() -> None:
    model = by(("Frequency", -1.0), base=1.2)
    worst = counterfactual(model, CUSTOMER, 2_000.0)
    assert worst is not None
    assert order_value(model._replace(threshold=math.nextafter(worst.churn_probability, 1))) is None
    assert order_value(model._replace(threshold=worst.churn_probability + 1e-8)) == 100.0


def test_huge_amounts_do_not_overflow() -> None:
    assert order_value(by(("Monetary", -1e-3), base=1e6), CUSTOMER | {"Monetary": 1e12}, plausible=1e12) is None

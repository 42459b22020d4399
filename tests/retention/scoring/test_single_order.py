"""The single-order table: every customer has one cell, no cell is hidden, and malformed content is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.scoring.single_order import Cell, SingleOrderRates

FRESH_FEW = Cell(60.0, 5.0, 120, -0.1, -0.4, 0.2)
FRESH = Cell(60.0, None, 80, -0.7, -1.1, -0.3)
OLD = Cell(None, None, 290, 1.05, 0.85, 1.25)
RATES = SingleOrderRates(0.3, (FRESH_FEW, FRESH, OLD))
LIMITS = st.one_of(st.none(), st.integers(1, 5).map(float))


@pytest.mark.parametrize(
    ("recency", "products", "cell"),
    [(0, 0, FRESH_FEW), (59, 4, FRESH_FEW), (59, 5, FRESH), (60, 1, OLD), (10**9, 10**9, OLD)],
)
def test_a_customer_belongs_to_the_first_cell_with_higher_limits(recency: int, products: int, cell: Cell) -> None:
    assert RATES.cell({"Recency": recency, "distinct_products": products}) == cell


def test_a_table_survives_json() -> None:
    assert SingleOrderRates.from_json(json.loads(json.dumps(RATES.to_json()))) == RATES


@given(st.lists(st.tuples(LIMITS, LIMITS), max_size=6))
def test_every_cell_of_an_accepted_table_can_have_customers(limits: list[tuple[float | None, float | None]]) -> None:
    table = SingleOrderRates(0.3, tuple(OLD._replace(recency_below=r, products_below=p) for r, p in [*limits, OLD[:2]]))
    try:
        read = SingleOrderRates.from_json(table.to_json())
    except ValueError:
        return
    days, products = range(7), range(7)
    found = {read.cell({"Recency": day, "distinct_products": count}) for day in days for count in products}
    assert found == set(read.cells)


def changed(index: int, **change: object) -> dict[str, Any]:
    content = RATES.to_json()
    content["cells"][index].update(change)
    return content


@pytest.mark.parametrize(
    "content",
    [
        RATES.to_json() | {"cells": []},
        RATES._replace(cells=(FRESH_FEW, FRESH)).to_json(),  # no cell for an old order
        RATES._replace(cells=(OLD, FRESH_FEW, FRESH)).to_json(),
        RATES._replace(cells=(FRESH, FRESH_FEW, OLD)).to_json(),  # the first hides the second
        RATES._replace(cells=(FRESH, FRESH, OLD)).to_json(),
        RATES._replace(cells=(FRESH, OLD, OLD)).to_json(),
        RATES.to_json() | {"base_log_odds": math.nan},
        changed(0, recency_below=0.0),
        changed(0, products_below=-1.0),
        changed(0, recency_below=math.nan),
        changed(0, products_below=math.inf),
        changed(1, log_odds=math.inf, high=math.inf),
        changed(1, low=-math.inf),
        changed(1, low=math.nan),
        changed(1, log_odds=-2.0),  # below its interval
        changed(1, log_odds=0.0),
        changed(1, customers=0),
        changed(1, customers=80.5),
        changed(1, customers=None),
    ],
)
def test_malformed_content_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        SingleOrderRates.from_json(content)


@pytest.mark.parametrize("name", Cell._fields)
def test_a_cell_with_a_missing_figure_is_refused(name: str) -> None:
    content = RATES.to_json()
    del content["cells"][1][name]
    with pytest.raises(KeyError, match=name):
        SingleOrderRates.from_json(content)

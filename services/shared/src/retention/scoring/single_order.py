"""Customers with one order: no rhythm to learn from, so what became of others like them. Pure arithmetic.

"Like them" is a cell of a small table: how long ago the order was, and how many different products were in it.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.scoring.formula import finite

if TYPE_CHECKING:
    from retention.scoring.formula import Features

RECENCY: Final = "Recency"
BREADTH: Final = "distinct_products"


class Cell(NamedTuple):
    """What became of the single-order customers below both limits (None: no limit) and in no earlier cell.

    `log_odds` is the log-odds of their empirical churn rate; `low` and `high` those of its Wilson interval.
    """

    recency_below: float | None  # days
    products_below: float | None  # different products in the order
    customers: int
    log_odds: float
    low: float
    high: float

    def holds(self, recency: float, products: float) -> bool:
        """Return whether such a customer is below both limits."""
        return (self.recency_below is None or recency < self.recency_below) and (
            self.products_below is None or products < self.products_below
        )

    @property
    def limits(self) -> tuple[float, float]:
        """Both limits, infinite where there is none: below the limits of an earlier cell lies nobody it has."""
        return _or_infinite(self.recency_below), _or_infinite(self.products_below)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Cell:
        """Return the cell; TypeError, KeyError or ValueError when the content is not one."""
        recency_below, products_below = (
            None if content[name] is None else finite(content[name]) for name in cls._fields[:2]
        )
        log_odds, low, high = (finite(content[name]) for name in ("log_odds", "low", "high"))
        customers = content["customers"]
        if not isinstance(customers, int) or customers < 1:
            raise ValueError(f"a cell of single_order has {customers!r} customers")
        if not low <= log_odds <= high:
            raise ValueError("a rate of single_order lies outside of its interval")
        return cls(recency_below, products_below, customers, log_odds, low, high)


def _or_infinite(limit: float | None) -> float:
    return math.inf if limit is None else limit


class SingleOrderRates(NamedTuple):
    """The cells in order, the last without limits, and the log-odds of all single-order customers together."""

    base_log_odds: float
    cells: tuple[Cell, ...]

    def cell(self, features: Features) -> Cell:
        """Return the first cell that holds the customer."""
        recency, products = features[RECENCY], features[BREADTH]
        return next(cell for cell in self.cells if cell.holds(recency, products))

    def to_json(self) -> dict[str, Any]:
        """Return the table as it stands in `churn.json`."""
        return {"base_log_odds": self.base_log_odds, "cells": [cell._asdict() for cell in self.cells]}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> SingleOrderRates:
        """Return the table; TypeError, KeyError or ValueError when the content is not one."""
        cells = tuple(map(Cell.from_json, content["cells"]))
        if not cells or cells[-1].limits != (math.inf, math.inf):
            raise ValueError("the last cell of single_order must have no limits: it holds whom no other does")
        # Ascending, so that none is hidden by an earlier one: it would have to have lower limits, or the same.
        if (
            any(left.limits >= right.limits for left, right in pairwise(cells))
            or min(min(c.limits) for c in cells) <= 0
        ):
            raise ValueError("the cells of single_order must ascend, by recency and then by products, from above 0")
        return cls(finite(content["base_log_odds"]), cells)

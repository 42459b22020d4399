"""Churn of customers with one order, as a small table of empirical rates. Pure arithmetic.

One order shows no rhythm. Each cell of the table covers similar customers: by days since the order, and by the number
of different products in it.
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
    """The single-order customers below both limits (None: no limit) and in no earlier cell.

    `log_odds` is the log-odds of their churn rate, `low` and `high` those of its Wilson interval.
    """

    recency_below: float | None  # days
    products_below: float | None  # different products in the order
    customers: int
    log_odds: float
    low: float
    high: float

    def holds(self, recency: float, products: float) -> bool:
        """Return whether a customer with these figures is below both limits."""
        return (self.recency_below is None or recency < self.recency_below) and (
            self.products_below is None or products < self.products_below
        )

    @property
    def limits(self) -> tuple[float, float]:
        """Both limits, infinite where there is none."""
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
            raise ValueError(f"single_order: customers must be a whole number of at least 1, not {customers!r}")
        if not low <= log_odds <= high:
            raise ValueError("single_order: a cell's rate is outside its interval")
        return cls(recency_below, products_below, customers, log_odds, low, high)


def _or_infinite(limit: float | None) -> float:
    return math.inf if limit is None else limit


class SingleOrderRates(NamedTuple):
    """The cells in order, the last one without limits, and the log-odds over all single-order customers."""

    base_log_odds: float
    cells: tuple[Cell, ...]

    def cell(self, features: Features) -> Cell:
        """Return the customer's cell."""
        recency, products = features[RECENCY], features[BREADTH]
        return next(cell for cell in self.cells if cell.holds(recency, products))

    def to_json(self) -> dict[str, Any]:
        """Return the table as written to `churn.json`."""
        return {"base_log_odds": self.base_log_odds, "cells": [cell._asdict() for cell in self.cells]}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> SingleOrderRates:
        """Return the table; TypeError, KeyError or ValueError when the content is not one."""
        cells = tuple(map(Cell.from_json, content["cells"]))
        if not cells or cells[-1].limits != (math.inf, math.inf):
            raise ValueError("single_order: the last cell must have no limits, so that every customer is in one")
        # In ascending order no cell is hidden by an earlier one with limits as high as its own.
        if (
            any(left.limits >= right.limits for left, right in pairwise(cells))
            or min(min(c.limits) for c in cells) <= 0
        ):
            raise ValueError("single_order: the cells must ascend by recency, then by products, with limits above 0")
        return cls(finite(content["base_log_odds"]), cells)

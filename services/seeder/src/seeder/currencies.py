"""Amounts in another currency: put aside, or converted at given rates; never added up as they are."""

from __future__ import annotations

import csv
from bisect import bisect_right
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.errors import BadDataError, NoInputError
from retention.lines.rules import RULES, Rejection, rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from seeder.formats.plan import Cells, Line, Order, Plan

REASON: Final = "other_currency"
_COLUMNS: Final = ("currency", "date from", "rate")
_FIELDS: Final = [rule.name for rule in RULES]
_DATE, _PRICE = _FIELDS.index("InvoiceDate"), _FIELDS.index("UnitPrice")


class Rates:
    """Rates into the shop's currency, each from its day until the next."""

    def __init__(self, rates: dict[str, list[tuple[date, float]]]) -> None:
        self._rates = {code: sorted(by_day) for code, by_day in rates.items()}

    def __contains__(self, code: object) -> bool:
        return code in self._rates

    def rate(self, code: str, day: date) -> float | None:
        """Return the rate that holds on this day; None before the first and for an unknown currency."""
        by_day = self._rates.get(code, [])
        at = bisect_right(by_day, day, key=lambda each: each[0])
        return by_day[at - 1][1] if at else None


def read_rates(path: Path) -> Rates:
    """Read a CSV with the columns currency, date from and rate.

    Raises NoInputError without the file, and BadDataError that names the row which cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise NoInputError(f"--rates {path}: cannot be read: {error}") from None
    if not rows or tuple(name.strip().lower().replace("_", " ") for name in rows[0]) != _COLUMNS:
        raise BadDataError(f"--rates {path}: the first row must be {','.join(_COLUMNS)}")
    rates: dict[str, list[tuple[date, float]]] = {}
    for number, row in enumerate(rows[1:], 2):
        try:
            code, day, rate = (cell.strip() for cell in row)
            value = float(rate)
            rates.setdefault(code.upper(), []).append((date.fromisoformat(day), value))
        except ValueError:
            value = 0
        if not 0 < value < 1e9:  # noqa: PLR2004 - refuses NaN and infinity too
            raise BadDataError(f"--rates {path}: row {number} must be like EUR,2025-01-31,0.8412, not {','.join(row)}")
    return Rates(rates)


class Currencies(NamedTuple):
    """The shop's currency, None where nothing says it, and the rates given for others."""

    shop: str | None
    rates: Rates | None
    instant: Callable[[Any], datetime | None]  # reads a date cell

    def leave_alone(self, plan: Plan) -> bool:
        """Whether every row of the table stays as it is."""
        return plan.currency is None or self.shop is None

    def rows(self, rows: Iterator[Sequence[Any]], plan: Plan, cells: Cells) -> Iterator[Sequence[Any]]:
        """Yield the rows of a line feed: converted, or rejected where their currency is another one."""
        if self.leave_alone(plan):
            return rows
        return (self._row(row, plan, cells) for row in rows)

    def _row(self, row: Sequence[Any], plan: Plan, cells: Cells) -> Sequence[Any]:
        if isinstance(row, Rejection) or plan.currency is None or len(row) <= plan.currency:
            return row
        code = str(row[plan.currency] or "").strip().upper()
        if code in {"", self.shop}:
            return row
        rate = self._rate(code, row[plan.dates[0]])
        price = plan.numbers[-1]
        if rate is None:
            return rejection(REASON, "Currency", row)
        converted = list(row)
        converted[price] = (cells.number(row[price]) or 0.0) * rate
        return converted

    def order(self, order: Order) -> Order | Rejection:
        """Return the order in the shop's currency, or a Rejection."""
        if order.currency in {None, self.shop} or self.shop is None or not order.lines:
            return order
        rate = self._rate(order.currency or "", order.lines[0][_DATE])
        if rate is None:
            return rejection(REASON, "Currency", order.lines[0][: len(RULES)])
        return order._replace(lines=[_converted(line, rate) for line in order.lines], currency=self.shop, stated=None)

    def _rate(self, code: str, cell: object) -> float | None:
        instant = self.instant(cell) if self.rates and code in self.rates else None
        return self.rates.rate(code, instant.date()) if self.rates and instant else None


def _converted(line: Line, rate: float) -> Line:
    *values, total = line
    price = values[_PRICE]
    values[_PRICE] = price if price is None else float(price) * rate
    return (*values, None if total is None else total * rate)

"""The table of raw rows: what was drawn, made into Python values, with a few bad rows.

Source of the figures: "Online Retail", UCI Machine Learning Repository (CC BY 4.0).
"""

from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Final

import numpy as np
import numpy.typing as npt

from seeder.sources.synthetic.countries import COUNTRIES, draw_countries
from seeder.sources.synthetic.customers import FIRST_DAY, TradingTime, trading_time
from seeder.sources.synthetic.invoices import Invoices, draw_invoices
from seeder.sources.synthetic.lines import Lines, draw_lines
from seeder.sources.synthetic.products import Catalogue, draw_catalogue

Ints = npt.NDArray[np.int64]
Rng = np.random.Generator
Row = tuple[object, ...]

FIRST_INVOICE: Final = 536_365
FIRST_CUSTOMER: Final = 12_346
# Bad rows: one in 20,000, but at least three from 10,000 on. They take turns: a column, and the value in it.
ROWS_PER_BAD_ROW: Final = 20_000
BAD_ROWS_FROM: Final = 10_000
BAD_ROWS_AT_LEAST: Final = 3
BAD_VALUES: Final = ((4, "not a date"), (3, "six"), (0, ""), (5, "n/a"))


def synthetic_rows(rows: int, seed: int) -> Iterator[Row]:
    """Exactly *rows* raw rows in the published order, by invoice time, each invoice together; the same for a *seed*.

    Quantity is an int, InvoiceDate a naive datetime in whole minutes, UnitPrice a float in pounds with 2 decimals;
    Description and CustomerID may be None; a bad row has one unreadable str. ValueError below 1 row.
    """
    if rows < 1:
        message = f"rows must be at least 1, not {rows}"
        raise ValueError(message)
    rng = Rng(np.random.PCG64(seed))
    time = trading_time()
    catalogue = draw_catalogue(rng)
    invoices = draw_invoices(rows, time, rng)
    country = draw_countries(int(invoices.customer.max()) + 1, rng)
    lines = draw_lines(invoices, (country[invoices.customer] > 0) & (invoices.customer >= 0), catalogue, rng)
    bad = _draw_bad_rows(rows, int(lines.starts[np.searchsorted(invoices.at, time.last_day_opens)]), rng)
    return _with_bad_rows(_rendered(invoices, lines, country, catalogue, time), bad)


def _draw_bad_rows(rows: int, before: int, rng: Rng) -> dict[int, tuple[int, str]]:
    """Draw the positions of the bad rows, all *before* the last day, each with a column and its bad value."""
    bad = max(BAD_ROWS_AT_LEAST, rows // ROWS_PER_BAD_ROW) if rows >= BAD_ROWS_FROM else 0
    places = np.sort(rng.choice(before, bad, replace=False)).tolist() if bad else []
    return dict(zip(places, cycle(BAD_VALUES), strict=False))


def _rendered(
    invoices: Invoices, lines: Lines, country: Ints, catalogue: Catalogue, time: TradingTime
) -> Iterator[Row]:
    """Yield rows of Python objects, made a block of invoices at a time, so that memory does not grow with them."""
    countries = list(COUNTRIES)
    for first, beyond in lines.blocks():
        number = [
            f"C{position}" if parent >= 0 else str(position)
            for position, parent in enumerate(invoices.parent[first:beyond].tolist(), FIRST_INVOICE + first)
        ]
        when = (FIRST_DAY + time.minutes(invoices.at[first:beyond]).astype("timedelta64[m]")).tolist()
        customer = invoices.customer[first:beyond].tolist()
        who = [FIRST_CUSTOMER + one if one >= 0 else None for one in customer]
        where = [countries[country[one]] if one >= 0 else countries[0] for one in customer]
        block = slice(lines.starts[first], lines.starts[beyond])
        for i, code, quantity, pence in zip(
            np.repeat(np.arange(beyond - first), invoices.lines[first:beyond]).tolist(),
            *(column[block].tolist() for column in (lines.code, lines.quantity, lines.pence)),
            strict=True,
        ):
            # Write-offs carry no description: 1,336 write-offs and 1,454 missing descriptions in Online Retail.
            description = catalogue.descriptions[code] if pence or quantity > 0 else None
            yield (number[i], catalogue.codes[code], description, quantity, when[i], pence / 100, who[i], where[i])


def _with_bad_rows(rows: Iterator[Row], bad: Mapping[int, tuple[int, str]]) -> Iterator[Row]:
    """Yield the same rows, those in *bad* with one unreadable value."""
    for position, row in enumerate(rows):
        if position in bad:
            column, value = bad[position]
            yield (*row[:column], value, *row[column + 1 :])
        else:
            yield row

"""Synthetic transactions with the published shape of Online Retail: the data of a machine that is offline.

The story: customers place orders (customers.py); these, returns, anonymous sales and stock adjustments are the invoices
(invoices.py); every line of them gets a product (products.py), a quantity and a price (lines.py); here all this becomes
raw rows, and a few are spoilt for the loader to find.

Source of the figures: "Online Retail", UCI Machine Learning Repository (CC BY 4.0).
"""

import csv
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from retention.store import schema
from seeder.sources.synthetic.customers import FIRST_DAY, TradingTime, trading_time
from seeder.sources.synthetic.invoices import Invoices, draw_invoices
from seeder.sources.synthetic.lines import Lines, draw_lines
from seeder.sources.synthetic.products import Catalogue, draw_catalogue

Ints = npt.NDArray[np.int64]
Rng = np.random.Generator
Row = tuple[object, ...]

FIRST_INVOICE: Final = 536_365
FIRST_CUSTOMER: Final = 12_346
# Customers per country in Online Retail. The rarest count 1.5, so that a table of 400,000 rows knows all 38.
COUNTRIES: Final[Mapping[str, float]] = {
    "United Kingdom": 3950,
    "Germany": 95,
    "France": 87,
    "Spain": 30,
    "Belgium": 25,
    "Switzerland": 20,
    "Portugal": 19,
    "Italy": 15,
    "Finland": 12,
    "Norway": 10,
    "EIRE": 10,
    "Australia": 9,
    "Netherlands": 9,
    "Austria": 9,
    "Channel Islands": 9,
    "Sweden": 8,
    "Denmark": 8,
    "Japan": 8,
    "Cyprus": 7,
    "Poland": 6,
    "Israel": 4,
    "Greece": 4,
    "Unspecified": 4,
    "USA": 4,
    "Canada": 4,
    "Malta": 2,
    "United Arab Emirates": 2,
    "Bahrain": 2,
    "Hong Kong": 1.5,
    "Iceland": 1.5,
    "Lithuania": 1.5,
    "Saudi Arabia": 1.5,
    "Lebanon": 1.5,
    "Singapore": 1.5,
    "Czech Republic": 1.5,
    "Brazil": 1.5,
    "European Community": 1.5,
    "RSA": 1.5,
}

# One bad row in 20,000, but three from 10,000 on; in turn, a column and what stands in it.
ROWS_PER_BAD_ROW: Final = 20_000
BAD_ROWS_FROM: Final = 10_000
BAD_ROWS_AT_LEAST: Final = 3
BAD_VALUES: Final = ((4, "not a date"), (3, "six"), (0, ""), (5, "n/a"))


def synthetic_rows(rows: int, seed: int) -> Iterator[Row]:
    """Exactly *rows* raw rows in the published order, by invoice time, invoices in one piece; the same for a *seed*.

    Quantity is an int, InvoiceDate a naive datetime in whole minutes, UnitPrice a float in pounds with 2 decimals;
    Description and CustomerID may be None; a bad row has a str where nothing can be read. ValueError below 1 row.
    """
    if rows < 1:
        message = f"rows must be at least 1, not {rows}"
        raise ValueError(message)
    rng = Rng(np.random.PCG64(seed))
    time = trading_time()
    catalogue = draw_catalogue(rng)
    invoices = draw_invoices(rows, time, rng)
    country = _draw_countries(int(invoices.customer.max()) + 1, rng)
    lines = draw_lines(invoices, (country[invoices.customer] > 0) & (invoices.customer >= 0), catalogue, rng)
    bad = _draw_bad_rows(rows, int(lines.starts[np.searchsorted(invoices.at, time.last_day_opens)]), rng)
    return _spoilt(_rendered(invoices, lines, country, catalogue, time), bad)


def write_csv(path: Path, rows: int, seed: int) -> None:
    """Write the rows to *path*, whole or not at all: published header, `dd-mm-yyyy HH:MM`, UTF-8, CRLF."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(schema.LINE_FIELDS)
            writer.writerows(_with_written_dates(synthetic_rows(rows, seed)))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _draw_countries(customers: int, rng: Rng) -> Ints:
    """Each customer's position in COUNTRIES, in the published shares as exactly as *customers* allow."""
    shares = np.cumsum(list(COUNTRIES.values())) / sum(COUNTRIES.values())
    country: Ints = np.searchsorted(shares, (rng.permutation(customers) + 0.5) / customers)
    return country


def _draw_bad_rows(rows: int, before: int, rng: Rng) -> dict[int, tuple[int, str]]:
    """Which rows to spoil, all *before* the last day, and what to put where."""
    bad = max(BAD_ROWS_AT_LEAST, rows // ROWS_PER_BAD_ROW) if rows >= BAD_ROWS_FROM else 0
    places = np.sort(rng.choice(before, bad, replace=False)).tolist() if bad else []
    return dict(zip(places, cycle(BAD_VALUES), strict=False))


def _rendered(
    invoices: Invoices, lines: Lines, country: Ints, catalogue: Catalogue, time: TradingTime
) -> Iterator[Row]:
    """Make Python objects a block of invoices at a time, so that memory does not grow with their number."""
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


def _spoilt(rows: Iterator[Row], bad: Mapping[int, tuple[int, str]]) -> Iterator[Row]:
    """Yield the same rows, those in *bad* with one value that cannot be read."""
    for position, row in enumerate(rows):
        if position in bad:
            column, value = bad[position]
            yield (*row[:column], value, *row[column + 1 :])
        else:
            yield row


def _with_written_dates(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield the same rows with the date as text; the lines of one invoice share one conversion."""
    last, text = None, ""
    for row in rows:
        if row[4] is not last:
            last = row[4]
            text = f"{last:%d-%m-%Y %H:%M}" if isinstance(last, datetime) else str(last)
        yield (*row[:4], text, *row[5:])

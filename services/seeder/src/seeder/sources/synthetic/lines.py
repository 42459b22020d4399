"""The lines of the invoices: product, quantity and price.

Source of the figures: "Online Retail", UCI Machine Learning Repository (CC BY 4.0).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from seeder.sources.synthetic.invoices import Invoices
from seeder.sources.synthetic.products import PRODUCTS, Catalogue

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rng = np.random.Generator

# 33 % of lines repeat a code that the customer bought before: some are drawn from this many habits per customer.
HABITS: Final = 45
HABIT_SHARE: Final = 0.75
# A code is rarely twice on one invoice by chance: repeats are drawn again this many times.
REDRAWS: Final = 2
SERVICE_SHARE: Final = 0.003  # of lines: carriage, manual entries, fees
POSTAGE_SHARE: Final = 0.6  # of orders from abroad
COPY_SHARE: Final = 0.0105  # of lines: exact duplicates of the previous line (5,268 of 541,909)

# Standard deviation of log value between the lines of one order, and the exponent of the price in a line's value:
# in the data, log quantity has standard deviation 1.21 and correlation -0.41 with log price.
LINE_VALUE_SPREAD: Final = 0.6
LINE_VALUE_WITH_PRICE: Final = 0.4
# The commonest quantities are 1, 12, 2, 6, 4, 3, 24 and 10.
PACKS: Final = np.asarray(
    [1, 2, 3, 4, 6, 8, 10, 12, 24, 36, 48, 72, 100, 144, 200, 288, 432, 600, 864, 1_200, 2_400, 4_800]
)
PACK_LIMITS: Final = np.sqrt(PACKS[:-1] * PACKS[1:])
BULK_QUANTITY: Final = 48
BULK_PRICE_FACTOR: Final = 0.86  # median price of bulk lines, relative to the code's usual price
ANONYMOUS_PRICE_FACTOR: Final = 1.67  # the retail price: median 3.29 instead of 1.95
RETURN_IN_FULL: Final = 0.35
ADJUSTED_QUANTITY: Final = 200  # the most that is added or written off

# Temporary columns take about 200 bytes a line: 4 MB a block.
BLOCK_LINES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Lines:
    """One entry per line, 10 bytes each; *starts* holds each invoice's first line and, last, the number of lines."""

    code: npt.NDArray[np.int16]
    quantity: npt.NDArray[np.int32]
    pence: npt.NDArray[np.int32]
    starts: Ints

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of whole invoices, [first, beyond), of about BLOCK_LINES lines each."""
        full = np.arange(0, self.starts[-1], BLOCK_LINES)
        firsts = np.searchsorted(self.starts[:-1], full)
        yield from pairwise(np.unique([*firsts, self.starts.size - 1]).tolist())


def draw_lines(invoices: Invoices, abroad: npt.NDArray[np.bool_], catalogue: Catalogue, rng: Rng) -> Lines:
    """Draw all lines of *invoices*, in their order; *abroad* marks the invoices that are posted abroad."""
    starts = np.concatenate(([0], np.cumsum(invoices.lines)))
    lines = Lines(
        np.empty(starts[-1], np.int16), np.empty(starts[-1], np.int32), np.empty(starts[-1], np.int32), starts
    )
    habits = catalogue.products(rng.random((invoices.customer.max() + 1, HABITS))).astype(np.int16)
    for first, beyond in lines.blocks():
        block = slice(starts[first], starts[beyond])
        invoice = np.repeat(np.arange(first, beyond), invoices.lines[first:beyond])
        customer = invoices.customer[invoice]
        code = _codes(invoice, customer, habits, catalogue, rng)
        closing = starts[first + 1 : beyond + 1] - 1 - starts[first]
        posted = closing[abroad[first:beyond] & (rng.random(closing.size) < POSTAGE_SHARE)]
        code[posted] = PRODUCTS
        price = catalogue.pence[code] * np.where(customer < 0, ANONYMOUS_PRICE_FACTOR, 1.0)
        quantity, pence = _amounts(price, _split(invoices.value, invoice, price, rng), code < PRODUCTS)
        copied = np.flatnonzero((np.diff(invoice) == 0) & (rng.random(invoice.size - 1) < COPY_SHARE)) + 1
        for column, drawn in ((lines.code, code), (lines.quantity, quantity), (lines.pence, pence)):
            drawn[copied] = drawn[copied - 1]
            column[block] = drawn
    _adjust(lines, starts[:-1][invoices.value == 0.0], rng)
    _fill_returns(lines, invoices, rng)
    return lines


def _codes(invoice: Ints, customer: Ints, habits: npt.NDArray[np.int16], catalogue: Catalogue, rng: Rng) -> Ints:
    """Draw each line's code: by popularity, from the customer's habits, or rarely a service."""
    code = catalogue.products(rng.random(customer.size))
    habit = np.flatnonzero((customer >= 0) & (rng.random(customer.size) < HABIT_SHARE))
    code[habit] = habits[customer[habit], rng.integers(0, HABITS, habit.size)]
    for _ in range(REDRAWS):
        repeated = _repeated(invoice, code)
        code[repeated] = catalogue.products(rng.random(repeated.size))
    service = np.flatnonzero(rng.random(customer.size) < SERVICE_SHARE)
    code[service] = catalogue.service_codes(rng.random(service.size))
    return code


def _repeated(invoice: Ints, code: Ints) -> Ints:
    """Return the positions of lines whose code is on their invoice already."""
    _, firsts = np.unique(invoice * PRODUCTS + code, return_index=True)
    repeated = np.ones(code.size, np.bool_)
    repeated[firsts] = False
    return np.flatnonzero(repeated)


def _split(value: Floats, invoice: Ints, price: Floats, rng: Rng) -> Floats:
    """Pence for each line: its invoice's value, split unevenly over the invoice's lines."""
    weight = price**LINE_VALUE_WITH_PRICE * rng.lognormal(0.0, LINE_VALUE_SPREAD, invoice.size)
    nth = invoice - invoice[0]
    share: Floats = 100.0 * value[invoice] * weight / np.bincount(nth, weight)[nth]
    return share


def _amounts(price: Floats, wish: Floats, packed: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Quantity and unit price in pence that come close to *wish* pence: whole packs, cheaper in bulk."""
    quantity = np.where(packed, PACKS[np.searchsorted(PACK_LIMITS, wish / price)], 1)
    bulk = np.where(quantity >= BULK_QUANTITY, BULK_PRICE_FACTOR, 1.0)
    return quantity, np.rint(price * bulk).astype(np.int64)


def _adjust(lines: Lines, at: Ints, rng: Rng) -> None:
    """Make the lines *at* these positions stock adjustments: price 0, every other one a write-off."""
    sign = np.where(np.arange(at.size) % 2, 1, -1)
    lines.quantity[at] = sign * np.ceil(ADJUSTED_QUANTITY * (1.0 - rng.random(at.size)) ** 3)
    lines.code[at] %= PRODUCTS
    lines.pence[at] = 0


def _fill_returns(lines: Lines, invoices: Invoices, rng: Rng) -> None:
    """Make each return's lines consecutive lines of its order, with a negative quantity, at most the one sold."""
    back = np.flatnonzero(invoices.parent >= 0)
    count, parent = invoices.lines[back], invoices.parent[back]
    skipped = (rng.random(back.size) * (invoices.lines[parent] - count + 1)).astype(np.int64)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    here = np.repeat(lines.starts[back], count) + nth
    sold = np.repeat(lines.starts[parent] + skipped, count) + nth
    part = np.where(rng.random(nth.size) < RETURN_IN_FULL, 1.0, (1.0 - rng.random(nth.size)) ** 2)
    lines.code[here], lines.pence[here] = lines.code[sold], lines.pence[sold]
    lines.quantity[here] = -np.ceil(part * lines.quantity[sold])

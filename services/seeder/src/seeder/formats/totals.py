"""Columns of totals: of a line, of an order, or a price that is a total; and the row of totals at the end of a report."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from seeder.formats.spellings import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

TOTAL_WORDS: Final = frozenset(
    plain(word)
    for word in "total totals sum sum_total grand_total subtotal summe gesamt gesamtsumme insgesamt endsumme totale "
    "totales totaux somme suma soma total_general total_geral totaal eindtotaal razem ogolem lacznie toplam "
    "genel_toplam".split()
)
Kind: TypeAlias = Literal["line", "price", "order"]

_NEARLY_ALL: Final = 0.95  # the rest: rows of a voucher, a fee, a mended price
_CENT: Final = 0.011
_HALF_CENT: Final = 0.0051  # a price is rounded to the cent, so a line is off by half of one per unit
_LOWEST: Final = 0.5  # an order's total by the sum of its lines: after a discount …
_HIGHEST: Final = 2.0  # … and with tax and shipping


class Figures(NamedTuple):
    """What one row says, None for a blank or unreadable cell."""

    invoice: object
    quantity: float | None
    price: float | None
    total: float | None


class Evidence:
    """Counts of rows and orders that agree with each meaning of a total."""

    def __init__(self) -> None:
        self.rows = self.lines = self.telling = self.prices = 0
        self.orders = self.near = self.several = self.constant = self.split = 0

    def add(self, order: Sequence[Figures]) -> None:
        """Add the rows of one order."""
        for row in order:
            self._add_row(row)
        totals = [row.total for row in order if row.total is not None]
        if not totals:
            return
        self.orders += 1
        steady = max(totals) - min(totals) < _CENT
        if len(order) > 1:
            self.several += 1
            self.constant += steady
            self.split += len(totals) > 1 and not steady
        value = sum((row.quantity or 0) * row.price for row in order if row.price is not None)
        self.near += steady and value != 0 and _LOWEST <= totals[0] / value <= _HIGHEST

    def _add_row(self, row: Figures) -> None:
        if row.total is None or row.price is None or row.quantity is None:
            return
        self.rows += 1
        value = row.quantity * row.price
        is_line = min(abs(row.total - value), abs(row.total + value)) <= max(_CENT, _HALF_CENT * abs(row.quantity))
        self.lines += is_line
        if abs(row.quantity) > 1 and abs(row.price) > _CENT:
            self.telling += 1
            self.prices += abs(abs(row.total) - abs(row.price)) < _HALF_CENT

    def kind(self) -> Kind | None:
        """Return what the column holds; None when it agrees with no meaning."""
        if self.rows and self.lines >= _NEARLY_ALL * self.rows and not (self.several and not self.split):
            return "line"
        if self.telling and self.prices == self.telling:
            return "price"
        if self.orders and self.constant >= _NEARLY_ALL * self.several and self.near >= _NEARLY_ALL * self.orders:
            return "order" if self.several or self.lines < self.rows else "line"
        return "line" if self.rows and self.lines >= _NEARLY_ALL * self.rows else None


def weigh(rows: Iterable[Figures]) -> Evidence:
    """Return the evidence of all rows; those of one order stand one after the other."""
    evidence = Evidence()
    for _, order in groupby(rows, key=lambda row: row.invoice):
        evidence.add(list(order))
    return evidence


def is_totals_row(invoice: object, date: object, person: object, others: Iterable[object] = ()) -> bool:
    """Whether a row without date and person is a report's last one: a word for total in place of the invoice.

    Where the invoice is blank, the word may stand in one of `others`.
    """
    if not (is_blank(date) and is_blank(person)):
        return False
    if is_blank(invoice):
        return any(is_total_word(cell) for cell in others)
    return is_total_word(invoice)


def is_total_word(cell: object) -> bool:
    """Whether a cell is a word for total, in one of nine languages."""
    return isinstance(cell, str) and plain(cell) in TOTAL_WORDS


def is_blank(cell: object) -> bool:
    """Whether a cell is empty or of blanks alone."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def amount(cell: object, number: Callable[[object], float | None]) -> float | None:
    """Return the number in a cell, None for a blank or unreadable one."""
    try:
        return number(cell)
    except ValueError:
        return None

"""Columns of totals: of a line, of an order, or a price that is a total; and a report's last row of totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from seeder.formats.spellings import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_WORDS: Final = (
    "total totals sum sum_total grand_total subtotal summe gesamt gesamtsumme insgesamt endsumme totale "
    "totales totaux somme suma soma total_general total_geral totaal eindtotaal razem ogolem lacznie toplam "
    "genel_toplam"
)
TOTAL_WORDS: Final = frozenset(map(plain, _WORDS.split()))
Kind: TypeAlias = Literal["line", "price", "order"]

_NEARLY_ALL: Final = 0.95  # the rest: rows of a voucher, a fee, a mended price
_CENT: Final = 0.011
_HALF_CENT: Final = 0.0051  # a price is rounded to the cent, so a line is off by half of one per unit
_LOWEST: Final = 0.5  # an order's total by the sum of its lines: after a discount …
_HIGHEST: Final = 2.0  # … and with tax and shipping


class Figures(NamedTuple):
    """What one row says, None for a blank or unreadable cell."""

    quantity: float | None
    price: float | None
    total: float | None
    discount: float | None = None  # of the line, as an amount, a share or a percentage


class Evidence:
    """Counts of rows and orders that agree with each meaning of a total."""

    def __init__(self) -> None:
        self.rows = self.lines = self.exact = self.telling = self.prices = 0
        self.orders = self.steady = self.near = self.several = self.of_lines = self.of_order = self.repeated = 0

    def add(self, order: Sequence[Figures]) -> None:
        """Add the rows of one order."""
        stated = [row for row in order if row.total is not None]
        if not stated:
            return
        lines = [self._add_row(row) for row in stated if row.price is not None and row.quantity is not None]
        totals = [row.total or 0 for row in stated]
        steady = max(totals) - min(totals) < _CENT
        near = steady and _is_near(
            totals[0], sum(row.price * (row.quantity or 0) for row in order if row.price is not None)
        )
        self.orders += 1
        self.steady += steady
        self.near += near
        if len(order) > 1:  # these alone tell a line's total from an order's
            self.several += 1
            self.of_lines += bool(lines) and all(lines)
            self.of_order += near
            self.repeated += len(stated) == len(order) and len({row.total for row in order}) == 1

    def _add_row(self, row: Figures) -> bool:
        total, price, quantity = abs(row.total or 0), abs(row.price or 0), abs(row.quantity or 0)
        allowed = max(_CENT, _HALF_CENT * quantity)
        is_line = any(abs(total - value) <= allowed for value in _values(price * quantity, abs(row.discount or 0)))
        self.rows += 1
        self.lines += is_line
        self.exact += round(price * quantity, 6) == round(total, 6)
        if quantity > 1 and price > _CENT:
            self.telling += 1
            self.prices += abs(total - price) < _HALF_CENT
        return is_line

    def kind(self) -> Kind | None:
        """Return what the column holds; None when it agrees with no meaning."""
        if self.rows and self.lines >= _NEARLY_ALL * self.rows and self.of_lines >= _NEARLY_ALL * self.several:
            return "line"
        if self.telling and self.prices == self.telling:
            return "price"
        if self.orders and self.near >= _NEARLY_ALL * self.orders and self.of_order >= _NEARLY_ALL * self.several:
            return "order"
        return None


def _values(value: float, discount: float) -> tuple[float, ...]:
    """Return what a line may come to: its value, and less a discount where there is one."""
    if not discount:
        return (value,)
    return (value, value - discount, value * (1 - discount), value * (1 - discount / 100))


def _is_near(total: float, value: float) -> bool:
    return value != 0 and _LOWEST <= total / value <= _HIGHEST


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

"""Lines of whole orders: the line's total is the truth, and the unit price is derived from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seeder.formats.plan import Line, Picked

MAX_CODE: Final = 50  # characters of a product code, as in the rules of a line; a name in its place may be longer
MAX_TEXT: Final = 1_000
TOTAL: Final = 8  # the place of the stated total in a line
_NOBODY: Final = frozenset({"", "0", "0.0", "guest", "nan", "null", "none", "na", "n/a"})


def text(row: Picked, index: int | None) -> str:
    """Return a cell as trimmed text; "" for a missing column or value."""
    value = None if index is None else row[index]
    return "" if value is None else str(value).strip()


def first_text(rows: Iterable[Picked], index: int | None) -> str:
    """Return the first cell of an order's rows that is not blank: exports leave it blank on further rows."""
    return next(filter(None, (text(row, index) for row in rows)), "")


def first_cell(rows: Iterable[Picked], index: int) -> Any:  # noqa: ANN401 - a raw cell
    """Return the first cell of an order's rows that is not blank, as the file has it: dates may be typed; or None."""
    return next((row[index] for row in rows if text(row, index)), None)


def person(*known_as: str) -> str | None:
    """Return the first of a customer's names that names somebody; e-mails in lower case; None for nobody."""
    named = next((name for name in known_as if name.strip().casefold() not in _NOBODY), "").strip()
    return (named.lower() if "@" in named else named) or None


def product(code: str, name: str) -> str | None:
    """Return a product's code, else its name, cut to the length of a code; None when there is neither."""
    return (code or name)[:MAX_CODE].strip() or None


class Buyer:
    """What all lines of one order share, and the lines made of it."""

    def __init__(self, invoice: Any, date: Any, customer: str | None, country: str = "") -> None:  # noqa: ANN401 - raw cells
        self.invoice = invoice
        self.date = date
        self.customer = customer
        self.country = country or None

    def line(self, code: str, name: str, quantity: float | None, total: float, date: Any = None) -> Line:  # noqa: ANN401
        """Return a line of this total; a blank quantity is 1, and so is 0 of something that cost money."""
        quantity = 1 if quantity is None or (not quantity and total) else quantity
        price = total / quantity if quantity else 0.0
        described = (name or code)[:MAX_TEXT] or None
        return (
            self.invoice, product(code, name), described, quantity,
            date or self.date, price, self.customer, self.country, round(total, 6),
        )  # fmt: skip

    def refund(self, amount: float, date: Any = None) -> Line:  # noqa: ANN401
        """Return a return line of this amount, of no known product, dated by the refund, else by the order."""
        return (
            self.invoice, None, "Refund", -1, date or self.date, amount, self.customer, self.country, -amount,
        )  # fmt: skip

    def refunds(self, amounts: Iterable[tuple[float | None, Any]], lines: Iterable[Line]) -> list[Line]:
        """Return the return lines of (amount, date), together no more than the lines: the rest was tax or shipping.

        A shop's refund may hold tax and shipping that no line has. What exceeds the lines can be nothing else, and a
        customer's net never falls below zero by it; within the lines all of it is taken for money off the goods.
        """
        left = sold(lines)
        returned = []
        for amount, date in amounts:
            taken = round(min(abs(amount or 0.0), left), 6)
            left -= taken
            if taken > 0:
                returned.append(self.refund(taken, date))
        return returned


def sold(lines: Iterable[Line]) -> float:
    """Return the sum of the totals of lines that are no returns, rounded to a millionth."""
    return float(round(sum(line[TOTAL] for line in lines if line[3] > 0), 6))

"""A discount on a whole order, spread over its lines so that they meet the order's subtotal to the cent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_PER_LINE: Final = 0.005  # half a cent: what rounding a line to the cent may cost
_EXACT: Final = 1e-6
_WHOLE: Final = 1e-4  # of a cent


class Prices(NamedTuple):
    """What an order says of its prices: its lines before discounts, its own discount, and what they should come to.

    The subtotal is the truth. Whether the order's discount holds those of the lines, comes on top of them, or is off
    the shipping, is read from it: the first reading that meets it wins.
    """

    gross: list[float]  # price × quantity of each line
    off: list[float]  # each line's own discount
    discount: float  # of the order
    subtotal: float | None  # of the lines, after discounts

    @property
    def met(self) -> bool:
        """Whether the subtotal is met with the lines' discounts inside the order's, or there is none to meet."""
        less, theirs = self._less()
        off = 0.0 if self.subtotal is None else sum(less) - self.subtotal
        return self.subtotal is None or min(abs(off), abs(off - max(self.discount - theirs, 0.0))) <= _slack(self.gross)

    @property
    def explained(self) -> bool:
        """Whether there is a subtotal, and one of the readings meets it."""
        return self.subtotal is not None and self._reading(self.subtotal) is not None

    def after_discounts(self) -> list[float]:
        """Return the total of each line, so that together they are the subtotal to the cent.

        Lines above it by every reading are brought down to it in proportion; lines below it stay as they are, for
        the order lacks some. Without a subtotal the order's discount is taken to hold those of the lines.
        """
        less, theirs = self._less()
        if self.subtotal is None:
            return spread(less, sum(less) - max(self.discount - theirs, 0.0))
        reading = self._reading(self.subtotal)
        if reading is not None:
            return spread(reading, self.subtotal)
        above = next((lines for lines in (less, self.gross) if sum(lines) > self.subtotal), None)
        return less if above is None else spread(above, self.subtotal)

    def _less(self) -> tuple[list[float], float]:
        """Return the lines less their own discounts, and the sum of these."""
        if not any(self.off):
            return self.gross, 0.0
        return [price - off for price, off in zip(self.gross, self.off, strict=True)], sum(self.off)

    def _reading(self, subtotal: float) -> list[float] | None:
        """Return the lines that meet the subtotal once the order's discount is spread over them; None: none do."""
        less, theirs = self._less()
        off, slack = sum(less) - subtotal, _slack(self.gross)  # off: what is left to explain
        if self.met or abs(off - self.discount) <= slack:
            return less
        return self.gross if abs(off + theirs) <= slack else None


def _slack(gross: Sequence[float]) -> float:
    """Return how far prices and subtotal may be apart: rounding costs nothing where all prices are in whole cents."""
    if all(abs(amount * 100 - round(amount * 100)) < _WHOLE for amount in gross):
        return _EXACT
    return _PER_LINE * len(gross)


def spread(amounts: Sequence[float], total: float) -> list[float]:
    """Return the amounts in proportion, each to the cent, with exactly this total; the last takes the remainder."""
    whole = sum(amounts)
    if abs(whole - total) <= _EXACT or whole <= 0:
        return [round(amount, 6) for amount in amounts]
    shares, running, given = [], 0.0, 0.0
    for amount in amounts[:-1]:
        running += amount
        reached = round(total * running / whole, 2)
        shares.append(round(reached - given, 6))
        given = reached
    return [*shares, round(total - given, 6)]

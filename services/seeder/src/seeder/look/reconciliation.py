"""The file's own totals against what is counted: the difference by cause, exact to the cent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

from seeder.look.wording import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seeder.formats.plan import Line, Order, Stated

_UNITS: Final = 10_000  # whole ten-thousandths of the currency: a line of a spreadsheet may be worth 957.5775
_CENT: Final = _UNITS // 100
_QUANTITY, _PRICE, _TOTAL = 3, 5, 8  # positions in a line

# In the order they are tried: of two explanations that fit equally well, the one with fewer, earlier causes is taken.
_CAUSES: Final = ("refund", "shipping", "tax", "discount")
_EXPLANATIONS: Final = [chosen for size in range(len(_CAUSES) + 1) for chosen in combinations(_CAUSES, size)]


class Difference(NamedTuple):
    """The file's totals less what is counted, in cents; `causes` sum to it exactly."""

    stated: int
    counted: int
    causes: dict[str, int]  # without those that are 0
    orders: int  # with a total of their own
    foreign: dict[str, int]  # totals in other currencies, in hundredths: never part of the sums
    example: str | None  # an order whose difference is unexplained

    @property
    def cents(self) -> int:
        """The difference."""
        return self.stated - self.counted


@dataclass
class Reconciliation:
    """Holds each order's lines against its own total. Orders without one are not compared."""

    _stated: int = 0
    _counted: int = 0
    _causes: Counter[str] = field(default_factory=Counter)
    _orders: int = 0
    _foreign: Counter[str] = field(default_factory=Counter)
    _example: str | None = None
    _usual: tuple[str, ...] = ()  # what explained the order before: an export adds up its totals in one way

    def add(self, order: Order, values: Sequence[float], *, foreign: bool = False, put_aside: bool = False) -> None:
        """Compare one order, whose lines are worth `values`.

        `foreign`: in a currency that is not the shop's; `put_aside`: it goes to quarantine.
        """
        stated = order.stated
        total = None if stated is None else stated.total if stated.total is not None else stated.subtotal
        if stated is None or total is None:
            return
        units = _units(total)
        if foreign:
            self._foreign[order.currency or "?"] += units
            return
        self._orders += 1
        self._stated += units
        if order.state is not None or put_aside:
            self._causes["quarantined" if put_aside else "cancelled"] += units
            return
        counted = _units(sum(values))
        self._counted += counted
        if units != counted:
            self._explain(order, units - counted, stated, values)

    def _explain(self, order: Order, difference: int, stated: Stated, values: Sequence[float]) -> None:
        amounts = {
            "refund": -_units(sum(value for value in values if value < 0)),
            "shipping": _units(stated.shipping),
            "tax": _units(stated.tax),
            "discount": -abs(_units(stated.discount)),
        }
        chosen, rest = self._usual, difference
        for cause in chosen:
            rest -= amounts[cause]
        tolerance = _CENT * max(1, len(values))  # each line may be rounded on its own
        if rest:
            rests = ((difference - sum(map(amounts.__getitem__, some)), some) for some in _EXPLANATIONS)
            least, best = min(rests, key=lambda tried: abs(tried[0]))
            if abs(least) < abs(rest) and (abs(least) <= tolerance or not chosen):
                chosen, rest = best, least
        if abs(rest) > tolerance:
            self._example = self._example or str(order.invoice)
            self._causes["unexplained"] += rest
        elif rest:
            self._causes["rounding"] += rest
        if abs(rest) <= tolerance and len(chosen) > len(self._usual):
            self._usual = chosen
        for cause in chosen:
            self._causes[cause] += amounts[cause]

    def difference(self) -> Difference | None:
        """Return what was found; None when no order has a total of its own. Fractions of a cent count as rounding."""
        if not self._orders and not self._foreign:
            return None
        stated, counted = _cents(self._stated), _cents(self._counted)
        causes = {cause: _cents(units) for cause, units in self._causes.items() if cause != "rounding"}
        causes["rounding"] = stated - counted - sum(causes.values())
        foreign = {code: _cents(units) for code, units in sorted(self._foreign.items())}
        found = {cause: cents for cause, cents in causes.items() if cents}
        return Difference(stated, counted, found, self._orders, foreign, self._example)


def worth(line: Line) -> float:
    """Return what a line is worth: its stated total, else Quantity × UnitPrice; negative when it lowers the order."""
    quantity, price, total = line[_QUANTITY], line[_PRICE], line[_TOTAL] if len(line) > _TOTAL else None
    product: float = quantity * price
    if total is None:
        return -abs(product) if quantity < 0 else product
    return -abs(total) if quantity < 0 or product < 0 else float(total)


def lines_of(found: Difference, currency: str | None) -> Iterator[str]:
    """Yield the comparison as lines for a person; in the shop's currency, whatever other currencies hold apart."""
    stated, counted = amount(found.stated / 100, currency), amount(found.counted / 100, currency)
    difference = amount(found.cents / 100, currency)
    if found.orders:
        yield f"the file's totals {stated}, counted {counted}, difference {difference}"
    if found.causes:
        causes = ", ".join(f"{_NAMES[cause]} {amount(cents / 100, currency)}" for cause, cents in found.causes.items())
        yield f"which is {causes}" + (f" (look at order {found.example})" if found.example else "")
    for code, cents in found.foreign.items():
        yield f"other currency: {amount(cents / 100, code)} in orders that are not counted"


_NAMES: Final = {
    "refund": "refunds",
    "cancelled": "cancelled or unpaid orders",
    "quarantined": "put aside",
    "tax": "tax",
    "shipping": "shipping",
    "discount": "discounts",
    "rounding": "rounding",
    "unexplained": "unexplained",
}


def _units(value: float | None) -> int:
    return round(value * _UNITS) if value else 0


def _cents(units: int) -> int:
    sign = -1 if units < 0 else 1
    return sign * ((abs(units) + _CENT // 2) // _CENT)

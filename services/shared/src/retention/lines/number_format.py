"""How one column of numbers is written, found from all of it. What 1,240 means is never guessed."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from retention.lines.amounts import taken_apart
from retention.lines.cells import clean

if TYPE_CHECKING:
    from typing import SupportsFloat

_PLAIN: Final = re.compile(r"\s*[-+]?(?:\d{1,300}(?:\.\d*)?|\.\d+)\s*", re.ASCII)
_EXPONENT: Final = r"(?:e[-+]?\d+)?"
_READABLE: Final = {
    decimal: re.compile(
        rf"(?P<whole>[1-9]\d{{0,2}}(?P<group>[{other}' ])\d{{3}}(?:(?P=group)\d{{3}})*|\d+|)"
        rf"(?:{re.escape(decimal)}(?P<part>\d*))?(?P<exponent>{_EXPONENT})",
        re.ASCII | re.IGNORECASE,
    )
    for decimal, other in ((".", ","), (",", "."))
}
_LAKHS: Final = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d*)?", re.ASCII)  # Indian groups: 1,24,000.50
_AMBIGUOUS: Final = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_NAMES: Final = {".": "decimal point", ",": "decimal comma"}


class NumberFormat(NamedTuple):
    """How the numbers of one column are written. `sign` is the currency sign found there, "" for none."""

    decimal: str = "."
    sign: str = ""
    sign_after: bool = False  # the number
    either: bool = False  # numbers with the other mark are read, too: each is clear by itself
    lone_groups: bool = True  # whether 1,240 is read, in which nothing says that the comma groups thousands

    @property
    def description(self) -> str:
        """As said to a person: "$ before the number, decimal point"."""
        sign = f"{self.sign} {'after' if self.sign_after else 'before'} the number, " if self.sign else ""
        return sign + (" or ".join(_NAMES.values()) if self.either else _NAMES[self.decimal])

    def parse(self, value: object) -> float | None:
        """Return the finite number, or None for blank; numbers pass through.

        Reads a currency sign or code, groups of three digits (separated by the other mark, a blank or an apostrophe),
        `-$12.50`, `$-12.50`, `(12.50)`, `12.50-` and 1.5E3. Raises ValueError for anything else, such as 1,24 with a
        decimal point, and for amounts of another currency than `sign`.
        """
        if isinstance(value, str):
            plain = self.decimal == "." and _PLAIN.fullmatch(value)
            return _finite(value) if plain else self._written(value)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise ValueError("no number")  # noqa: TRY004 - one error for whatever is unreadable
        return _finite(value)

    def _written(self, text: str) -> float | None:
        amount = taken_apart(text)
        if amount is None:
            if is_blank(text):
                return None
            raise ValueError("no number")
        if self.sign and amount.sign and amount.sign.casefold() != self.sign.casefold():
            raise ValueError("another currency")
        number = read(amount.digits, self.decimal)
        if number is None and self.either:
            number = read(amount.digits, "," if self.decimal == "." else ".")
        if number is None or (not self.lone_groups and ambiguous(amount.digits) == ","):
            raise ValueError("no number")
        return -number if amount.negative else number


def read(digits: str, decimal: str) -> float | None:
    """Return the finite number that these digits and separators are with this decimal mark; None for none."""
    if decimal == "." and _LAKHS.fullmatch(digits):
        return float(digits.replace(",", ""))
    match = _READABLE[decimal].fullmatch(digits)
    if match is None or not (match["whole"] or match["part"]) or (match["group"] and match["exponent"]):
        return None
    whole = re.sub(r"\D", "", match["whole"])
    number = float(f"{whole or 0}.{match['part'] or 0}{match['exponent']}")
    return number if math.isfinite(number) else None


def ambiguous(digits: str) -> str:
    """Return the separator that may group thousands or begin decimals, as the comma of `1,240`; "" for clear digits."""
    return digits[-4] if _AMBIGUOUS.fullmatch(digits) else ""


def is_blank(text: str) -> bool:
    """Whether there is no text but blanks, visible or not."""
    return not clean(text)


def _finite(value: SupportsFloat | str) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("no number") from None
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


PLAIN: Final = NumberFormat(lone_groups=False)  # of values that come without a column, as over the API

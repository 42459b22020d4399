"""The rules of a transaction line: how each of its eight values is read, and when it cannot be understood.

The same for files and for the API. A row that can be understood is kept, however odd: no customer, a price of zero
and a negative quantity are facts of the trade. One that cannot is a `Rejection`, for quarantine.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from retention.lines.dates import DateFormat

Value: TypeAlias = str | int | float | datetime | None

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
MAX_QUANTITY: Final = 2**31 - 1
MAX_UNIT_PRICE: Final = 1e9
MAX_CUSTOMER_ID: Final = 2**63 - 1
EXACT: Final = 2.0**53  # from here on two whole numbers are one float: an id could be another customer's
MAX_TEXT: Final = 1_000  # characters; the longest description in Online Retail has 35
MAX_CODE: Final = 50  # of an invoice or product; an order holds its products' codes, and MongoDB 16 MB in a document
MAX_COUNTRY: Final = 100
MAX_RAW: Final = 200  # characters of each value that is quarantined
MAX_VALUES: Final = 20  # values of a row that is quarantined

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")  # half a character, and the end of a string in other programs
_CUSTOMER_ID: Final = re.compile(r"(-?[0-9]{1,19})(?:\.0+)?")
_NO_CUSTOMER: Final = frozenset({"", "nan", "null", "none", "na", "n/a"})


class Rejection(NamedTuple):
    """Why a row cannot be understood: a reason code, the field ("row" for all of it), and its raw values, bounded."""

    reason: str
    field: str
    values: list[str]


def rejection(reason: str, field: str, values: Sequence[object]) -> Rejection:
    """Return the Rejection of a row with these raw values."""
    kept = ["" if value is None else str(value)[:MAX_RAW] for value in values[:MAX_VALUES]]
    return Rejection(reason, field, [_UNSTORABLE.sub("?", text) for text in kept])


class UnreadableError(ValueError):
    """A value breaks the rule of its field: `missing`, `unreadable`, `out_of_range` or `too_long`."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class Reading(NamedTuple):
    """What a row must be read with: how its dates are written, and the end of their range."""

    dates: DateFormat
    latest: datetime


class Rule(NamedTuple):
    """One field: its published name, other spellings of it in headers, whether a row must have it, how it is read.

    `read_value` returns the typed value, None where there is none, or raises UnreadableError.
    """

    name: str
    spellings: tuple[str, ...]
    required: bool
    read_value: Callable[[object, Reading], Value]

    def read(self, raw: object, reading: Reading) -> Value:
        """Return the typed value; UnreadableError says what is wrong with it, and names the field."""
        try:
            value = self.read_value(raw, reading)
        except UnreadableError as error:
            raise UnreadableError(error.reason, self.name) from None
        if value is None and self.required:
            raise UnreadableError("missing", self.name)
        return value


def latest_instant(now: datetime) -> datetime:
    """Return the end of the accepted range of dates for something read at `now`: clocks differ, by a day at most."""
    return now + timedelta(days=1)


def _text(value: object, _: Reading, longest: int = MAX_TEXT) -> str | None:
    """Return text, trimmed, of at most so many characters; a spreadsheet's number as it is shown."""
    if value is None or (isinstance(value, float | Decimal) and math.isnan(value)):
        return None
    if isinstance(value, float | Decimal) and math.isfinite(value):
        value = str(int(value) if value == int(value) else value)
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or _UNSTORABLE.search(value):
        raise UnreadableError("unreadable")
    text = value.strip()
    if len(text) > longest:
        raise UnreadableError("too_long")
    return text or None


def _number(value: object) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    # Python reads 1_000 and full-width digits as numbers; nobody writes them so.
    if isinstance(value, bool) or (isinstance(value, str) and ("_" in value or not value.isascii())):
        raise UnreadableError("unreadable")
    try:
        number = float(value)  # type: ignore[arg-type]  # text, int, float, Decimal; others raise TypeError
    except (TypeError, ValueError, OverflowError):
        raise UnreadableError("unreadable") from None
    if not math.isfinite(number):
        raise UnreadableError("unreadable")
    return number


def _quantity(value: object, _: Reading) -> int | None:
    """Return a whole number, also negative or zero, within 32 bits."""
    number = _number(value)
    if number is None:
        return None
    if number != int(number):
        raise UnreadableError("unreadable")
    if abs(number) > MAX_QUANTITY:
        raise UnreadableError("out_of_range")
    return int(number)


def _unit_price(value: object, _: Reading) -> float | None:
    """Return an amount, also negative or zero, up to a billion."""
    number = _number(value)
    if number is None:
        return None
    if abs(number) > MAX_UNIT_PRICE:
        raise UnreadableError("out_of_range")
    return number + 0.0  # −0.0 and 0.0 are one price


def _customer_id(value: object, _: Reading) -> int | None:
    """Return a whole number above zero, within 64 bits; exports write it as `17850`, `17850.0`, or leave it out."""
    if isinstance(value, float) and value.is_integer():
        if value >= EXACT:
            raise UnreadableError("out_of_range")
        value = int(value)
    text = "" if value is None else str(value).strip()
    if text.lower() in _NO_CUSTOMER:
        return None
    match = _CUSTOMER_ID.fullmatch(text)
    if match is None:
        raise UnreadableError("unreadable")
    if not 1 <= int(match[1]) <= MAX_CUSTOMER_ID:
        raise UnreadableError("out_of_range")
    return int(match[1])


def _instant(value: object, reading: Reading) -> datetime | None:
    """Return an instant in UTC, whole seconds, from 1990 to a day after now; without a zone it is taken as UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    instant = value if isinstance(value, datetime) else reading.dates.parse(value) if isinstance(value, str) else None
    if instant is None:
        raise UnreadableError("unreadable")
    try:
        instant = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    except OverflowError:  # the first or last day of all, in another zone
        raise UnreadableError("out_of_range") from None
    if not EARLIEST <= instant < reading.latest:
        raise UnreadableError("out_of_range")
    return instant


REQUIRED: Final = True
OPTIONAL: Final = False

RULES: Final = (
    Rule("InvoiceNo", ("Invoice",), REQUIRED, partial(_text, longest=MAX_CODE)),
    Rule("StockCode", (), OPTIONAL, partial(_text, longest=MAX_CODE)),
    Rule("Description", (), OPTIONAL, _text),
    Rule("Quantity", (), REQUIRED, _quantity),
    Rule("InvoiceDate", (), REQUIRED, _instant),
    Rule("UnitPrice", ("Price",), REQUIRED, _unit_price),
    Rule("CustomerID", ("Customer",), OPTIONAL, _customer_id),
    Rule("Country", (), OPTIONAL, partial(_text, longest=MAX_COUNTRY)),
)

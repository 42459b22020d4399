"""The rules of a transaction line: how each of its eight values is read, and when it is refused.

Files and the API share them. Odd but readable rows are kept: a missing customer, a price of zero and a negative
quantity are facts of the trade. An unreadable row becomes a `Rejection`, for quarantine.
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
INEXACT_FROM: Final = 2.0**53  # from here on a float stands for several whole numbers, so for several customers
MAX_TEXT: Final = 1_000  # characters; the longest description in Online Retail has 35
MAX_CODE: Final = 50  # of an invoice or product; an order stores its product codes, in a document of 16 MB at most
MAX_COUNTRY: Final = 100
MAX_RAW: Final = 200  # characters kept of each quarantined value
MAX_VALUES: Final = 20  # values kept of a quarantined row

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")  # NUL, and lone surrogates, which UTF-8 cannot hold
_CUSTOMER_ID: Final = re.compile(r"(-?[0-9]{1,19})(?:\.0+)?")
_NO_CUSTOMER: Final = frozenset({"", "nan", "null", "none", "na", "n/a"})


class Rejection(NamedTuple):
    """Why a row is refused: a reason code, the field ("row" for the whole row), and the raw values, shortened."""

    reason: str
    field: str
    values: list[str]


def rejection(reason: str, field: str, values: Sequence[object]) -> Rejection:
    """Return a Rejection, with the raw values shortened."""
    kept = ["" if value is None else str(value)[:MAX_RAW] for value in values[:MAX_VALUES]]
    return Rejection(reason, field, [_UNSTORABLE.sub("?", text) for text in kept])


class UnreadableError(ValueError):
    """A value that breaks its field's rule: `missing`, `unreadable`, `out_of_range` or `too_long`."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class Reading(NamedTuple):
    """The context for reading a row: the date format of its input, and the end of the accepted dates."""

    dates: DateFormat
    latest: datetime


class Rule(NamedTuple):
    """One field: its published name, other spellings in headers, whether it is required, and how it is read.

    `read_value` returns the typed value or None when it is missing, or raises UnreadableError.
    """

    name: str
    spellings: tuple[str, ...]
    required: bool
    read_value: Callable[[object, Reading], Value]

    def read(self, raw: object, reading: Reading) -> Value:
        """Return the typed value; UnreadableError, with the reason and the field, when it breaks the rule."""
        try:
            value = self.read_value(raw, reading)
        except UnreadableError as error:
            raise UnreadableError(error.reason, self.name) from None
        if value is None and self.required:
            raise UnreadableError("missing", self.name)
        return value


def latest_instant(now: datetime) -> datetime:
    """Return the end of the accepted dates at `now`: one day later, as clocks differ."""
    return now + timedelta(days=1)


def _text(value: object, _: Reading, longest: int = MAX_TEXT) -> str | None:
    """Return trimmed text of at most `longest` characters; a spreadsheet's whole number without `.0`."""
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
    # Python accepts 1_000 and full-width digits; exports do not contain them.
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
    """Return a whole number within 32 bits; zero and negative numbers are allowed."""
    number = _number(value)
    if number is None:
        return None
    if number != int(number):
        raise UnreadableError("unreadable")
    if abs(number) > MAX_QUANTITY:
        raise UnreadableError("out_of_range")
    return int(number)


def _unit_price(value: object, _: Reading) -> float | None:
    """Return an amount of up to a billion; zero and negative amounts are allowed."""
    number = _number(value)
    if number is None:
        return None
    if abs(number) > MAX_UNIT_PRICE:
        raise UnreadableError("out_of_range")
    return number + 0.0  # turns −0.0 into 0.0


def _customer_id(value: object, _: Reading) -> int | None:
    """Return a positive whole number within 64 bits, written as `17850` or `17850.0`; None when it is missing."""
    if isinstance(value, float) and value.is_integer():
        if value >= INEXACT_FROM:
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
    """Return an instant in UTC, to the second, from 1990 to `reading.latest`; without a zone it is taken as UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    instant = value if isinstance(value, datetime) else reading.dates.parse(value) if isinstance(value, str) else None
    if instant is None:
        raise UnreadableError("unreadable")
    try:
        instant = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    except OverflowError:  # in UTC it would be before year 1 or after 9999
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

"""The rules of a transaction line: how each of its eight values is read, and when it is refused.

Files and the API share them. Odd but readable rows are kept: a missing customer, a price of zero and a negative
quantity are facts of the trade. An unreadable row becomes a `Rejection`, for quarantine.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from retention.lines.cells import clean, is_shortened, without_emails
from retention.lines.number_format import PLAIN, NumberFormat
from retention.lines.people import INEXACT_FROM, MAX_CUSTOMER_ID, People, WholeNumbers
from retention.lines.rejections import IN_STATE, PASSED_OVER, UNSTORABLE, Rejection, UnreadableError, rejection

if TYPE_CHECKING:
    from collections.abc import Callable

    from retention.lines.date_format import DateFormat

__all__ = [
    "EARLIEST", "INEXACT_FROM", "IN_STATE", "MAX_CUSTOMER_ID", "PASSED_OVER", "RULES", "Reading", "Rejection", "Rule",
    "UnreadableError", "Value", "latest_instant", "rejection",
]  # fmt: skip

Value: TypeAlias = str | int | float | datetime | None

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
MAX_QUANTITY: Final = 2**31 - 1
MAX_UNIT_PRICE: Final = 1e9
MAX_TEXT: Final = 1_000  # characters; the longest description in Online Retail has 35
MAX_CODE: Final = 50  # of an invoice or product; an order stores its product codes, in a document of 16 MB at most
MAX_COUNTRY: Final = 100

_WHOLE_INVOICE: Final = re.compile(r"([0-9]+)\.0+")  # what a column of numbers makes of 3101

_LARGEST_DATE: Final = 10**8  # 20250301 and days of Excel are numbers in some files


class Reading(NamedTuple):
    """The context for reading a row: how its input is written, and the end of the accepted dates."""

    dates: DateFormat
    latest: datetime
    prices: NumberFormat = PLAIN
    quantities: NumberFormat = PLAIN
    people: People = WholeNumbers()
    zone: tzinfo = UTC  # the shop's
    written_in: tzinfo | None = None  # the zone of values without an offset; None: the shop's
    implausible_from: datetime | None = None  # mistyped from here on: a day of the shop; None: nothing is


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
    """Return trimmed text of at most `longest` characters, without e-mail addresses.

    A spreadsheet's whole number loses its `.0`.
    """
    if value is None or (isinstance(value, float | Decimal) and math.isnan(value)):
        return None
    if isinstance(value, float | Decimal) and math.isfinite(value):
        value = str(int(value) if value == int(value) else value)
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or UNSTORABLE.search(value):
        raise UnreadableError("unreadable")
    text = clean(value)
    if len(text) > longest:
        raise UnreadableError("too_long")
    return without_emails(text) or None


def _invoice(value: object, reading: Reading) -> str | None:
    """Return the text of an invoice number; 3101 for `3101.0`. One that Excel shortened stands for many orders."""
    text = _text(value, reading, longest=MAX_CODE)
    if text is None:
        return None
    if is_shortened(text):
        raise UnreadableError("shortened")
    match = _WHOLE_INVOICE.fullmatch(text)
    return match[1] if match else text


def _number(value: object, written: NumberFormat, most: float) -> float | None:
    try:
        number = written.parse(value)
    except ValueError:
        raise UnreadableError("unreadable") from None
    if number is not None and abs(number) > most:
        raise UnreadableError("out_of_range")
    return number


def _quantity(value: object, reading: Reading) -> int | float | None:
    """Return a number within 32 bits, an int when it is whole; zero and negative numbers are allowed."""
    number = _number(value, reading.quantities, MAX_QUANTITY)
    return int(number) if number is not None and number.is_integer() else number


def _unit_price(value: object, reading: Reading) -> float | None:
    """Return an amount of up to a billion; zero and negative amounts are allowed."""
    number = _number(value, reading.prices, MAX_UNIT_PRICE)
    return None if number is None else number + 0.0  # turns −0.0 into 0.0


def _customer_id(value: object, reading: Reading) -> int | None:
    """Return the number of the customer, or None for nobody; the shop's People decide."""
    if isinstance(value, str):
        value = clean(value)
        if is_shortened(value):
            raise UnreadableError("shortened")
    return reading.people.number(value)


def _instant(value: object, reading: Reading) -> datetime | None:
    """Return the shop's wall clock as if it were UTC, to the second, from 1990 to `reading.latest`.

    A value without an offset is taken as it stands, or as the wall clock of `reading.written_in`.
    """
    instant = _as_written(value, reading)
    if instant is None:
        return None
    written_in = instant.tzinfo or reading.written_in
    try:
        if written_in:
            instant = instant.replace(tzinfo=written_in).astimezone(reading.zone)
        instant = instant.replace(tzinfo=UTC, microsecond=0, fold=0)
    except (OverflowError, ValueError):  # it would be before year 1 or after 9999
        raise UnreadableError("out_of_range") from None
    if not EARLIEST <= instant < reading.latest:
        raise UnreadableError("out_of_range")
    if reading.implausible_from and instant >= reading.implausible_from:
        raise UnreadableError("implausible_date")
    return instant


def _as_written(value: object, reading: Reading) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LARGEST_DATE:
        value = str(value)
    if value is None or (isinstance(value, str) and not clean(value)):
        return None
    instant = reading.dates.parse(value) if isinstance(value, str) else None
    if instant is None:
        raise UnreadableError("unreadable")
    return instant


REQUIRED: Final = True
OPTIONAL: Final = False

RULES: Final = (
    Rule("InvoiceNo", ("Invoice",), REQUIRED, _invoice),
    Rule("StockCode", (), OPTIONAL, partial(_text, longest=MAX_CODE)),
    Rule("Description", (), OPTIONAL, _text),
    Rule("Quantity", (), REQUIRED, _quantity),
    Rule("InvoiceDate", (), REQUIRED, _instant),
    Rule("UnitPrice", ("Price",), REQUIRED, _unit_price),
    Rule("CustomerID", ("Customer",), OPTIONAL, _customer_id),
    Rule("Country", (), OPTIONAL, partial(_text, longest=MAX_COUNTRY)),
)

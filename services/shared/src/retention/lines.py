"""One transaction line: how it is read, which rules it must pass, and its id. Pure Python, one truth for file and API.

A row is eight values in the order of `schema.LINE_FIELDS`, as text (CSV) or typed (Parquet). A row that can be
understood becomes a `Line`, however odd its content: no customer, a price of zero and a negative quantity are facts
of the trade. A row that cannot is a `Rejection`, for quarantine.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from retention.dates import DateFormat

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
MAX_QUANTITY: Final = 2**31 - 1
MAX_UNIT_PRICE: Final = 1e9
MAX_CUSTOMER_ID: Final = 2**63 - 1
MAX_RAW: Final = 200  # of what is quarantined
MAX_TEXT: Final = 1_000  # the longest description in Online Retail has 35 characters
_OPTIONAL: Final = ("StockCode", "Description", "CustomerID", "Country")
_NO_VALUE: Final = frozenset({"", "nan", "null", "none", "na", "n/a"})


class Line(NamedTuple):
    """One line item, typed and trimmed."""

    invoice: str
    stock_code: str | None
    description: str | None
    quantity: int
    invoiced_at: datetime
    unit_price: float
    customer_id: int | None
    country: str | None


class Rejection(NamedTuple):
    """Why a row cannot be understood: a reason code, the field, and its raw value as text, bounded."""

    reason: str
    field: str
    raw: str


class _UnreadableError(ValueError):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _text(value: object) -> str | None:
    text = "" if value is None else str(value).strip()
    if len(text) > MAX_TEXT:
        raise _UnreadableError("too_long")
    if any("\ud800" <= character <= "\udfff" for character in text):  # half a character: no database takes it
        raise _UnreadableError("unreadable")
    return text or None


def _required_text(value: object) -> str:
    text = _text(value)
    if text is None:
        raise _UnreadableError("missing")
    return text


def _number(value: object) -> float:
    if value is None or isinstance(value, bool):
        raise _UnreadableError("missing" if value is None else "unreadable")
    if isinstance(value, str) and "_" in value:  # Python reads 1_000 as a number; nobody writes one so
        raise _UnreadableError("unreadable")
    try:
        number = float(value)  # type: ignore[arg-type]  # text, int, float; others raise TypeError
    except (TypeError, ValueError):
        raise _UnreadableError("missing" if not str(value).strip() else "unreadable") from None
    if not math.isfinite(number):
        raise _UnreadableError("unreadable")
    return number


def _quantity(value: object) -> int:
    number = _number(value)
    if number != int(number):
        raise _UnreadableError("unreadable")
    if abs(number) > MAX_QUANTITY:
        raise _UnreadableError("out_of_range")
    return int(number)


def _unit_price(value: object) -> float:
    number = _number(value)
    if abs(number) > MAX_UNIT_PRICE:
        raise _UnreadableError("out_of_range")
    return number + 0.0  # −0.0 and 0.0 are one price


def _customer_id(value: object) -> int | None:
    """Return the id; exports write it as `17850`, `17850.0` or leave it out."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = str(value).strip()
    if text.lower() in _NO_VALUE:
        return None
    number = text.removesuffix(".0")
    digits = number.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(MAX_CUSTOMER_ID)):
        raise _UnreadableError("unreadable")
    if not 1 <= int(number) <= MAX_CUSTOMER_ID:
        raise _UnreadableError("out_of_range")
    return int(number)


class Parsed(NamedTuple):
    """A line, and the text that says all of its content and nothing else: what its id is made from."""

    line: Line
    content: str


class LineParser:
    """Turns rows into lines. Values repeat (23,000 instants in 541,909 rows), so each field remembers what it has read.

    `dates` says how dates are written; instants outside [1990-01-01, `latest`) are out of range.
    """

    CACHE_SIZE: Final = 65_536  # values of one field; beyond, the cache starts anew, so memory stays bounded

    def __init__(self, dates: DateFormat, latest: datetime) -> None:
        self._dates = dates
        self._latest = latest
        self._readers: tuple[Callable[[object], object], ...] = (
            _required_text, _text, _text, _quantity, self._instant, _unit_price, _customer_id, _text,
        )  # fmt: skip
        self._caches: tuple[dict[object, tuple[Any, str]], ...] = tuple({} for _ in self._readers)

    def parse(self, row: Sequence[object]) -> Parsed | Rejection:
        """Return the line, or why the row cannot be understood."""
        if len(row) != len(self._caches):
            return Rejection("columns", "row", ",".join(map(str, row))[:MAX_RAW])
        try:
            # 19 of 20 rows have no value that was not seen before.
            fields = [cache[raw.__class__, raw] for cache, raw in zip(self._caches, row, strict=True)]
        except (KeyError, TypeError):
            fields = []
            for position, raw in enumerate(row):
                try:
                    fields.append(self._read(position, raw))
                except _UnreadableError as error:
                    name = schema.LINE_FIELDS[position]
                    return Rejection(f"{name}_{error.reason}", name, str(raw)[:MAX_RAW])
        values, contents = zip(*fields, strict=True)
        return Parsed(Line._make(values), "".join(contents))

    def _read(self, position: int, raw: object) -> tuple[object, str]:
        if not isinstance(raw, Hashable):  # a list, a mapping: no value of a field
            raise _UnreadableError("unreadable")
        cache = self._caches[position]
        known = cache.get((raw.__class__, raw))
        if known is not None:
            return known
        value = self._readers[position](raw)
        field = value, _content(value)
        if len(cache) >= self.CACHE_SIZE:
            cache.clear()
        if raw == raw:  # noqa: PLR0124 - NaN never finds itself again
            cache[raw.__class__, raw] = field  # 1, 1.0 and True are equal, and are not read the same
        return field

    def _instant(self, value: object) -> datetime:
        instant = value if isinstance(value, datetime) else self._dates.parse(_required_text(value))
        if instant is None:
            raise _UnreadableError("unreadable")
        instant = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
        if not EARLIEST <= instant < self._latest:
            raise _UnreadableError("out_of_range")
        return instant


def latest_instant(now: datetime) -> datetime:
    """Return the end of the accepted range of dates for something read at `now`: clocks differ, by a day at most."""
    return now + timedelta(days=1)


class LineIds:
    """Gives each line its id: 4 bytes of its instant (seconds, big-endian) and 8 bytes BLAKE2b over its content.

    The content includes the line's occurrence number among identical lines of its invoice, so real duplicates
    survive and a second load of the same input finds every id taken. Remembers one number per distinct line.
    """

    def __init__(self) -> None:
        self._occurrences: dict[bytes, int] = {}

    def next_id(self, parsed: Parsed) -> bytes:
        """Return the 12 bytes for the next occurrence of this line in this load or request."""
        first = _digest(parsed.content, 0)
        occurrence = self._occurrences.get(first, 0)
        self._occurrences[first] = occurrence + 1
        digest = _digest(parsed.content, occurrence) if occurrence else first
        return int(parsed.line.invoiced_at.timestamp()).to_bytes(4, "big") + digest


def _digest(content: str, occurrence: int) -> bytes:
    return hashlib.blake2b(f"{content}#{occurrence}".encode(), digest_size=8).digest()


def _content(value: object) -> str:
    """Return a field's value with its length, so that no two lines share a content."""
    if value is None:
        return "-"
    text = str(int(value.timestamp())) if isinstance(value, datetime) else str(value)
    return f"{len(text)}:{text}"


def document(line: Line) -> dict[str, object]:
    """Return the line as it is stored, under the published names; what is missing is left out."""
    stored: dict[str, object] = dict(zip(schema.LINE_FIELDS, line, strict=True))
    for name in _OPTIONAL:
        if stored[name] is None:
            del stored[name]
    return stored

"""Posted lines as rows of the eight values that files have, by what holds for the shop. No clock, no database."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from inference.errors import NoIdentityKeyError
from retention.errors import BadConfigurationError
from retention.lines.dates import ISO
from retention.lines.identity import Identity
from retention.lines.rules import RULES, Rejection, UnreadableError, rejection
from retention.settings import is_currency

if TYPE_CHECKING:
    from inference.transaction.requests import Line, Row
    from retention.lines.rules import Value
    from retention.store.shop import Shop

MAX_GAP: Final = timedelta(days=60)  # one mistyped date must not move everybody's clock
MASKED: Final = "***"
_DATE, _PERSON = (
    next(i for i, rule in enumerate(RULES) if rule.name == name) for name in ("InvoiceDate", "CustomerID")
)
_NUMBER: Final = re.compile(r"\s*-?[0-9.]*\s*", re.ASCII)
_CANCELLED: Final = b"\x08Cancelled\0\x01"  # {"Cancelled": true} as BSON


class ShopFacts(NamedTuple):
    """What holds for the lines of one request."""

    shop: Shop
    clock: datetime | None  # the day after the last stored line; None: there are none
    latest: datetime  # the end of the accepted dates, on the shop's wall clock
    identity_key: bytes | None


class LineReader:
    """Reads the lines of one request. `currency` is the shop's, or the first that a line states."""

    def __init__(self, facts: ShopFacts) -> None:
        self._facts = facts
        self._zone = ZoneInfo(facts.shop.time_zone)
        self.currency = facts.shop.currency
        self.identity = Identity(facts.identity_key, leading_zeros=facts.shop.leading_zeros)

    def row(self, line: Line) -> Row | Rejection:
        """Return the line's eight values, or why it is refused; a Rejection never has a person's text."""
        values = list(line.values)
        try:
            values[_PERSON] = self._person(line)
        except UnreadableError as error:
            values[_PERSON] = MASKED
            return rejection(f"customer_ref_{error.reason}", "customer_ref", values)
        values[_DATE] = at = self._wall_clock(values[_DATE])
        refused = self._currency_fault(line.currency)
        if refused:
            return rejection(refused, "currency", values)
        if self._is_implausible(at):
            return rejection("implausible_date", "InvoiceDate", values)
        return tuple(values)

    def marked(self, document: bytes, line: Line) -> bytes:
        """Return a line's document, with a mark outside its id if the shop's prefix cancels its invoice."""
        prefix, invoice = self._facts.shop.cancelled_prefix, str(line.values[0]).strip()
        if not prefix or not re.match(rf"{re.escape(prefix)}[0-9]", invoice, re.IGNORECASE):
            return document
        size = len(document) + len(_CANCELLED)
        return b"".join((size.to_bytes(4, "little"), document[4:-1], _CANCELLED, document[-1:]))

    def _person(self, line: Line) -> Value:
        given = line.values[_PERSON]
        try:
            if line.customer_ref is not None:
                return self.identity.number(line.customer_ref)
            if self._facts.shop.leading_zeros and given is not None:
                return self.identity.number(given)
        except BadConfigurationError:
            raise NoIdentityKeyError("a text id, and IDENTITY_KEY_FILE is not set") from None
        # CustomerID is a number: a text in its place is refused by its rule, and may be an e-mail.
        return MASKED if isinstance(given, str) and not _is_number(given) else given

    def _wall_clock(self, value: Value) -> Value:
        """Return a date with an offset as the shop's wall clock, written as UTC; any other value as it is."""
        instant = ISO.parse(value) if isinstance(value, str) else None
        if instant is None:
            return value
        if instant.tzinfo is None:
            return instant.replace(tzinfo=UTC)
        try:
            return instant.astimezone(self._zone).replace(tzinfo=UTC)
        except OverflowError:  # before year 1 or after 9999
            return value

    def _is_implausible(self, at: object) -> bool:
        if self._facts.clock is None or not isinstance(at, datetime):
            return False
        return self._facts.clock + MAX_GAP <= at < self._facts.latest

    def _currency_fault(self, stated: object) -> str | None:
        if stated is None or stated == "":
            return None
        code = stated.strip().upper() if isinstance(stated, str) else ""
        if not is_currency(code):
            return "currency_unreadable"
        self.currency = self.currency or code
        return None if code == self.currency else "other_currency"


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None or text.strip().lower() in {"nan", "null", "none", "na", "n/a"}

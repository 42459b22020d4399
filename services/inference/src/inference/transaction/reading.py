"""Posted lines as rows of the eight values that files have, by what holds for the shop. No clock, no database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from inference.errors import NoIdentityKeyError
from retention.errors import BadConfigurationError
from retention.lines.date_format import ISO
from retention.lines.documents import LineEncoder
from retention.lines.identity import Identity
from retention.lines.people import WholeNumbers
from retention.lines.rejections import Rejection, UnreadableError, rejection
from retention.lines.rules import RULES, Reading
from retention.settings import is_currency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from inference.transaction.requests import Line, Row
    from retention.store.shop import Shop

MAX_GAP: Final = timedelta(days=60)  # one mistyped date must not move everybody's clock
_PERSON: Final = next(place for place, rule in enumerate(RULES) if rule.name == "CustomerID")


class ShopFacts(NamedTuple):
    """What holds for the lines of one request."""

    shop: Shop
    clock: datetime | None  # the day after the last stored line; None: there are none
    latest: datetime  # the end of the accepted dates, on the shop's wall clock
    identity_key: bytes | None


class LineReader:
    """Reads the lines of one request. `currency` is the shop's, or the first that a line states."""

    def __init__(self, facts: ShopFacts) -> None:
        shop = facts.shop
        self.currency = shop.currency
        self.identity = Identity(facts.identity_key, leading_zeros=shop.leading_zeros)
        reading = Reading(
            ISO,
            facts.latest,
            people=self.identity if shop.leading_zeros else WholeNumbers(),  # a number, unless 00017 is text
            zone=ZoneInfo(shop.time_zone),
            implausible_from=facts.clock and facts.clock + MAX_GAP,
        )
        self._reading = reading
        self._encoder = LineEncoder(reading, shop.cancelled_prefix)

    def documents(self, lines: Iterable[Line]) -> Iterator[bytes | Rejection]:
        """Yield a document or a Rejection for each line; a Rejection never has a person's text.

        Raises NoIdentityKeyError for a text id without a key.
        """
        try:
            yield from self._encoder.encode(map(self._row, lines))
        except BadConfigurationError:
            raise NoIdentityKeyError("a text id, and IDENTITY_KEY_FILE is not set") from None

    def invoice(self, line: Line) -> str:
        """Return the number of the line's invoice; "" when it cannot be read."""
        try:
            return str(RULES[0].read(line.values[0], self._reading))
        except UnreadableError:
            return ""

    def _row(self, line: Line) -> Row | Rejection:
        """Return the line's eight values, with its customer's number, or why it is refused."""
        values = list(line.values)
        if line.customer_ref is not None:
            try:
                values[_PERSON] = self.identity.number(line.customer_ref)
            except UnreadableError as error:
                return rejection(f"customer_ref_{error.reason}", "customer_ref", [*values[:_PERSON], None, values[-1]])
        if fault := self._currency_fault(line.currency):
            return rejection(fault, "currency", values, lambda value: value if isinstance(value, int) else None)
        return tuple(values)

    def _currency_fault(self, stated: object) -> str | None:
        if stated is None or stated == "":
            return None
        code = stated.strip().upper() if isinstance(stated, str) else ""
        if not is_currency(code):
            return "currency_unreadable"
        self.currency = self.currency or code
        return None if code == self.currency else "other_currency"

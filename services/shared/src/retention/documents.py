"""Rows into documents as they are stored: BSON, each with the `_id` that its content gives it.

A document is put together from its fields' bytes, and those are remembered: values repeat (23,000 instants in 541,909
rows), and encoding every line from a dict takes longer than inserting it.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import bson

from retention.lines import RULES, Reading, Rejection, Rule, UnreadableError, rejection
from retention.occurrences import DIGEST_SIZE, Occurrences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from retention.dates import DateFormat

CACHE_SIZE: Final = 32_768  # values of one field, about 6 MB; beyond, its cache starts anew, so memory stays bounded

_ID: Final = b"\x07_id\0"
_END: Final = b"\0"
_AROUND: Final = 4 + len(_ID) + 12 + len(_END)  # bytes of a document that are not its fields


def line_id(document: bytes) -> bytes:
    """Return the 12 bytes of the `_id` of an encoded document."""
    return document[9:21]


class LineEncoder:
    """Turns the rows of one load or request into documents, in order.

    The id is 4 bytes of the instant (seconds, big-endian) and 8 bytes BLAKE2b over the BSON of the typed values, with
    the line's occurrence number among identical lines of its invoice as the salt: so real duplicates survive, and a
    second load of the same input, in whatever file format, finds every id taken.
    """

    def __init__(self, dates: DateFormat, latest: datetime) -> None:
        reading = Reading(dates, latest)
        self._known = [_Known(rule, reading) for rule in RULES]
        self._seconds = _Seconds()
        self._occurrences = Occurrences()

    def encode(self, rows: Iterable[Sequence[Any]]) -> Iterator[bytes | Rejection]:
        """Yield each row's document, or why there is none. A row is eight values in the order of RULES.

        A row that is a Rejection already, since its source could not read it, is passed on. A value is text, a
        number, an instant or None; no source gives a bool, which Python takes for the number it equals.
        """
        invoices, codes, texts, quantities, instants, prices, customers, countries = self._known
        join, new_digest, seconds = b"".join, blake2b, self._seconds
        current, seen = b"", self._occurrences.of(b"")
        for row in rows:
            try:
                invoice, code, text, quantity, instant, price, customer, country = row
                number, at = invoices[invoice], instants[instant]
                fields = join((
                    number, codes[code], texts[text], quantities[quantity],
                    at, prices[price], customers[customer], countries[country],
                ))  # fmt: skip
            except (ValueError, TypeError) as error:
                yield _rejected(row, error)
                continue
            if number != current:
                current, seen = number, self._occurrences.of(number)
            digest = new_digest(fields, digest_size=DIGEST_SIZE).digest()
            occurrence = seen.get(digest, 0)
            seen[digest] = occurrence + 1
            if occurrence:
                digest = new_digest(fields, digest_size=DIGEST_SIZE, salt=occurrence.to_bytes(16, "big")).digest()
            yield join(((len(fields) + _AROUND).to_bytes(4, "little"), _ID, seconds[at], digest, fields, _END))


class _Known(dict[Any, bytes]):
    """The values of one field that were seen, and their BSON; a new one is read. Raises UnreadableError."""

    def __init__(self, rule: Rule, reading: Reading) -> None:
        super().__init__()
        self._rule = rule
        self._reading = reading

    def __missing__(self, raw: object) -> bytes:
        value = self._rule.read(raw, self._reading)
        field = b"" if value is None else bson.encode({self._rule.name: value})[4:-1]  # without length and end
        if len(self) >= CACHE_SIZE:
            self.clear()
        if raw == raw:  # noqa: PLR0124 - NaN never finds itself again
            self[raw] = field
        return field


class _Seconds(dict[bytes, bytes]):
    """The first four bytes of an id, by the BSON of InvoiceDate, which ends with milliseconds."""

    def __missing__(self, instant: bytes) -> bytes:
        if len(self) >= CACHE_SIZE:
            self.clear()
        seconds = self[instant] = (int.from_bytes(instant[-8:], "little") // 1000).to_bytes(4, "big")
        return seconds


def _rejected(row: Sequence[Any], error: Exception) -> Rejection:
    if isinstance(row, Rejection):
        return row
    if len(row) != len(RULES):
        return rejection("columns", "row", row)
    if isinstance(error, UnreadableError):
        return rejection(f"{error.field}_{error.reason}", error.field, row)
    return rejection("row_unreadable", "row", row)  # a list, a mapping: no value of a field

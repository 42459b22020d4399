"""Rows as stored documents: BSON, each with an `_id` made from its content.

A document is joined from the cached BSON of its fields: values repeat (23,000 instants in 541,909 rows), and encoding
every line from a dict takes longer than inserting it.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import bson

from retention.lines.cancellations import is_cancelled
from retention.lines.occurrences import DIGEST_SIZE, Occurrences, Seen
from retention.lines.rules import RULES, Reading, Rejection, Rule, UnreadableError, rejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CACHE_SIZE: Final = 32_768  # values per field, about 6 MB; a full cache is cleared, so memory is bounded

NEXT_PART: Final = ("next part",)  # a marker among rows: identical lines are counted from 1 again, as in a new file

_ID: Final = b"\x07_id\0"
_END: Final = b"\0"
_RULED: Final = frozenset({"_id", "Seen", *(rule.name for rule in RULES)})
_AROUND: Final = 4 + len(_ID) + 12  # bytes of a document before its fields
_INVOICE, _QUANTITY, _INSTANT, _PRICE = 0, 3, 4, 5  # positions in RULES
_FIELDS: Final = len(RULES)
_EXACT: Final = 6  # decimals; a stated total that differs by less is the product, and is not stored


def stamp(*, load: int | None = None, state: str | None = None) -> bytes:
    """Return the fields, in BSON, that all lines of a whole order carry outside their ids.

    `load` is the sequence number of the load that the order stands in; `state` says why the order does not stand.
    """
    fields: dict[str, Any] = {"State": state} if state else {}
    return _bson(fields | ({"Load": load} if load is not None else {}))


def encoded_again(lines: Iterable[dict[str, Any]]) -> list[bytes]:
    """Return lines of one order, stored ones with changed values, as documents with the ids of their new content."""
    seen: Seen = {}
    documents = []
    for line in lines:
        fields = _bson({rule.name: line[rule.name] for rule in RULES if rule.name in line})
        others = {name: value for name, value in line.items() if name not in _RULED}
        body = b"".join((fields, _bson(others), _END))
        seconds = int(line["InvoiceDate"].timestamp()).to_bytes(4, "big")
        digest = _digest(fields, seen)
        documents.append(b"".join(((len(body) + _AROUND).to_bytes(4, "little"), _ID, seconds, digest, body)))
    return documents


def line_id(document: bytes) -> bytes:
    """Return the 12 bytes of the `_id` of an encoded document."""
    return document[9:21]


class LineEncoder:
    """Turns the rows of one load or request into documents, in order.

    `cancelled_prefix` is the shop's: the letter before the digits of a cancelled invoice's number. A cancelled line is
    marked `Cancelled`, outside its id.

    The id is 4 bytes of the instant (seconds, big-endian) and 8 bytes of BLAKE2b over the BSON of the typed values. The
    salt is the line's occurrence number among identical lines of its invoice: real duplicates are kept, and a second
    load of the same input, in any file format, finds every id taken.
    """

    def __init__(self, reading: Reading, cancelled_prefix: str | None = None) -> None:
        self._reading = reading
        self._tails = _Tails(cancelled_prefix)
        self._seconds, self._sizes, self._numbers = _Seconds(), _Sizes(), _Numbers()
        self._known: list[dict[Any, bytes]] = [{} for _ in RULES]  # the BSON of the values of each field that were seen
        self._occurrences = Occurrences()

    def encode(self, rows: Iterable[Sequence[Any]]) -> Iterator[bytes | Rejection]:
        """Yield a document or a Rejection for each row of eight values in the order of RULES.

        A row that its source could not read is already a Rejection, and is passed on. Values are text, numbers,
        instants or None. Sources must not give a bool: it would be found in a cache as the number it equals.
        """
        invoices, codes, texts, quantities, instants, prices, customers, countries = self._known
        join, hasher, seconds, sizes = b"".join, blake2b(digest_size=DIGEST_SIZE), self._seconds, self._sizes
        tails = self._tails
        current, seen, tail = b"", self._occurrences.of(b""), _END
        for row in rows:
            try:
                invoice, code, text, quantity, instant, price, customer, country = row
                number, at = invoices[invoice], instants[instant]
                fields = join((
                    number, codes[code], texts[text], quantities[quantity],
                    at, prices[price], customers[customer], countries[country],
                ))  # fmt: skip
            except (KeyError, ValueError, TypeError):  # one row in ten has a value that is not cached
                if row is NEXT_PART:
                    self._occurrences = Occurrences()
                    current, seen, tail = b"", self._occurrences.of(b""), _END
                    continue
                values = self._read(row)
                if isinstance(values, Rejection):
                    yield values
                    continue
                number, at, fields = values[0], values[4], join(values)
            if number != current:
                current, seen, tail = number, self._occurrences.of(number), tails[number]
            hashing = hasher.copy()  # 0.1 µs less than making one
            hashing.update(fields)
            digest = hashing.digest()
            if digest in seen:
                occurrence = seen[digest]
                seen[digest] = occurrence + 1
                digest = blake2b(fields, digest_size=DIGEST_SIZE, salt=occurrence.to_bytes(16, "big")).digest()
            else:
                seen[digest] = 1
            yield join((sizes[len(fields) + len(tail)], _ID, seconds[at], digest, fields, tail))

    def encode_order(self, lines: Iterable[Sequence[Any]], stamped: bytes = b"") -> Iterator[bytes | Rejection]:
        """Yield a document or a Rejection for each line of one whole order: eight values and the stated total, or None.

        Every document also gets the fields `stamped`, and its total where it is not quantity × price.
        """
        current, seen, after = b"", self._occurrences.of(b""), b""
        for line in lines:
            values = self._read(line[:_FIELDS])
            if isinstance(values, Rejection):
                yield values
                continue
            number, fields = values[_INVOICE], b"".join(values)
            if number != current:
                current, seen, after = number, self._occurrences.of(number), stamped + self._tails[number]
            tail = self._total(line[_FIELDS], values) + after
            size, at = self._sizes[len(fields) + len(tail)], self._seconds[values[_INSTANT]]
            yield b"".join((size, _ID, at, _digest(fields, seen), fields, tail))

    def _total(self, total: float | None, values: Sequence[bytes]) -> bytes:
        """Return the stated total as a field, nothing where it is missing or the product of quantity and price."""
        if total is None:
            return b""
        product = self._numbers[values[_QUANTITY]] * self._numbers[values[_PRICE]]
        return b"\x01Total\0" + struct.pack("<d", total) if round(product - total, _EXACT) else b""

    def _read(self, row: Sequence[Any]) -> list[bytes] | Rejection:
        """Return the BSON of each field, empty where the value is missing, or a Rejection."""
        if isinstance(row, Rejection):
            return row
        if len(row) != len(RULES):
            return rejection("columns", "row", row)
        try:
            known = zip(RULES, self._known, row, strict=True)
            return [fields.get(raw) or self._field(rule, fields, raw) for rule, fields, raw in known]
        except UnreadableError as error:
            return rejection(error.code, error.field, row, self._reading.people.number)
        except TypeError:  # a list or a mapping is no field value
            return rejection("row_unreadable", "row", row)

    def _field(self, rule: Rule, known: dict[Any, bytes], raw: object) -> bytes:
        field = known.get(raw)
        if field is None:
            value = rule.read(raw, self._reading)
            field = b"" if value is None else _bson({rule.name: value})
            if len(known) >= CACHE_SIZE:
                known.clear()
            if raw == raw:  # noqa: PLR0124 - NaN is never found again
                known[raw] = field
        return field


def _bson(fields: dict[str, Any]) -> bytes:
    return bson.encode(fields)[4:-1]  # without length and terminator


def _digest(fields: bytes, seen: Seen) -> bytes:
    """Return the digest of a line, and count it."""
    digest = blake2b(fields, digest_size=DIGEST_SIZE).digest()
    occurrence = seen.get(digest, 0)
    seen[digest] = occurrence + 1
    salt = occurrence.to_bytes(16, "big")
    return blake2b(fields, digest_size=DIGEST_SIZE, salt=salt).digest() if occurrence else digest


class _Numbers(dict[bytes, float]):
    """The numbers by the BSON of their fields."""

    def __missing__(self, field: bytes) -> float:
        if len(self) >= CACHE_SIZE:
            self.clear()
        (number,) = bson.decode((len(field) + 5).to_bytes(4, "little") + field + _END).values()
        self[field] = float(number)
        return float(number)


class _Tails(dict[bytes, bytes]):
    """The end of a document, by the BSON of its InvoiceNo: with the mark of a cancelled invoice."""

    def __init__(self, cancelled_prefix: str | None) -> None:
        super().__init__()
        self._prefix = cancelled_prefix

    def __missing__(self, invoice: bytes) -> bytes:
        if len(self) >= CACHE_SIZE:
            self.clear()
        text = invoice[invoice.index(b"\0") + 5 : -1].decode()  # behind the name and the length
        marked = is_cancelled(text, self._prefix) if self._prefix else False
        tail = self[invoice] = (_bson({"Cancelled": True}) if marked else b"") + _END
        return tail


class _Seconds(dict[bytes, bytes]):
    """The first four bytes of an id, by the BSON of InvoiceDate, which ends in milliseconds."""

    def __missing__(self, instant: bytes) -> bytes:
        if len(self) >= CACHE_SIZE:
            self.clear()
        seconds = self[instant] = (int.from_bytes(instant[-8:], "little") // 1000).to_bytes(4, "big")
        return seconds


class _Sizes(dict[int, bytes]):
    """A document's first four bytes, its size, by the size of its fields and tail: a few thousand entries at most."""

    def __missing__(self, fields: int) -> bytes:
        size = self[fields] = (fields + _AROUND).to_bytes(4, "little")
        return size

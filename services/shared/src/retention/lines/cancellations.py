"""Whether a letter before an invoice's digits marks cancellations, found from the whole file and never assumed.

Online Retail's `C536379` cancels; a shop whose every order is `C3101`, `CA-2016-1` or a GUID has orders.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from typing import Final, NamedTuple

from retention.lines.cells import clean

NEARLY_ALL: Final = 0.95
MAX_PAIRS: Final = 10_000  # invoices with a letter that are compared with the others: a sample says as much
_BITS: Final = 1 << 25  # 4 MB: with a million invoices, 3 in 100 seem to be there that are not
_NUMBERED: Final = re.compile(r"([A-Za-z])([0-9]+(?:[-/_.][0-9A-Za-z]{1,4})?)(?:\.0+)?")
_DIGITS: Final = re.compile(r"[0-9]+(?:[-/_.][0-9A-Za-z]{1,4})?")


class Found(NamedTuple):
    """What the invoice numbers of a file say. `prefix` is a letter, "" when none cancels, None without evidence."""

    prefix: str | None
    lines: int  # that carry the letter
    negative: int  # of them, those with a negative quantity
    beside: int  # invoices with the letter whose customer has the number without it, too
    other_lines: int
    other_negative: int


class CancellationEvidence:
    """Collects the invoice numbers of one file, in bounded memory: counts, a sample of pairs and a bit set of 4 MB."""

    def __init__(self) -> None:
        self._lines: Counter[str] = Counter()  # by letter; "" for the others
        self._negative: Counter[str] = Counter()
        self._pairs: dict[str, set[int]] = {}  # by letter: the bits of number and customer
        self._others = bytearray(_BITS // 8)

    def add(self, invoice: object, quantity_is_negative: bool, customer: object, lines: int = 1) -> None:  # noqa: FBT001
        """Add `lines` lines of one invoice, customer and sign of quantity. Any notation of 3101 is the same number."""
        text = _plain(invoice)
        match = _NUMBERED.fullmatch(text)
        letter, number = (match[1].upper(), match[2]) if match else ("", text)
        self._lines[letter] += lines
        self._negative[letter] += lines * quantity_is_negative
        person = _plain(customer)
        if person and (letter or _DIGITS.fullmatch(text)):
            self._keep(letter, zlib.crc32(f"{number}\0{person}".encode()) % _BITS)

    def add_others(self, lines: int, negative: int) -> None:
        """Add lines of invoices without a letter, of which `negative` have a negative quantity."""
        self._lines[""] += lines
        self._negative[""] += negative

    def found(self) -> Found:
        """Return the letter that marks cancellations, and the counts to say.

        It does when nearly all of its lines are negative and nearly all others are not, or when nearly all of its
        invoices have a number that is another invoice of the same customer without the letter. None when no letter
        does; "" when nearly all lines carry letters and are not negative: the orders are numbered so.
        """
        letters = [letter for letter, _ in self._lines.most_common() if letter]
        prefix = next((letter for letter in letters if self._cancels(letter)), None)
        if prefix is None and letters and self._are_orders(letters):
            prefix = ""
        letter = prefix or (letters[0] if letters else "-")
        pairs = self._pairs.get(letter, set())
        return Found(
            prefix, self._lines[letter], self._negative[letter], self._beside(pairs),
            self._lines[""], self._negative[""],
        )  # fmt: skip

    def _keep(self, letter: str, bit: int) -> None:
        if not letter:
            self._others[bit >> 3] |= 1 << (bit & 7)
            return
        pairs = self._pairs.setdefault(letter, set())
        if len(pairs) < MAX_PAIRS:
            pairs.add(bit)

    def _cancels(self, letter: str) -> bool:
        others = self._lines[""] - self._negative[""]
        if self._negative[letter] >= NEARLY_ALL * self._lines[letter] and others >= NEARLY_ALL * self._lines[""]:
            return True
        pairs = self._pairs.get(letter, set())
        return bool(pairs) and self._beside(pairs) >= NEARLY_ALL * len(pairs)

    def _beside(self, pairs: set[int]) -> int:
        return sum(self._others[bit >> 3] >> (bit & 7) & 1 for bit in pairs)

    def _are_orders(self, letters: list[str]) -> bool:
        lines, negative = (sum(counts[letter] for letter in letters) for counts in (self._lines, self._negative))
        return lines >= NEARLY_ALL * self._lines.total() and lines - negative >= NEARLY_ALL * lines


def is_cancelled(invoice: str, prefix: str | None) -> bool:
    """Whether the invoice carries the cancellation prefix, in any case, directly before its digits."""
    if not prefix or invoice[: len(prefix)].upper() != prefix.upper():
        return False
    return _DIGITS.fullmatch(invoice, len(prefix)) is not None


def _plain(value: object) -> str:
    return "" if value is None else clean(str(value)).removesuffix(".0")

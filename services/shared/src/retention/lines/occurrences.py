"""Counts identical lines per invoice during one load, in bounded memory and for rows in any order."""

from __future__ import annotations

import sqlite3
import zlib
from collections import Counter
from typing import Final, TypeAlias

from retention.errors import CannotWriteError

Seen: TypeAlias = dict[bytes, int]  # count by digest

DIGEST_SIZE: Final = 8


class Occurrences:
    """The counts of each invoice's lines so far, updated by the caller.

    Recent invoices are kept in memory, the others in a private temporary file, which the operating system removes
    however the process ends. Only inputs in an unusual order, such as sorted by product, read it back. Invoices with
    the same CRC share an entry, which is harmless: the digests of their lines differ.
    """

    MAX_LINES: Final = 50_000  # held in memory, about 8 MB

    def __init__(self) -> None:
        self._recent: dict[int, Seen] = {}
        self._last: Seen = {}
        self._last_size = 0
        self._lines = 0
        self._file: sqlite3.Connection | None = None
        self._spilled = bytearray(1 << 20)  # a flag per group of CRCs: spares new invoices, most of them, a query

    def of(self, invoice: bytes) -> Seen:
        """Return the counts of this invoice's lines, valid until the next call."""
        self._lines += len(self._last) - self._last_size
        if self._lines > self.MAX_LINES:
            try:
                self._spill()
            except sqlite3.Error as error:
                message = f"cannot write a temporary file: {error}: set TMPDIR to a directory with room"
                raise CannotWriteError(message) from None
        key = zlib.crc32(invoice)
        seen = self._recent.get(key)
        if seen is None:
            seen = self._recent[key] = self._read(key)
            self._lines += len(seen)
        self._last, self._last_size = seen, len(seen)
        return seen

    def _spill(self) -> None:
        if self._file is None:
            self._file = sqlite3.connect("", isolation_level=None)  # no name: a private temporary file
            self._file.execute("PRAGMA journal_mode = OFF")
            self._file.execute("CREATE TABLE seen (invoice INTEGER PRIMARY KEY, digests BLOB)")
        rows = [(key, b"".join([digest * n for digest, n in seen.items()])) for key, seen in self._recent.items()]
        self._file.execute("BEGIN")
        self._file.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", rows)
        self._file.execute("COMMIT")
        for key in self._recent:
            self._spilled[key % len(self._spilled)] = 1
        self._recent, self._lines = {}, 0

    def _read(self, key: int) -> Seen:
        if self._file is None or not self._spilled[key % len(self._spilled)]:
            return {}
        row = self._file.execute("SELECT digests FROM seen WHERE invoice = ?", (key,)).fetchone()
        digests: bytes = row[0] if row else b""
        return Counter(digests[at : at + DIGEST_SIZE] for at in range(0, len(digests), DIGEST_SIZE))

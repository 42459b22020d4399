"""Brings the rows of each order together, whatever the order of the file."""

from __future__ import annotations

import json
import sqlite3
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from retention.errors import CannotWriteError
from retention.lines.documents import NEXT_PART
from retention.lines.rules import Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Numbered = tuple[int, Sequence[Any]]  # a row and its number in the input; the first is 1

_FIRST_SHEET: Final = "0"


def groups(rows: Iterable[Sequence[Any]], invoice: int, *, scattered: bool) -> Iterator[list[Numbered]]:
    """Yield the numbered rows of each order, in the order of first appearance; a Rejection comes alone.

    `invoice` is the index of the order's number. A row without one belongs to the order before it. `scattered` rows
    go through a private temporary file, so that memory stays bounded. An empty list stands between two sheets: they
    may overlap, and the rows of an order that is in both come twice.
    """
    keyed = _keyed(rows, invoice)
    if scattered:
        keyed = _sorted(keyed)
    for sheet, of_sheet in groupby(keyed, lambda one: one[0].partition("\0")[0]):
        if sheet != _FIRST_SHEET:
            yield []
        for _, group in groupby(of_sheet, itemgetter(0)):
            yield [(number, row) for _, number, row in group]


def _keyed(rows: Iterable[Sequence[Any]], invoice: int) -> Iterator[tuple[str, int, Sequence[Any]]]:
    """Yield the rows with their numbers, behind a text that the rows of an order share within one sheet."""
    current, sheet, number = "", 0, 0
    for row in rows:
        if row is NEXT_PART:
            current, sheet = "", sheet + 1
            continue
        number += 1
        if isinstance(row, Rejection):
            yield f"{sheet}\0\0{number}", number, row
            continue
        current = str(row[invoice] or "").strip() or current
        yield f"{sheet}\0{current}", number, row


def _sorted(keyed: Iterable[tuple[str, int, Sequence[Any]]]) -> Iterator[tuple[str, int, Sequence[Any]]]:
    try:
        file = sqlite3.connect("", isolation_level=None)  # no name: a private temporary file
        file.execute("PRAGMA journal_mode = OFF")
        file.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, key TEXT, rejected INTEGER, row TEXT)")
        file.execute("BEGIN")
        packed = ((number, key, isinstance(row, Rejection), json.dumps(row, default=str)) for key, number, row in keyed)
        file.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", packed)
        file.execute("CREATE TABLE firsts AS SELECT key, min(number) AS first FROM rows GROUP BY key")
        file.execute("CREATE UNIQUE INDEX by_key ON firsts (key)")
        order = "SELECT rows.key, number, rejected, row FROM rows JOIN firsts USING (key) ORDER BY first, number"
        for key, number, rejected, row in file.execute(order):
            yield key, number, Rejection(*json.loads(row)) if rejected else json.loads(row)
    except sqlite3.Error as error:
        message = f"cannot write a temporary file: {error}: set TMPDIR to a directory with room"
        raise CannotWriteError(message) from None

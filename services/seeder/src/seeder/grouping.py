"""Brings the rows of each order together, whatever the order of the file."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect
from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from retention.errors import CannotWriteError
from retention.lines.documents import NEXT_PART
from retention.lines.rules import Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Numbered = tuple[int, Sequence[Any]]  # a row and its number in the input; the first is 1


class Group(NamedTuple):
    """The rows of one order, and the numbers of all rows that hold it in the input; the first is 1."""

    numbers: list[int]
    rows: list[Sequence[Any]]


def groups(rows: Iterable[Sequence[Any]], invoice: int, *, scattered: bool) -> Iterator[Group]:
    """Yield each order, in the order of first appearance; a Rejection comes alone.

    `invoice` is the index of the order's number. A row without one belongs to the order before it. Sheets and files of
    one input may overlap: a row that stands in two of them is one row of its order. `scattered` rows go through a
    private temporary file, so that memory stays bounded.
    """
    starts: list[int] = []  # the first row of each further sheet or file
    keyed = _keyed(rows, invoice, starts)
    if scattered:
        keyed = _sorted(keyed)
    for _, group in groupby(keyed, itemgetter(0)):
        numbered = [(number, row) for _, number, row in group]
        yield Group([number for number, _ in numbered], _once(numbered, starts))


def _once(numbered: Sequence[Numbered], starts: Sequence[int]) -> list[Sequence[Any]]:
    """Return the rows, each as often as it stands in the part that has it most often."""
    if not starts or bisect(starts, numbered[0][0]) == bisect(starts, numbered[-1][0]):
        return [row for _, row in numbered]
    seen: Counter[tuple[int, str]] = Counter()
    most: Counter[str] = Counter()
    kept = []
    for number, row in numbered:
        part, text = bisect(starts, number), repr(list(row))
        seen[part, text] += 1
        if seen[part, text] > most[text]:
            most[text] += 1
            kept.append(row)
    return kept


def _keyed(rows: Iterable[Sequence[Any]], invoice: int, starts: list[int]) -> Iterator[tuple[str, int, Sequence[Any]]]:
    current, number = "", 0
    for row in rows:
        if row is NEXT_PART:
            starts.append(number + 1)
            current = ""
            continue
        number += 1
        if isinstance(row, Rejection):
            yield f"\0{number}", number, row
            continue
        current = str(row[invoice] or "").strip() or current
        yield current, number, row


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

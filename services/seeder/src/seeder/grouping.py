"""Brings the rows of each order together, whatever the order of the file."""

from __future__ import annotations

import json
import sqlite3
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from retention.errors import CannotWriteError
from retention.lines.rules import Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Row = Sequence[Any]
    Group = tuple[Sequence[int], list[Row]]  # the numbers of an order's rows in the input, from 1; and the rows


def groups(rows: Iterable[Row], invoice: int, *, scattered: bool) -> Iterator[Group]:
    """Yield the rows of each order with their numbers, in the order of first appearance; a Rejection comes alone.

    `invoice` is the index of the order's number. A row without one belongs to the order before it. `scattered` rows
    go through a private temporary file, so that memory stays bounded.
    """
    if not scattered:
        yield from _together(rows, invoice)
        return
    for _, group in groupby(_sorted(_keyed(rows, invoice)), itemgetter(0)):
        _, numbers, of_order = zip(*group, strict=True)
        yield numbers, list(of_order)


def _together(rows: Iterable[Row], invoice: int) -> Iterator[Group]:
    """Yield the groups of rows that follow each other; most cells are compared as they are written."""
    first = 1
    group: list[Row] = []
    current, refused = "", False
    written: Any = Rejection
    for row in rows:
        if type(row) is Rejection:
            number, refused, begins = Rejection, True, True  # no cell equals it
        elif row[invoice] == written and group:
            group.append(row)
            continue
        else:
            number = row[invoice]
            key = str(number or "").strip() or current
            begins, current, refused = refused or key != current, key, False
        written = number
        if group and begins:
            yield range(first, first + len(group)), group
            first, group = first + len(group), []
        group.append(row)
    if group:
        yield range(first, first + len(group)), group


def _keyed(rows: Iterable[Row], invoice: int) -> Iterator[tuple[str, int, Row]]:
    current = ""
    for number, row in enumerate(rows, 1):
        if isinstance(row, Rejection):
            yield f"\0{number}", number, row
            continue
        current = str(row[invoice] or "").strip() or current
        yield current, number, row


def _sorted(keyed: Iterable[tuple[str, int, Row]]) -> Iterator[tuple[str, int, Row]]:
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

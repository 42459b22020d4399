"""CSV: the file is read once to find how it is written, then for its rows; what is none is put aside, and named."""

from __future__ import annotations

import csv
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Final, TypeAlias

from retention.lines.dates import DateEvidence
from retention.lines.rules import RULES, Rejection, rejection
from seeder.sources.csv_layout import CP1252, MAX_LINE, Layout, layout_of, refuse_two_encodings, with_header
from seeder.sources.file_summary import Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Row: TypeAlias = "Sequence[str]"

_MAX_LINES: Final = 5  # of one record: beyond, a quote was opened that nobody closed
_BATCH_ROWS: Final = 100  # few enough to stay in the processor's cache
_DATE: Final = [rule.name for rule in RULES].index("InvoiceDate")


def look_through(path: Path, name: str) -> Look:
    """Read the file once: its encoding, delimiter, columns, number of rows, and how its dates are written."""
    layout = layout_of(path, name)
    try:
        return _look_through(layout)
    except UnicodeDecodeError:
        refuse_two_encodings(layout)
        return _look_through(layout._replace(encoding=CP1252))


def _look_through(layout: Layout) -> Look:
    layout = with_header(layout)
    found = _look_fast(layout)
    if found is None:
        layout = layout._replace(plain=False)
        found = _look_closely(layout)
    row_count, dates = found
    return Look(layout.description(), row_count, dates, lambda: _rows(layout))


def _look_fast(layout: Layout) -> tuple[int, DateEvidence] | None:
    """Return the number of rows and the texts of the dates; None when some record is not plain. Twice as fast."""
    row_count, dates = 0, DateEvidence()
    date = itemgetter(layout.positions[_DATE])
    with layout.open() as file:
        reader = csv.reader(_lines(file), delimiter=layout.delimiter, strict=True)
        try:
            next(reader)
            while batch := list(islice(reader, _BATCH_ROWS)):
                row_count += len(batch)
                if reader.line_num != row_count + 1 or set(map(len, batch)) != {layout.columns}:
                    return None
                dates.add(map(date, batch))
        except csv.Error:
            return None
    return row_count, dates


def _look_closely(layout: Layout) -> tuple[int, DateEvidence]:
    row_count, dates = 0, DateEvidence()
    for row in _records(layout):
        row_count += 1
        if not isinstance(row, Rejection):
            dates.add([row[_DATE]])
    return row_count, dates


def _rows(layout: Layout) -> Iterator[Row | Rejection]:
    """Yield the rows in the order of RULES; what is none as a Rejection."""
    if not layout.plain:
        yield from _records(layout)
        return
    with layout.open() as file:
        reader = _reader(_lines(file), layout)
        next(reader)
        in_order = layout.positions == tuple(range(layout.columns))
        yield from reader if in_order else map(itemgetter(*layout.positions), reader)


def _records(layout: Layout) -> Iterator[Row | Rejection]:
    """Yield the rows in the order of RULES, whatever the file holds.

    A physical line that cannot be read as CSV, or that opens a record of more than _MAX_LINES lines, is one
    Rejection, and reading goes on behind it: a stray quote costs a row, never the rest of the file.
    """
    pick = itemgetter(*layout.positions)
    with layout.open() as file:
        lines = _Lines(file)
        next(lines)  # the header
        while True:
            lines.taken.clear()
            try:
                row = next(_reader(lines, layout), None)
            except csv.Error:
                yield rejection("row_unreadable", "row", [lines.back_to_second()])
                continue
            if row is None:
                return
            too_long = len(lines.taken[0]) >= MAX_LINE
            if len(row) == layout.columns and not too_long:
                yield pick(row)
            elif too_long or len(lines.taken) > 1:  # two stray quotes, which close each other
                yield rejection("row_unreadable", "row", [lines.back_to_second()])
            elif row:  # an empty line is no row
                yield rejection("columns", "row", row)


class _Lines:
    """Physical lines; those `taken` for the record that is being read can be read again."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lines = _lines(file)
        self._again: list[str] = []
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _MAX_LINES:
            raise csv.Error("a quote that nobody closed")
        line = self._again.pop() if self._again else self._next_line()
        self.taken.append(line)
        return line

    def _next_line(self) -> str:
        """Return the next physical line; of one of more than MAX_LINE characters the first so many."""
        line = piece = next(self._lines)
        while len(piece) == MAX_LINE and piece[-1] not in "\r\n":
            piece = self._file.readline(MAX_LINE)
        return line

    def back_to_second(self) -> str:
        """Return the first line of the record; the others will come again."""
        first, *others = self.taken
        self._again.extend(reversed(others))
        return first


def _reader(lines: Iterator[str], layout: Layout) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=layout.delimiter, strict=True)


def _lines(file: IO[str]) -> Iterator[str]:
    """Yield physical lines, one of more than MAX_LINE characters in pieces: so memory stays bounded."""
    return iter(partial(file.readline, MAX_LINE), "")

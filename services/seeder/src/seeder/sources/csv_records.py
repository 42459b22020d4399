"""The records of a CSV file that is not plain: a stray quote or a wrong width costs one row, never the rest."""

from __future__ import annotations

import csv
from functools import partial
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Final

from retention.lines.rules import Rejection, rejection
from seeder.sources.csv_layout import MAX_LINE, Layout

if TYPE_CHECKING:
    import _csv
    from collections.abc import Iterator, Sequence

_MAX_LINES: Final = 5  # of one record; a longer one comes from a quote that is never closed


def physical_lines(file: IO[str]) -> Iterator[str]:
    """Yield physical lines, those of more than MAX_LINE characters in pieces, so that memory stays bounded."""
    return iter(partial(file.readline, MAX_LINE), "")


def strict_reader(lines: Iterator[str], layout: Layout) -> _csv.Reader:
    """Return a reader that raises csv.Error for text behind a closing quote and for a quote that is never closed."""
    return csv.reader(lines, delimiter=layout.delimiter, strict=True)


def strict_records(layout: Layout) -> Iterator[Sequence[str] | Rejection]:
    """Yield the rows in the order of RULES, whatever the file holds.

    A physical line is one Rejection when it cannot be read as CSV, or opens a record of more than _MAX_LINES lines.
    Reading continues with the next line.
    """
    pick = itemgetter(*layout.positions)
    with layout.open() as file:
        lines = _RereadableLines(file)
        next(lines)  # the header
        while True:
            lines.taken.clear()
            try:
                row = next(strict_reader(lines, layout), None)
            except csv.Error:
                yield rejection("row_unreadable", "row", [lines.back_to_second()])
                continue
            if row is None:
                return
            too_long = len(lines.taken[0]) >= MAX_LINE
            if len(row) == layout.columns and not too_long:
                yield pick(row)
            elif too_long or len(lines.taken) > 1:  # two stray quotes that close each other
                yield rejection("row_unreadable", "row", [lines.back_to_second()])
            elif row:  # an empty line is no row
                yield rejection("columns", "row", row)


class _RereadableLines:
    """Physical lines; those `taken` for the current record can be read again."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lines = physical_lines(file)
        self._again: list[str] = []
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _MAX_LINES:
            raise csv.Error("a quote that is never closed")
        line = self._again.pop() if self._again else self._next_line()
        self.taken.append(line)
        return line

    def _next_line(self) -> str:
        """Return the next physical line, cut to its first MAX_LINE characters."""
        line = piece = next(self._lines)
        while len(piece) == MAX_LINE and piece[-1] not in "\r\n":
            piece = self._file.readline(MAX_LINE)
        return line

    def back_to_second(self) -> str:
        """Return the first line of the record; the others will be read again."""
        first, *others = self.taken
        self._again.extend(reversed(others))
        return first

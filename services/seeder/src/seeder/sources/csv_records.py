"""The records of a CSV file that is not plain: a stray quote or a wrong width costs one row, never the rest."""

from __future__ import annotations

import csv
from typing import IO, TYPE_CHECKING, Final

from retention.lines.rules import Rejection, rejection
from seeder.sources.csv_layout import MAX_LINE, physical_lines

if TYPE_CHECKING:
    import _csv
    from collections.abc import Iterator, Sequence

    from seeder.sources.csv_layout import Layout

MAX_RECORD: Final = 1 << 20  # characters, over any number of physical lines
# A file made for it could have every one of its lines read 1 MiB ahead in vain. The characters read so may be as many
# as the file has, and these; beyond that, a record has _FEW_LINES at most.
_SPARE: Final = 16 << 20
_FEW_LINES: Final = 5

csv.field_size_limit(MAX_RECORD)  # 131,072 by default


def strict_reader(lines: Iterator[str], layout: Layout) -> _csv.Reader:
    """Return a reader that raises csv.Error for text behind a closing quote and for a quote that is never closed."""
    return csv.reader(lines, delimiter=layout.delimiter, strict=True)


def is_doubtful(row: Sequence[str], layout: Layout) -> bool:
    """Return whether a record of several lines may be too long, or two stray quotes that close each other over rows."""
    text = "".join(row)
    if len(text) >= MAX_RECORD // 2:
        return True
    if "\n" not in text and "\r" not in text:
        return False
    return any(map(layout.is_row, (line for cell in row for line in cell.splitlines()[1:-1])))


def strict_records(layout: Layout) -> Iterator[list[str] | Rejection]:
    """Yield the records, whatever the file holds. A row without text is none.

    A physical line is one Rejection when it cannot be read as CSV, or opens a record of several lines that has not the
    header's width within MAX_RECORD characters. Reading continues with the next line.
    """
    with layout.open() as file:
        lines = _RereadableLines(file)
        reader = strict_reader(lines, layout)  # after an error, it begins a new record
        while True:
            lines.begin()
            try:
                row = next(reader, None)
            except csv.Error:
                yield rejection("row_unreadable", "row", [lines.back_to_second()])
                continue
            if row is None:
                return
            if not lines.holds_one_record(row, layout):
                yield rejection("row_unreadable", "row", [lines.back_to_second()])
            elif any(row):
                yield _of_width(row, layout.columns)


def _of_width(row: list[str], columns: int) -> list[str] | Rejection:
    """Return the row without blank cells beyond the header's width: spreadsheets write `,,,` behind a row."""
    if len(row) > columns and not any(map(str.strip, row[columns:])):
        row = row[:columns]
    return row if len(row) == columns else rejection("columns", "row", row)


class _RereadableLines:
    """Physical lines; those `taken` for the current record can be read again."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lines = physical_lines(file)
        self._again: list[str] = []
        self._size = 0  # of what was taken
        self._done = 0  # characters of the records before
        self._in_vain = 0  # characters read ahead that had to be read again
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        few = self._in_vain > self._done + _SPARE
        if self._size >= MAX_RECORD or (few and len(self.taken) >= _FEW_LINES):
            raise csv.Error("a quote that is never closed")
        line = self._again.pop() if self._again else self._next_line()
        self.taken.append(line)
        self._size += len(line)
        return line

    def begin(self) -> None:
        """Begin another record."""
        self._done += self._size
        self._size = 0
        self.taken.clear()

    def holds_one_record(self, row: Sequence[str], layout: Layout) -> bool:
        """Return whether the lines taken are one record; not two stray quotes that close each other over rows."""
        if self._size >= MAX_RECORD:
            return False
        if len(self.taken) == 1:
            return True
        between = [line for line in self.taken[1:-1] if line.strip()]
        return len(row) == layout.columns and not (between and all(map(layout.is_row, between)))

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
        self._in_vain += self._size - len(first)
        self._size = len(first)
        return first

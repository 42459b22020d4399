"""The header of a CSV file, and with it the delimiter: whichever gives the most names that the formats know."""

from __future__ import annotations

import csv
import re
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from retention.errors import BadDataError
from seeder.printable import printable
from seeder.sources.csv_layout import DELIMITERS, MAX_LINE, physical_lines
from seeder.sources.header import FIRST_ROWS, Header, best_header, rows_above

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seeder.sources.csv_layout import Layout
    from seeder.sources.table import Score

_FIRST_LINES: Final = 100  # physical ones, blank ones included
_SEPARATOR: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # Excel's own first line


class Found(NamedTuple):
    """A layout with its columns, their names, and what was passed over above them."""

    layout: Layout
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def with_header(layout: Layout, score: Score) -> Found:
    """Find the header among the first rows. Raises BadDataError for a file without text."""
    lines = _first_lines(layout)
    declared = _SEPARATOR.fullmatch(lines[0]) if lines else None
    rest = lines[1:] if declared else lines
    starts = list(islice((start for start, line in enumerate(rest) if line.strip()), FIRST_ROWS))
    if not starts:
        raise BadDataError(f"{layout.name}: the file is empty: no column names, no rows")
    delimiters = dict.fromkeys([declared[1], *DELIMITERS] if declared else DELIMITERS)
    found = {each: best_header((row for row, _ in _records(rest, starts, each)), score) for each in delimiters}
    delimiter, header = max(found.items(), key=lambda each: _rank(each[1]))
    if header is None:
        raise BadDataError(f"{layout.name}: no column names in its first rows: add a header")
    above = rest[: starts[header.row]]
    _, height = next(islice(_records(rest, starts, delimiter), header.row, None))
    return Found(
        layout._replace(delimiter=delimiter, columns=len(header.names), above=bool(declared) + len(above) + height),
        header.names,
        ((printable(lines[0].strip()),) if declared else ()) + rows_above(above),
    )


def _first_lines(layout: Layout) -> list[str]:
    """Return the first physical lines, of MAX_LINE characters together, more or less."""
    lines: list[str] = []
    with layout.open() as file:
        for line in islice(physical_lines(file), _FIRST_LINES):
            lines.append(line)
            if sum(map(len, lines)) >= MAX_LINE:
                break
    return lines


def _records(lines: Sequence[str], starts: Sequence[int], delimiter: str) -> Iterator[tuple[list[str], int]]:
    """Yield the record that begins with each of these lines, and how many lines it has: a name may hold line breaks.

    Each is read on its own, so that a stray quote in a title costs the title alone.
    """
    for start in starts:
        reader = csv.reader(lines[start:], delimiter=delimiter)
        try:
            yield next(reader, []), reader.line_num
        except csv.Error:  # a name of more than 131,072 characters
            yield [], 1


def _rank(header: Header | None) -> tuple[int, int]:
    return (header.score, len(header.names)) if header else (-1, 0)

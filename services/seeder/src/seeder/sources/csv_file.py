"""CSV files: one pass finds how the file is written, a second gives its rows."""

from __future__ import annotations

import csv
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from retention.errors import BadDataError
from retention.lines.dates import DateEvidence
from retention.lines.rules import Rejection
from seeder.sources.columns import DATE
from seeder.sources.csv_layout import CP1252, Layout, layout_of, refuse_mixed_encodings, with_header
from seeder.sources.csv_records import physical_lines, strict_reader, strict_records
from seeder.sources.file_summary import FileSummary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BATCH_ROWS: Final = 100  # few enough to stay in the processor's cache


def scan(path: Path, name: str) -> FileSummary:
    """Read the file once: its encoding, delimiter, columns, number of rows, and how its dates are written."""
    layout = layout_of(path, name)
    try:
        return _scan(layout)
    except UnicodeDecodeError:
        refuse_mixed_encodings(layout)
        return _scan(layout._replace(encoding=CP1252))


def _scan(layout: Layout) -> FileSummary:
    layout = with_header(layout)
    found = _scan_plain(layout)
    if found is None:
        layout = layout._replace(plain=False)
        found = _scan_strict(layout)
    row_count, dates = found
    return FileSummary(layout.description(), row_count, dates, lambda: _rows(layout))


def _scan_plain(layout: Layout) -> tuple[int, DateEvidence] | None:
    """Return the number of rows and their dates, None when a record is not plain. Twice as fast as `_scan_strict`."""
    row_count, dates = 0, DateEvidence()
    date = itemgetter(layout.positions[DATE])
    with layout.open() as file:
        reader = strict_reader(physical_lines(file), layout)
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


def _scan_strict(layout: Layout) -> tuple[int, DateEvidence]:
    row_count, dates = 0, DateEvidence()
    for row in strict_records(layout):
        row_count += 1
        if not isinstance(row, Rejection):
            dates.add([row[DATE]])
    return row_count, dates


def _rows(layout: Layout) -> Iterator[Sequence[str] | Rejection]:
    """Yield the rows in the order of RULES; a record that is no row is a Rejection."""
    try:
        if not layout.plain:
            yield from strict_records(layout)
            return
        with layout.open() as file:  # in this generator: another one would cost every row a step
            reader = strict_reader(physical_lines(file), layout)
            next(reader, None)  # the header
            in_order = layout.positions == tuple(range(layout.columns))
            yield from reader if in_order else map(itemgetter(*layout.positions), reader)
    except (csv.Error, UnicodeError) as error:  # the scan found none
        raise BadDataError(f"{layout.name}: changed while it was loaded: load it again: {error}") from None

"""CSV files: a scan finds whether every record is plain; if so, the rows come straight from the csv module."""

from __future__ import annotations

import csv
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Literal

from retention.lines.documents import NEXT_PART
from retention.lines.rules import Rejection
from seeder.sources import csv_encoding
from seeder.sources.csv_header import with_header
from seeder.sources.csv_layout import GZIP, Layout, changed, physical_lines
from seeder.sources.csv_records import is_doubtful, strict_reader, strict_records
from seeder.sources.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from seeder.sources.table import Batch, Score

_BATCH_ROWS: Final = 100  # few enough to stay in the processor's cache


def table(path: Path, name: str, score: Score) -> Table:
    """Return the table in a CSV file, plain or gzipped.

    Raises BadDataError for a file that is empty, a damaged gzip file, or not in one encoding.
    """
    with path.open("rb") as file:
        layout = Layout(path, name, gzipped=file.read(len(GZIP)) == GZIP)
    layout, columns, passed_over = with_header(csv_encoding.with_encoding(layout), score)
    notes = csv_encoding.notes(layout) + passed_over
    return in_parts([CsvFile(layout)])._replace(columns=columns, notes=notes)


def in_parts(files: Sequence[CsvFile]) -> Table:
    """Return the table of files that have the same columns and may overlap; without the names of the columns."""
    first = files[0]

    def scan(positions: Sequence[int], start: Callable[[], Callable[[Batch], Any]]) -> int:
        while True:
            take = start()
            counts = [file.scan(positions, take) for file in files]
            if None not in counts:
                return sum(filter(None, counts))

    def rows(positions: Sequence[int]) -> Iterator[Sequence[Any]]:
        yield from first.rows(positions)
        for file in files[1:]:
            yield NEXT_PART
            yield from file.rows(positions)

    layout = first.layout
    return Table(layout.name, layout.description(), (), scan, rows if files[1:] else first.rows)


class CsvFile:
    """The records of one file, and the fastest way to read them that is known to be right."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        # plain: every record has the header's width and certain ends; gaps: rows without text are among them
        self._way: Literal["unknown", "plain", "gaps", "strict"] = "unknown"

    def scan(self, positions: Sequence[int], take: Callable[[Batch], Any]) -> int | None:
        """Give batches of picked rows to `take`; return the number of records, None when it must be started again."""
        if self._way == "strict":
            return self._scan_strict(positions, take)
        count = self._scan_plain(positions, take)
        if count is None:
            self._way = "strict"  # half as fast
        return count

    def _scan_plain(self, positions: Sequence[int], take: Callable[[Batch], Any]) -> int | None:
        pick, widths, empty = self._picker(positions), {self.layout.columns}, [""] * self.layout.columns
        read = count = lines = 0
        with self.layout.open() as file:
            reader = strict_reader(physical_lines(file), self.layout)
            try:
                while batch := list(islice(reader, _BATCH_ROWS)):
                    read += len(batch)
                    lines += len(batch)
                    if empty in batch or set(map(len, batch)) != widths:
                        batch = list(filter(any, batch))
                    if not set(map(len, batch)) <= widths:
                        return None
                    if reader.line_num != lines and any(is_doubtful(row, self.layout) for row in batch):
                        return None
                    count, lines = count + len(batch), reader.line_num
                    take(list(map(pick, batch)) if pick else batch)
            except csv.Error:
                return None
        self._way = "plain" if count == read else "gaps"
        return count

    def _scan_strict(self, positions: Sequence[int], take: Callable[[Batch], Any]) -> int:
        count = 0
        pick = self._picker(positions) or list
        records = strict_records(self.layout)
        while batch := list(islice(records, _BATCH_ROWS)):
            count += len(batch)
            if good := [pick(row) for row in batch if not isinstance(row, Rejection)]:
                take(good)
        return count

    def rows(self, positions: Sequence[int]) -> Iterator[Sequence[Any]]:
        """Yield the cells at these positions of each record; a record that cannot be read is a Rejection."""
        pick = self._picker(positions)
        if self._way not in {"plain", "gaps"}:
            for row in strict_records(self.layout):
                yield pick(row) if pick and not isinstance(row, Rejection) else row
            return
        try:
            with self.layout.open() as file:  # in this generator: another one would cost every row a step
                reader: Iterator[list[str]] = strict_reader(physical_lines(file), self.layout)
                if self._way == "gaps":
                    reader = filter(any, reader)
                yield from map(pick, reader) if pick else reader
        except csv.Error as error:  # the scan found none
            raise changed(self.layout.name, error) from None

    def _picker(self, positions: Sequence[int]) -> Callable[[list[str]], Sequence[str]] | None:
        """Return what picks these cells of a row; None when they are all cells in their order."""
        if tuple(positions) == tuple(range(self.layout.columns)):
            return None
        if len(positions) > 1:
            return itemgetter(*positions)
        return lambda row: tuple(row[position] for position in positions)  # itemgetter gives a lone cell bare

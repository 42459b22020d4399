"""One rectangular input: named columns, and rows that can be read again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Batch: TypeAlias = "Sequence[Sequence[Any]]"


class Table(NamedTuple):
    """Named columns of cells. Cells are text; Parquet gives typed values."""

    name: str  # of the file, and of the member or sheet, in messages
    description: str  # "CSV with ;, UTF-8", "XLSX, sheet Orders"
    columns: tuple[str, ...]  # the header, trimmed
    # scan(positions, start): read everything once; `start()` returns a function that takes batches of picked rows.
    # Starts again with a new one when the first way of reading fails. Returns the number of records, unreadable ones
    # included; afterwards `rows` yields that many (besides NEXT_PART).
    scan: Callable[[Sequence[int], Callable[[], Callable[[Batch], None]]], int]
    # rows(positions): the cells at these positions of each record, in this order; a Rejection for an unreadable record;
    # NEXT_PART between sheets that may overlap.
    rows: Callable[[Sequence[int]], Iterator[Sequence[Any]]]
    notes: tuple[str, ...] = ()  # what was passed over: "2 rows above the header", "sep=;", "sheet Notes"

"""What an input holds: tables of named columns, whose rows can be read again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Batch: TypeAlias = "Sequence[Sequence[Any]]"
Score: TypeAlias = "Callable[[Sequence[str]], int]"  # how many of these column names are known; 0: none


class Table(NamedTuple):
    """Named columns of cells. Cells are text; Parquet and synthetic data give typed values."""

    name: str  # of the file, and of the member or sheet, in messages
    description: str  # "CSV with ;, UTF-8", "XLSX, sheet Orders"
    columns: tuple[str, ...]  # the header, trimmed
    # scan(positions, start): read everything once; `start()` returns a function that takes batches of picked rows.
    # Starts again with a new one when the first way of reading fails. Returns the number of records, unreadable ones
    # included; afterwards `rows` yields that many (besides NEXT_PART).
    scan: Callable[[Sequence[int], Callable[[], Callable[[Batch], Any]]], int]
    # rows(positions): the cells at these positions of each record, in this order; a Rejection for an unreadable record;
    # NEXT_PART between sheets that may overlap. Fastest after a scan, and when the positions are 0, 1, 2, … of all.
    rows: Callable[[Sequence[int]], Iterator[Sequence[Any]]]
    notes: tuple[str, ...] = ()  # what was passed over or assumed: "2 rows above the header", "sep=;", "sheet Notes"


class Input(NamedTuple):
    """One input, open: a file, a folder, the standard input, or synthetic data."""

    load_id: str  # the same content has the same id
    name: str
    size: int  # bytes; 0 for synthetic data
    tables: list[Table]  # one or more
    invented: bool = False  # synthetic: real data replaces it, since it can be generated again

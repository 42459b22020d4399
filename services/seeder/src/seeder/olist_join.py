"""Olist's three files as one table, of one row per item; every other input as it is."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from seeder.formats import olist_tables
from seeder.sources.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from seeder.sources.table import Batch, Input

_BATCH_ROWS: Final = 100
_PARTS: Final = 3


def joined(found: Input) -> list[Table]:
    """Return the tables of an input; Olist's orders, items and customers become one."""
    tables = {table.name: table for table in found.tables}
    parts = olist_tables.plan_tables({name: table.columns for name, table in tables.items()})
    if parts is None or len({parts.orders, parts.items, parts.customers}) < _PARTS:  # joined already
        return found.tables

    def picked(name: str, positions: Sequence[int]) -> Iterator[Any]:
        return tables[name].rows(positions)

    def rows(positions: Sequence[int]) -> Iterator[tuple[Any, ...]]:
        return (tuple(row[at] for at in positions) for row in olist_tables.join(parts, picked))

    def scan(positions: Sequence[int], start: Callable[[], Callable[[Batch], Any]]) -> int:
        take, found, count = start(), rows(positions), 0
        while batch := list(islice(found, _BATCH_ROWS)):
            take(batch)
            count += len(batch)
        return count

    unused = [name for name in tables if name not in {parts.orders, parts.items, parts.customers}]
    notes = (f"passed over: {', '.join(unused)}",) if unused else ()
    return [Table(found.name, "orders, items and customers joined", olist_tables.COLUMNS, scan, rows, notes)]

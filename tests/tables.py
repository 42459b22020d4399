"""Reading the tables of an input in tests; a stand-in for the formats knows the eight published names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.lines.documents import NEXT_PART
from retention.lines.rules import RULES, Rejection
from seeder.sources.opening import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from seeder.sources.table import Batch, Table

KNOWN: Final = {spelling.casefold() for rule in RULES for spelling in (rule.name, *rule.spellings)}


def score(names: Sequence[str]) -> int:
    """Return how many of the names are known."""
    return len(KNOWN.intersection(map(str.casefold, names)))


class Content(NamedTuple):
    """What a table held, in total so many records. `rows` includes rejections and markers."""

    name: str
    description: str
    columns: tuple[str, ...]
    total: int
    scanned: list[list[Any]]
    rows: list[Any]
    notes: tuple[str, ...]

    @property
    def rejected(self) -> list[Rejection]:
        """The records that could not be read."""
        return [row for row in self.rows if isinstance(row, Rejection)]


def content(table: Table, positions: Sequence[int] | None = None) -> Content:
    """Scan the table, then read it."""
    picked = range(len(table.columns)) if positions is None else positions
    scanned: list[list[Any]] = []

    def start() -> Callable[[Batch], None]:
        scanned.clear()
        return lambda batch: scanned.extend(map(list, batch))

    total = table.scan(picked, start)
    rows = [row if isinstance(row, Rejection) or row is NEXT_PART else list(row) for row in table.rows(picked)]
    return Content(table.name, table.description, table.columns, total, scanned, rows, table.notes)


def contents(path: Path, *, sheet: str | None = None) -> list[Content]:
    """Open the input and read all its tables."""
    with opened(path, sheet=sheet, score=score) as found:
        return [content(table) for table in found.tables]

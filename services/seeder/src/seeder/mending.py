"""Rows that `quarantine --csv` wrote and a person mended: recognised by its columns, each with where it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from retention.lines.documents import NEXT_PART
from retention.lines.rules import RULES, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seeder.sources.table import Table

FIELDS: Final = tuple(rule.name for rule in RULES)
COLUMNS: Final = ("load", "row", "reason", "field", "raw")  # of the CSV file, before the fields of a line


class Kept(NamedTuple):
    """Where a row is kept in quarantine; no row is kept under an empty load."""

    load: str
    row: int


NOWHERE: Final = Kept("", 0)
_DIGITS: Final = 19  # of a number beyond 64 bits


def is_mended(columns: Sequence[str]) -> bool:
    """Whether this is the header of a file that `quarantine --csv` wrote."""
    return set(columns) >= {*COLUMNS, *FIELDS}


def kept_rows(table: Table) -> Iterator[Kept]:
    """Yield for each row of such a file where it is kept."""
    for row in table.rows((table.columns.index("load"), table.columns.index("row"))):
        if row is not NEXT_PART:
            yield NOWHERE if isinstance(row, Rejection) else _kept(*row)


def _kept(load: object, row: object) -> Kept:
    text = "" if row is None else str(row).strip().removesuffix(".0")  # as a spreadsheet may write it
    return Kept(str(load or "").strip(), int(text)) if text.isdecimal() and len(text) < _DIGITS else NOWHERE

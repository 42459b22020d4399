"""Sheets that are parts of one table: their known names are the same, in any order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seeder.sources.table import Score
    from seeder.sources.xlsx_sheets import Sheet


class Group(NamedTuple):
    """The parts of one table, and the columns that one or more of them have."""

    columns: tuple[str, ...]
    sheets: tuple[Sheet, ...]

    def positions(self, sheet: Sheet) -> list[int | None]:
        """Return where each of the columns is in one of the sheets; None where it has no such column."""
        found = {key: position for position, key in enumerate(_keys(sheet.header.names))}
        return [found.get(key) for key in _keys(self.columns)]


def in_groups(sheets: Sequence[Sheet], score: Score) -> list[Group]:
    """Return the sheets by table. Names that not all parts of a table have are unknown ones."""
    groups: list[Group] = []
    for sheet in sheets:
        names = sheet.header.names
        number = next((number for number, group in enumerate(groups) if _agree(group.columns, names, score)), None)
        if number is None:
            groups.append(Group(names, (sheet,)))
        else:
            group = groups[number]
            groups[number] = Group(group.columns + _missing(group.columns, names), (*group.sheets, sheet))
    return groups


def _agree(columns: Sequence[str], names: Sequence[str], score: Score) -> bool:
    differing = _missing(columns, names) + _missing(names, columns)
    return not differing or not score(differing)


def _missing(columns: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the names that are no columns."""
    known = set(_keys(columns))
    return tuple(name for name, key in zip(names, _keys(names), strict=True) if key not in known)


def _keys(names: Sequence[str]) -> list[tuple[str, int]]:
    """Return the names without case, blanks and signs; the second of the same name is another one."""
    seen: Counter[str] = Counter()
    keys = []
    for name in names:
        plain = "".join(filter(str.isalnum, name.casefold()))
        keys.append((plain, seen[plain]))
        seen[plain] += 1
    return keys

"""Finds the columns of an export by their names: case, blanks and punctuation are ignored, and so is their order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# Words of columns that hold money, states or currencies: worth a mention when a format does not use them.
_WORTH_A_MENTION: Final = re.compile(
    "amount|balance|cost|currency|discount|fee|paid|price|profit|refund|sales|status|tax|total|vat"
)


def plain(name: str) -> str:
    """Return a header name in lower case, letters and digits alone: `Created (UTC)` is `createdutc`."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


class Header:
    """The columns of one table, and those that were taken to be read, in the order of taking."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._at = {plain(name): position for position, name in reversed(list(enumerate(columns)))}
        self._taken: list[int] = []

    def has(self, *names: str) -> bool:
        """Whether all of the names are there."""
        return all(plain(name) in self._at for name in names)

    def has_one(self, *names: str) -> bool:
        """Whether at least one of the names is there."""
        return any(plain(name) in self._at for name in names)

    def take(self, *spellings: str) -> int | None:
        """Return the index, in a picked row, of the first of the spellings that is there; None: none is."""
        at = next((self._at[plain(name)] for name in spellings if plain(name) in self._at), None)
        return None if at is None else self._index(at)

    def need(self, *spellings: str) -> int:
        """Return the same as `take`, of a column that is there; LookupError when it is not."""
        index = self.take(*spellings)
        if index is None:
            raise LookupError(spellings[0])
        return index

    def named(self, pattern: re.Pattern[str]) -> dict[str, int]:
        """Return the index in a picked row of every plain name that matches in full, in the file's order."""
        found = sorted((at, name) for name, at in self._at.items() if pattern.fullmatch(name))
        return {name: self._index(at) for at, name in found}

    @property
    def positions(self) -> tuple[int, ...]:
        """The positions, in the table, of the columns taken so far: `Plan.positions`."""
        return tuple(self._taken)

    @property
    def passed_over(self) -> tuple[str, ...]:
        """The columns that look like money, states or currencies, and were not taken."""
        names = (name for at, name in enumerate(self._columns) if at not in self._taken)
        return tuple(name for name in names if _WORTH_A_MENTION.search(plain(name)))

    def _index(self, at: int) -> int:
        if at not in self._taken:
            self._taken.append(at)
        return self._taken.index(at)


def present(*indexes: int | None) -> tuple[int, ...]:
    """Return the indexes of the columns that are there."""
    return tuple(index for index in indexes if index is not None)

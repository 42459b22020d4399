"""Whether an unread column may be the quantity of a file in which no column is known as it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from seeder.formats.feed import TOTALS
from seeder.formats.spellings import assign

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_MOST: Final = 999


def counts_pieces(columns: Sequence[str], unread: Collection[int]) -> bool:
    """Whether the money of a row depends on how many pieces it is: it has a price, no known quantity and no total.

    `unread` are the positions of columns that are not read: a total among them turned out to be none.
    """
    fields = assign(columns)
    totals = any(name in fields and fields[name] not in unread for name in TOTALS)
    return "UnitPrice" in fields and "Quantity" not in fields and not totals


def are_pieces(cells: Sequence[Any]) -> bool:
    """Whether all cells are small whole numbers, some of them several times and some above 1: no numbering of rows."""
    texts = [str(cell).strip().removesuffix(".0") for cell in cells]
    if not all(text.isascii() and text.isdigit() and int(text) <= _MOST for text in texts):
        return False
    return len(set(texts)) < len(texts) and any(int(text) > 1 for text in texts) and len(set(texts)) > 1

"""Whether an unread column may be the quantity of a file in which no column is known as it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from seeder.formats.feed import TOTALS
from seeder.formats.spellings import assign

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST: Final = 999


def counts_pieces(columns: Sequence[str]) -> bool:
    """Whether the money of a row depends on how many pieces it is: it has a price, no total and no known quantity."""
    fields = assign(columns)
    return "UnitPrice" in fields and "Quantity" not in fields and not any(name in fields for name in TOTALS)


def are_pieces(cells: Sequence[Any]) -> bool:
    """Whether all cells are small whole numbers, some of them several times and some above 1: no numbering of rows."""
    texts = [str(cell).strip().removesuffix(".0") for cell in cells]
    if not all(text.isascii() and text.isdigit() and int(text) <= _MOST for text in texts):
        return False
    return len(set(texts)) < len(texts) and any(int(text) > 1 for text in texts) and len(set(texts)) > 1

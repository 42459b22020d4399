"""Whether a cell names anybody."""

from __future__ import annotations

from retention.lines import people
from retention.lines.cells import clean


def is_nobody(cell: object) -> bool:
    """Return whether a cell names no customer: blank, 0, a dash, or a word for guest."""
    return cell is None or people.is_nobody(clean(str(cell)))

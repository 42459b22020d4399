"""What looking through a file finds, whatever its format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from retention import schema
from retention.errors import BadDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


class Look(NamedTuple):
    """What looking through a file found."""

    sha256: str
    description: str
    row_count: int
    date_texts: frozenset[str]  # the distinct texts of InvoiceDate; none where dates are typed
    rows: Callable[[], Iterator[Sequence[object]]]


def column_positions(names: Sequence[str], path: Path) -> list[int]:
    """Return where each of `schema.LINE_FIELDS` stands in `names`; BadDataError names what is missing or doubled."""
    stripped = [name.strip() for name in names]
    missing = [field for field in schema.LINE_FIELDS if field not in stripped]
    if missing:
        raise BadDataError(f"{path}: no column {', '.join(missing)}; found {', '.join(stripped)[:200]}")
    doubled = [field for field in schema.LINE_FIELDS if stripped.count(field) > 1]
    if doubled:
        raise BadDataError(f"{path}: more than one column {', '.join(doubled)}")
    return [stripped.index(field) for field in schema.LINE_FIELDS]

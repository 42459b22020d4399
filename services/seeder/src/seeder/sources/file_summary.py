"""What looking through a file finds, whatever its format, and which column is which."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from retention.errors import BadDataError
from retention.lines.rules import RULES
from retention.lines.spellings import field_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from retention.lines.dates import DateEvidence


class Look(NamedTuple):
    """What looking through a file found."""

    description: str
    row_count: int
    dates: DateEvidence  # of the texts of InvoiceDate; none where dates are typed
    rows: Callable[[], Iterator[Sequence[object]]]


def recognised(names: Sequence[str]) -> list[str | None]:
    """Return the published name of each column, None for one that is none of ours."""
    return [field_named(name) for name in names]


def column_positions(names: Sequence[str], file: object) -> list[int]:
    """Return where each field of RULES stands in `names`; BadDataError names `file` and what is missing or doubled."""
    found = recognised(names)
    missing = [rule.name for rule in RULES if rule.name not in found]
    if missing:
        raise BadDataError(f"{file}: no column {', '.join(missing)}; found {', '.join(names)[:200]!r}")
    doubled = [rule.name for rule in RULES if found.count(rule.name) > 1]
    if doubled:
        raise BadDataError(f"{file}: more than one column {', '.join(doubled)}; found {', '.join(names)[:200]!r}")
    return [found.index(rule.name) for rule in RULES]

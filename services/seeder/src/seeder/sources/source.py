"""One input, ready to be loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from retention.lines.dates import DateFormat


class Source(NamedTuple):
    """One input. `rows` gives its rows in the order of `rules.RULES`, the same rows on every call."""

    load_id: str  # the same content has the same id
    name: str
    size: int  # bytes; 0 for synthetic data
    description: str
    dates: DateFormat
    row_count: int
    invented: bool  # synthetic: real data replaces it, since it can be generated again
    rows: Callable[[], Iterator[Sequence[object]]]

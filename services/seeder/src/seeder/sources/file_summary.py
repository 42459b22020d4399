"""The result of scanning a file, the same for every file type."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from retention.lines.dates import DateEvidence


class FileSummary(NamedTuple):
    """What the first pass over a file found, and how to read its rows in a second pass."""

    description: str  # file type, encoding, sheets
    row_count: int
    dates: DateEvidence  # the texts of InvoiceDate; empty where dates are typed
    rows: Callable[[], Iterator[Sequence[object]]]

"""The row that names the columns, found among the first rows: exports put titles and blank rows above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from seeder.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seeder.sources.table import Score

FIRST_ROWS: Final = 20  # with text in them: where a header is looked for
_SHOWN: Final = 60  # characters of a title


class Header(NamedTuple):
    """The names of the columns, how many of them are known, and the header's position among the rows searched."""

    row: int
    names: tuple[str, ...]
    score: int


def best_header(rows: Iterable[Sequence[str]], score: Score) -> Header | None:
    """Return the row with the most known names; the first row with text when none is known; None without text."""
    headers = (Header(row, names, score(names)) for row, names in enumerate(map(trimmed, rows)) if any(names))
    return max(headers, key=lambda header: header.score, default=None)


def rows_above(titles: Sequence[str]) -> tuple[str, ...]:
    """Return the note on rows above the header; the first text in them is shown. Empty without rows."""
    if not titles:
        return ()
    text = next((title.strip() for title in titles if title.strip()), "")
    shown = f": {printable(text)[:_SHOWN]}" if text else ""
    return (f"{len(titles)} row{'s' * (len(titles) > 1)} above the header{shown}",)


def trimmed(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names, each on one line, without the blanks, quotes and byte order mark around it."""
    return tuple(" ".join(name.replace("\ufeff", "").split()).strip('"').strip() for name in names)

"""The sheets of a workbook: where each has its header, which of them hold the data, and which are parts of one."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.errors import BadDataError
from seeder.printable import printable
from seeder.sources.header import FIRST_ROWS, Header, best_header, rows_above
from seeder.sources.xlsx_cells import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from seeder.sources.table import Score

_MAX_ROWS: Final = 1_048_576  # the format's own limit; a damaged row number of 10¹² would be waited for
_MAX_TITLE: Final = 31  # characters, the format's own limit
_SHOWN: Final = 300  # characters of all titles


class Sheet(NamedTuple):
    """One sheet that is not empty. `rows` yields the cells of each row below the header."""

    title: str
    header: Header
    notes: tuple[str, ...]  # what stands above the header
    rows: Callable[[], Iterator[Sequence[Any]]]


def sheets_of(book: Any, name: str, title: str | None, score: Score) -> tuple[list[Sheet], list[str]]:  # noqa: ANN401
    """Return the sheet with this title, or all with the most known names; and the titles of the others.

    Where no names are known, the first sheet that is not empty. Raises BadDataError when there is no such sheet.
    """
    titles = {_title(sheet): sheet for sheet in book.worksheets}
    if title is not None:
        title = next((each for each in titles if each.strip().casefold() == title.strip().casefold()), title)
    if title is not None and title not in titles:
        shown = ", ".join(titles)[:_SHOWN]
        raise BadDataError(f"{name}: no sheet {printable(title)}: name another one with --sheet: {shown}")
    candidates = [title] if title is not None else list(titles)
    found = [sheet for each in candidates if (sheet := _sheet(titles[each], each, name, score))]
    if not found:
        raise BadDataError(f"{name}: the {'sheet' if title else 'workbook'} is empty: no column names, no rows")
    best = max(sheet.header.score for sheet in found)
    taken = [sheet for sheet in found if sheet.header.score == best] if best else found[:1]
    return taken, [each for each in titles if each not in {sheet.title for sheet in taken}]


def _sheet(sheet: Any, title: str, file: str, score: Score) -> Sheet | None:  # noqa: ANN401 - the library is not typed
    first = [[text(cell) for cell in row] for row in islice(_rows(sheet, file, 0), FIRST_ROWS)]
    header = best_header(first, score)
    if header is None:
        return None
    last = max(position for position, name in enumerate(header.names) if name)
    above = [next(filter(None, row), "") for row in first[: header.row]]
    header = header._replace(names=header.names[: last + 1])
    return Sheet(title, header, rows_above(above), partial(_rows, sheet, file, header.row + 1))


def _title(sheet: Any) -> str:  # noqa: ANN401 - the library is not typed
    return printable(sheet.title)[:_MAX_TITLE]


def _rows(sheet: Any, file: str, above: int) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - the library is not typed
    """Yield the rows that are not empty, without as many as are `above`."""
    sheet.reset_dimensions()  # some programs declare a size that is too small, and rows would be cut off
    rows = (row for row in _numbered(sheet, file) if any(cell is not None for cell in row))
    return islice(rows, above, None)


def _numbered(sheet: Any, file: str) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - the library is not typed
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        if number >= _MAX_ROWS:
            raise BadDataError(f"{file}: sheet {_title(sheet)} has more rows than a workbook can have: save it again")
        yield row

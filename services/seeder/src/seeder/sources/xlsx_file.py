"""XLSX files, converted to CSV sheet by sheet, so that a line has the same id in either."""

from __future__ import annotations

import csv
import warnings
from typing import IO, TYPE_CHECKING, Any

from retention.errors import CannotWriteError
from seeder.sources import csv_file
from seeder.sources.csv_layout import Layout
from seeder.sources.damage import damage_refused
from seeder.sources.xlsx_archive import refuse_unreadable
from seeder.sources.xlsx_cells import text
from seeder.sources.xlsx_groups import Group, in_groups
from seeder.sources.xlsx_sheets import sheets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from seeder.sources.table import Score, Table
    from seeder.sources.xlsx_sheets import Sheet


def tables(path: Path, name: str, title: str | None, score: Score, new_file: Callable[[], Path]) -> list[Table]:
    """Return the table of the sheet with this title, or of all sheets with the most known names.

    Several are parts of one table where their names agree: the two sheets of Online Retail II overlap by nine days, and
    a line that is in both was sold once. Otherwise, each is a table. `new_file` gives the path of a temporary file.
    Raises BadDataError when there is no such sheet, or the workbook is empty, damaged, protected or too large when
    unpacked, and CannotWriteError when there is no room for a temporary file.
    """
    with path.open("rb") as file:
        refuse_unreadable(name, file)
        with damage_refused(name, "workbook"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which no row depends on
            sheets, passed_over = sheets_of(_open(file), name, title, score)
            groups = in_groups(sheets, score)
            found = [_table(group, name, new_file) for group in groups]
    if len(found) > 1:
        names = (f"{name}, sheet {group.sheets[0].title}" for group in groups)
        found = [table._replace(name=name) for table, name in zip(found, names, strict=True)]
    others = tuple(f"sheet {title}" for title in passed_over)
    return [table._replace(notes=table.notes + others) for table in found]


def _open(file: IO[bytes]) -> Any:  # noqa: ANN401 - the library is not typed
    from openpyxl import load_workbook  # noqa: PLC0415 - 15 MB that no other source needs

    # read_only reads row by row; data_only takes a formula's last result.
    return load_workbook(file, read_only=True, data_only=True, keep_links=False)


def _table(group: Group, name: str, new_file: Callable[[], Path]) -> Table:
    files = [csv_file.CsvFile(_converted(group, sheet, new_file(), name)) for sheet in group.sheets]
    titles = ", ".join(sheet.title for sheet in group.sheets)
    description = f"XLSX, sheet{'s' * (len(files) > 1)} {titles}"
    notes = tuple(dict.fromkeys(note for sheet in group.sheets for note in sheet.notes))
    return csv_file.in_parts(files)._replace(description=description, columns=group.columns, notes=notes)


def _converted(group: Group, sheet: Sheet, to: Path, name: str) -> Layout:
    """Write the rows of one sheet to `to` as CSV, without a header."""
    try:
        with to.open("w", encoding="utf-8", newline="") as csv_lines:
            csv.writer(csv_lines, lineterminator="\n").writerows(_rows(group.positions(sheet), sheet))
    except OSError as error:
        raise CannotWriteError(
            f"{name}: cannot write its temporary copy: {error.strerror}: set TMPDIR to a directory with more space"
        ) from None
    return Layout(to, name, encoding="utf-8", columns=len(group.columns))


def _rows(positions: list[int | None], sheet: Sheet) -> Iterator[list[str]]:
    """Yield the texts of each row; cells beyond the header are passed over, those that are not there are empty."""
    for row in sheet.rows():
        beyond = len(row)
        yield [text(row[place]) if place is not None and place < beyond else "" for place in positions]

"""XLSX files, converted to CSV row by row, so that a line has the same id in either."""

from __future__ import annotations

import csv
import warnings
from datetime import MAXYEAR, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, Final

from retention.errors import BadDataError, CannotWriteError
from seeder.printable import printable
from seeder.sources.columns import FIELDS, column_positions, recognised
from seeder.sources.damage import damage_refused
from seeder.sources.xlsx_archive import refuse_unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAX_ROWS: Final = 1_048_576  # the format's own limit; a damaged row number of 10¹² would be waited for
_MAX_TITLE: Final = 31  # characters, the format's own limit
_HALF_SECOND_US: Final = 500_000


def convert_to_csv(path: Path, to: Path, name: str) -> tuple[str, list[int]]:
    """Write the lines of all sheets to `to`, as CSV under our field names.

    Return a description and the number of rows of each sheet: the two sheets of Online Retail II overlap by nine days,
    and a line that is in both was sold once.

    Sheets without the columns are skipped and named; cells beyond the header are skipped. Raises BadDataError when no
    sheet has the columns, a column occurs twice, or the workbook is damaged, protected or too large when unpacked, and
    CannotWriteError when `to` cannot be written.
    """
    with path.open("rb") as file:
        refuse_unreadable(name, file)
        sheets = _Sheets(name)
        try:
            with to.open("w", encoding="utf-8", newline="") as csv_file:
                writer = csv.writer(csv_file, lineterminator="\n")
                writer.writerow(FIELDS)
                writer.writerows(sheets.rows(file))
        except OSError as error:
            raise CannotWriteError(
                f"{name}: cannot write its temporary copy: {error.strerror}: set TMPDIR to a directory with more space"
            ) from None
    return sheets.description(), sheets.sizes


class _Sheets:
    """Reads the sheets of a workbook, and remembers which had the columns and how many rows each has."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._read: list[str] = []
        self._skipped: list[tuple[str, list[str]]] = []  # title and header
        self.sizes: list[int] = []

    def rows(self, file: IO[bytes]) -> Iterator[list[str]]:
        """Yield the rows of every sheet that has the columns, in the order of FIELDS."""
        with damage_refused(self._name, "workbook"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which no row depends on
            for sheet in _open(file).worksheets:
                yield from self._rows_of(sheet)
        if not self._read:
            self._refuse()

    def _rows_of(self, sheet: Any) -> Iterator[list[str]]:  # noqa: ANN401 - the library is not typed
        rows = _non_empty(sheet, self._name)
        header = [_text(cell) for cell in next(rows, ())]
        if not set(FIELDS) <= set(recognised(header)):
            self._skipped.append((_title(sheet), header))
            return
        self._read.append(_title(sheet))
        self.sizes.append(0)
        positions = column_positions(header, self._name)
        for row in rows:
            self.sizes[-1] += 1
            yield [_text(row[position]) if position < len(row) else "" for position in positions]

    def _refuse(self) -> None:
        """Raise BadDataError, which names the columns that the first header lacks."""
        header = next((header for _, header in self._skipped if header), None)
        if header is None:
            raise BadDataError(f"{self._name}: the workbook is empty")
        column_positions(header, self._name)

    def description(self) -> str:
        """Return which sheets were read, and which were skipped."""
        read = f"XLSX, sheet{'s' * (len(self._read) > 1)} {', '.join(self._read)}"
        skipped = ", ".join(title for title, _ in self._skipped)
        return read + (f" (skipped: {skipped})" if skipped else "")


def _open(file: IO[bytes]) -> Any:  # noqa: ANN401 - the library is not typed
    from openpyxl import load_workbook  # noqa: PLC0415 - 15 MB that no other source needs

    # read_only reads row by row; data_only takes a formula's last result.
    return load_workbook(file, read_only=True, data_only=True, keep_links=False)


def _title(sheet: Any) -> str:  # noqa: ANN401 - the library is not typed
    return printable(sheet.title)[:_MAX_TITLE]


def _non_empty(sheet: Any, file: str) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - the library is not typed
    sheet.reset_dimensions()  # some programs declare a size that is too small, and rows would be cut off
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        if number >= _MAX_ROWS:
            raise BadDataError(f"{file}: sheet {_title(sheet)} has more rows than a workbook can have: save it again")
        if any(cell is not None for cell in row):
            yield row


def _text(cell: object) -> str:
    """Return what the cell would be in a CSV file."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return _to_seconds(cell).isoformat(sep=" ")
    return str(cell)


def _to_seconds(instant: datetime) -> datetime:
    """Round to the nearest second: a workbook stores 07:45 as a fraction of a day, 07:44:59.999997."""
    whole = instant.replace(microsecond=0)
    upwards = instant.microsecond >= _HALF_SECOND_US and whole.year < MAXYEAR
    return whole + timedelta(seconds=upwards)

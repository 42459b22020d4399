"""XLSX: the workbook is written out as CSV, row by row, so that a line has the same id in either."""

from __future__ import annotations

import csv
import warnings
import zipfile
from datetime import MAXYEAR, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, Final

from retention.errors import BadDataError, CannotWriteError, RetentionError
from retention.lines.rules import RULES
from seeder.printable import printable
from seeder.sources.file_summary import column_positions, recognised

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMES: Final = [rule.name for rule in RULES]
_ZIP: Final = b"PK"
_OLE: Final = b"\xd0\xcf\x11\xe0"  # old .xls files, and workbooks with a password
MAX_UNPACKED: Final = 2 << 30  # Online Retail II, 1,067,371 rows, has 0.4 GB
MAX_STRINGS: Final = 64 << 20  # the one part held in memory; Online Retail's has 1 MB
MAX_RATIO: Final = 200  # sheets are packed 8 to 30 times; a bomb a thousand times
_SMALL: Final = 64 << 20  # unpacked: harmless at any ratio
_MAX_ROWS: Final = 1_048_576  # the format's own limit; a row that calls itself 10¹² would be waited for


def is_workbook(start: bytes) -> bool:
    """Say whether a file that starts so is for this module, be it only to be refused with the reason."""
    return start.startswith((_ZIP, _OLE))


def convert(path: Path, to: Path, name: str) -> tuple[str, list[int]]:
    """Write the lines of all sheets to `to`, as CSV under the published names.

    Return a description, and how many rows each sheet has: the two of Online Retail II overlap by nine days, and what
    stands in both was sold once.

    Sheets without the columns are left out, and named. Cells beyond the header belong to no column and are left
    out, too. Raises BadDataError when no sheet has the columns, a column stands twice, or the file is damaged,
    protected or out of all proportion; CannotWriteError when `to` cannot be written.
    """
    with path.open("rb") as file:
        _refuse_what_is_no_workbook(name, file)
        rows = _Rows(name)
        try:
            with to.open("w", encoding="utf-8", newline="") as csv_file:
                writer = csv.writer(csv_file, lineterminator="\n")
                writer.writerow(_NAMES)
                writer.writerows(rows.of(file))
        except OSError as error:
            raise CannotWriteError(
                f"{name}: unpacking it failed: {error.strerror}: set TMPDIR to a directory with room"
            ) from None
    return rows.description(), rows.sizes


def _refuse_what_is_no_workbook(name: str, file: IO[bytes]) -> None:
    if file.read(len(_OLE)) == _OLE:
        raise BadDataError(f"{name}: an old .xls or a workbook with a password: save it as .xlsx without one")
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError, ValueError) as error:
        raise BadDataError(f"{name}: truncated or damaged workbook: {printable(str(error))}") from None
    if "[Content_Types].xml" not in {part.filename for part in parts}:
        raise BadDataError(f"{name}: a zip archive, not a workbook: unpack it first")
    # zipfile never unpacks more than is declared here, so the declaration is the bound.
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    strings = sum(part.file_size for part in parts if "sharedstrings" in part.filename.lower())
    if unpacked > MAX_UNPACKED or strings > MAX_STRINGS or unpacked > max(_SMALL, MAX_RATIO * packed):
        raise BadDataError(f"{name}: {unpacked >> 20:,} MiB unpacked is too much for a workbook: save it as CSV")


class _Rows:
    """The rows of a workbook in the published order, and which sheets they came from."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._read: list[str] = []
        self.sizes: list[int] = []
        self._left_out: list[tuple[str, list[str]]] = []  # with the header

    def of(self, file: IO[bytes]) -> Iterator[list[str]]:
        """Yield the rows of every sheet that has the columns."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and extensions that no row depends on
                yield from self._of_sheets(_open(file))
        except RetentionError:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged part surfaces as any of a dozen types
            reason = printable(f"{type(error).__name__}: {error}")[:200]
            raise BadDataError(f"{self._name}: truncated or damaged workbook: {reason}") from None
        if not self._read:
            header = next((header for _, header in self._left_out if header), None)
            if header is None:
                raise BadDataError(f"{self._name}: empty")
            column_positions(header, self._name)  # says which columns are missing

    def _of_sheets(self, workbook: Any) -> Iterator[list[str]]:  # noqa: ANN401 - the library is not typed
        for sheet in workbook.worksheets:
            rows = _non_empty(sheet, self._name)
            title = printable(sheet.title)[:31]  # the format's own limit
            header = [_text(cell) for cell in next(rows, ())]
            if not set(_NAMES) <= set(recognised(header)):
                self._left_out.append((title, header))
                continue
            self._read.append(title)
            self.sizes.append(0)
            positions = column_positions(header, self._name)
            for row in rows:
                self.sizes[-1] += 1
                yield [_text(row[position]) if position < len(row) else "" for position in positions]

    def description(self) -> str:
        """Return which sheets were read, and which were not."""
        read = f"XLSX, sheet{'s' * (len(self._read) > 1)} {', '.join(self._read)}"
        left_out = ", ".join(name for name, _ in self._left_out)
        return read + (f" (not {left_out})" if left_out else "")


def _open(file: IO[bytes]) -> Any:  # noqa: ANN401 - the library is not typed
    from openpyxl import load_workbook  # noqa: PLC0415 - 15 MB that no other source needs

    # Read-only is row by row; data_only takes a formula's last result.
    return load_workbook(file, read_only=True, data_only=True, keep_links=False)


def _non_empty(sheet: Any, file: str) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - the library is not typed
    sheet.reset_dimensions()  # some programs write a size that is too small, and rows would be cut off
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        if number >= _MAX_ROWS:
            raise BadDataError(f"{file}: sheet {printable(sheet.title)[:31]} has more rows than a workbook can have")
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
    """Round to the nearest second: a workbook's 07:45 is a fraction of a day, 07:44:59.999997."""
    whole = instant.replace(microsecond=0)
    upwards = instant.microsecond >= 500_000 and whole.year < MAXYEAR  # noqa: PLR2004 - half a second
    return whole + timedelta(seconds=upwards)

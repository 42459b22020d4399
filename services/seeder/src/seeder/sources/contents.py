"""The tables in a file: of whatever kind its first bytes say it is; CSV has no mark of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from retention.errors import BadDataError
from seeder.printable import printable
from seeder.sources import csv_file, xlsx_archive, xlsx_file, zip_archive
from seeder.sources.temporary_files import temporary_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from seeder.sources.table import Score, Table

_PARQUET_MAGIC: Final = b"PAR1"
_SHOWN: Final = 20  # names of files that are passed over


class Contents(NamedTuple):
    """How files are read: the sheet asked for, what the formats know, and what keeps temporary files open."""

    sheet: str | None
    score: Score
    stack: ExitStack
    in_archive: bool = False

    def tables(self, path: Path, name: str) -> list[Table]:
        """Return the tables in a CSV, Parquet or XLSX file, or a zip archive of them."""
        with path.open("rb") as file:
            start = file.read(4)
        if start.startswith(xlsx_archive.OLE) or (
            start.startswith(xlsx_archive.ZIP) and zip_archive.is_workbook(path, name)
        ):
            return xlsx_file.tables(path, name, self.sheet, self.score, self._new_file)
        if start.startswith(xlsx_archive.ZIP):
            return self._archived(path, name)
        if start == _PARQUET_MAGIC:
            from seeder.sources import parquet_file  # noqa: PLC0415 - pyarrow: 45 MB that a CSV file does not need

            return [parquet_file.table(path, name)]
        return [csv_file.table(path, name, self.score)]

    def _archived(self, path: Path, name: str) -> list[Table]:
        if self.in_archive:
            raise BadDataError(f"{name}: a zip archive inside a zip archive: unpack it, and load the file inside")
        members, others = zip_archive.members(path, name)
        unpacked = []
        for member in members:
            file = self._new_file()
            zip_archive.unpack(path, member, file, name)
            unpacked.append((file, f"{name}/{printable(member)}"))
        return self._replace(in_archive=True).together(unpacked, others)

    def together(self, files: Sequence[tuple[Path, str]], others: Sequence[str]) -> list[Table]:
        """Return the tables in several files, without those of which no column is known, unless it is none of any.

        The first table's notes say what was passed over, `others` included.
        """
        tables = [table for path, name in files for table in self.tables(path, name)]
        known = [table for table in tables if self.score(table.columns)] or tables
        names = [*(Path(table.name).name for table in tables if table not in known), *others]
        first, *rest = known
        return [first._replace(notes=(*first.notes, *names[:_SHOWN])), *rest]

    def _new_file(self) -> Path:
        return self.stack.enter_context(temporary_file())

"""Zip archives of exports: checked before anything is unpacked, and never unpacked by the names inside."""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from retention.errors import BadDataError
from seeder.printable import printable
from seeder.sources.damage import damage_refused
from seeder.sources.temporary_files import write_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_UNPACKED: Final = 2 << 30  # as for a workbook; Olist's nine files have 0.12 GB
MAX_RATIO: Final = 200  # text is compressed 3 to 30 times; a bomb a thousand times
MAX_FILES: Final = 200  # all are open at the same time; a process may often have 1,024
READABLE: Final = frozenset({".csv", ".tsv", ".tab", ".txt", ".gz", ".xlsx", ".xlsm", ".parquet"})
_SMALL: Final = 64 << 20  # unpacked: harmless at any ratio
_ENCRYPTED: Final = 0x1  # in a member's flags
_BLOCK: Final = 1 << 20
_SHOWN: Final = 100  # characters of names
_KIND: Final = "zip archive"


def is_workbook(path: Path, name: str) -> bool:
    """Return whether a zip archive is a workbook. Raises BadDataError for a damaged one, and for OpenDocument."""
    with damage_refused(name, "workbook or zip archive"), zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    if {"mimetype", "content.xml"} <= names:
        raise BadDataError(f"{name}: an OpenDocument spreadsheet: save it as .xlsx or CSV")
    return "[Content_Types].xml" in names


def members(path: Path, name: str) -> tuple[list[str], list[str]]:
    """Return the files in the archive that may hold a table, and the others, by name; hidden ones are neither.

    Raises BadDataError for an archive that is damaged or encrypted, holds another one or no such file, or would unpack
    to too much.
    """
    with damage_refused(name, _KIND), zipfile.ZipFile(path) as archive:
        parts = [part for part in archive.infolist() if not part.is_dir() and not _is_hidden(part.filename)]
    found = [part for part in parts if is_readable(part.filename)]
    others = [printable(part.filename) for part in parts if not is_readable(part.filename)]
    if nested := [other for other in others if other.lower().endswith(".zip")]:
        raise BadDataError(f"{name}: a zip archive inside a zip archive: unpack it, and load {nested[0][-_SHOWN:]}")
    if not found:
        shown = ", ".join(others)[:_SHOWN] or "nothing"
        raise BadDataError(f"{name}: a zip archive, not a workbook, without a CSV, XLSX or Parquet file: {shown} in it")
    if any(part.flag_bits & _ENCRYPTED for part in found):
        raise BadDataError(f"{name}: encrypted: unpack it with its password, and load the file inside")
    _refuse_too_much(found, name)
    return sorted(part.filename for part in found), sorted(others)


def is_readable(name: str) -> bool:
    """Return whether a file with this name may hold a table."""
    return PurePosixPath(name.lower()).suffix in READABLE


def unpack(path: Path, member: str, to: Path, name: str) -> None:
    """Write one member of the archive to a temporary file; CannotWriteError when there is no room for it."""
    with damage_refused(name, _KIND), zipfile.ZipFile(path) as archive, archive.open(member) as packed:
        write_blocks(iter(partial(packed.read, _BLOCK), b""), to)


def _refuse_too_much(parts: Sequence[zipfile.ZipInfo], name: str) -> None:
    # zipfile never unpacks more than is declared here, so the declared sizes are the bound.
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if len(parts) > MAX_FILES:
        raise BadDataError(f"{name}: {len(parts):,} files are too many: unpack it, and load the files that belong here")
    if unpacked > MAX_UNPACKED or unpacked > max(_SMALL, MAX_RATIO * packed):
        raise BadDataError(f"{name}: {unpacked >> 20:,} MiB unpacked is too much: unpack it, and load the file inside")


def _is_hidden(member: str) -> bool:
    """Return whether a file belongs to the system that packed it, as `__MACOSX/._orders.csv` does."""
    parts = PurePosixPath(member.replace("\\", "/")).parts
    return any(part == "__MACOSX" or (part.startswith(".") and part not in {".", ".."}) for part in parts)

"""Checks of a workbook as a zip archive, before anything is unpacked."""

from __future__ import annotations

import zipfile
from typing import IO, Final

from retention.errors import BadDataError
from seeder.sources.damage import damage_refused

ZIP: Final = b"PK"
OLE: Final = b"\xd0\xcf\x11\xe0"  # .xls files and workbooks with a password
MAX_UNPACKED: Final = 2 << 30  # Online Retail II, 1,067,371 rows, has 0.4 GB
MAX_STRINGS: Final = 64 << 20  # the one part held in memory; Online Retail's has 1 MB
MAX_RATIO: Final = 200  # sheets are compressed 8 to 30 times; a bomb a thousand times
_SMALL: Final = 64 << 20  # unpacked: harmless at any ratio


def refuse_unreadable(name: str, file: IO[bytes]) -> None:
    """Raise BadDataError for what is not a workbook, is damaged or protected, or would unpack to too much."""
    if file.read(len(OLE)) == OLE:
        raise BadDataError(f"{name}: an old .xls or password-protected workbook: save it as .xlsx without a password")
    with damage_refused(name, "workbook"), zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
    # zipfile never unpacks more than is declared here, so the declared sizes are the bound.
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    strings = sum(part.file_size for part in parts if "sharedstrings" in part.filename.lower())
    if unpacked > MAX_UNPACKED or strings > MAX_STRINGS or unpacked > max(_SMALL, MAX_RATIO * packed):
        raise BadDataError(f"{name}: {unpacked >> 20:,} MiB unpacked is too much for a workbook: save it as CSV")

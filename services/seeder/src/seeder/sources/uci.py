"""The public Online Retail workbook: downloaded, verified, and only then given its name."""

from __future__ import annotations

import fcntl
import hashlib
import os
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from retention.errors import BadDataError, CannotWriteError, LockedError, UnavailableError
from seeder.sources.damage import damage_refused
from seeder.sources.download import Download

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

WORKBOOK_URL: Final = "https://archive.ics.uci.edu/static/public/352/online+retail.zip"
# Of "Online Retail.xlsx", 23,715,344 bytes, as a dozen independent projects have recorded it. Not of the zip archive
# around it, which the server may compress again.
WORKBOOK_SHA256: Final = "43465a06f2ccf7c8b5bd2892bc7defb52f97487934fe93b16ae4c3936424676d"

# What to do without a network, or when the server is gone: the file is public, and named for good by its DOI.
ELSEWHERE: Final = (
    "this download needs the Internet: on another machine, get Online Retail from the UCI Machine Learning Repository, "
    "https://doi.org/10.24432/C5BW33, and give the file with 'load FILE' (scripts/up --data FILE)"
)

MAX_BYTES: Final = 256 << 20  # ten times the file
TIMEOUT_S: Final = 30.0  # without a byte
_BLOCK: Final = 1 << 20


def cache_file(environ: Mapping[str, str]) -> Path:
    """Return where the workbook is kept between runs: under XDG_CACHE_HOME, else ~/.cache."""
    home = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "retention" / "online_retail.xlsx"


def fetch(url: str, sha256: str, to: Path, *, progress: Callable[[int], Any], timeout_s: float = TIMEOUT_S) -> Path:
    """Download the workbook with this `sha256`, alone or in a zip archive, to `to`, and return `to`.

    Does nothing when it is there already. A download that breaks off is kept as `.part`, and the next run resumes it.
    `progress` is called with the size of each block. Raises UnavailableError when the server does not answer, answers
    with an error, or breaks off, and says how to do without it; BadDataError, with everything deleted, for another
    file; CannotWriteError; LockedError when another run is downloading.
    """
    part = to.with_name(to.name + ".part")
    download = Download(url, part, MAX_BYTES, timeout_s, progress)
    try:
        if to.is_file() and _sha256_of(to) == sha256:
            return to
        to.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as file, _locked(file, part):
            download.resume(file)
            _accept(download, sha256, to)
    except UnavailableError as error:
        raise UnavailableError(f"{error}: {ELSEWHERE}") from None
    except OSError as error:
        raise CannotWriteError(f"{error.filename or to}: {error.strerror}: name another file with --to") from None
    return to


@contextmanager
def _locked(file: IO[bytes], part: Path) -> Iterator[None]:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockedError(f"{part}: another download is running: try again when it has finished") from None
    yield


def _accept(download: Download, sha256: str, to: Path) -> None:
    """Give the workbook its name if it is the expected one; else delete everything."""
    new = to.with_name(to.name + ".new")
    try:
        found = _extract_workbook(download.part, new)
        if found == sha256:
            new.replace(to)
    finally:
        new.unlink(missing_ok=True)
    download.delete()
    if found != sha256:
        raise BadDataError(
            f"{download.url}: not the expected file: its SHA-256 is {found}, not {sha256}: the download was deleted"
        )


def _extract_workbook(part: Path, new: Path) -> str:
    """Write the workbook to `new` and return its hash: the one in the archive `part`, else `part` itself.

    A workbook is a zip archive, too, without a workbook in it.
    """
    try:
        return _write(_blocks_in_archive(part), new)
    except BadDataError:
        return _write(_blocks(part), new)


def _blocks_in_archive(part: Path) -> Iterator[bytes]:
    """Yield the content of the first workbook in a zip archive, or raise BadDataError when there is none to read."""
    with damage_refused(part.name, "zip archive"), zipfile.ZipFile(part) as archive:
        workbooks = [member for member in archive.infolist() if member.filename.lower().endswith(".xlsx")]
        if not workbooks or workbooks[0].file_size > MAX_BYTES:
            raise BadDataError(f"{part.name}: no workbook in it")
        with archive.open(workbooks[0]) as packed:
            yield from iter(lambda: packed.read(_BLOCK), b"")


def _blocks(part: Path) -> Iterator[bytes]:
    with part.open("rb") as file:
        yield from iter(lambda: file.read(_BLOCK), b"")


def _write(blocks: Iterator[bytes], new: Path) -> str:
    """Write the blocks durably; return the hash of the file."""
    with new.open("wb") as file:
        file.writelines(blocks)
        os.fsync(file.fileno())
    return _sha256_of(new)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

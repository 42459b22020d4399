"""The public Online Retail workbook: downloaded, checked, and only then given its name."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from retention.errors import BadDataError, CannotWriteError, LockedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

WORKBOOK_URL: Final = "https://archive.ics.uci.edu/static/public/352/online+retail.zip"
# Of "Online Retail.xlsx", 23,715,344 bytes, as a dozen independent projects have recorded it. Not of the zip archive
# around it, which the server may pack anew.
WORKBOOK_SHA256: Final = "43465a06f2ccf7c8b5bd2892bc7defb52f97487934fe93b16ae4c3936424676d"

MAX_BYTES: Final = 256 << 20  # ten times the file
TIMEOUT_S: Final = 30.0  # without a byte
_BLOCK: Final = 1 << 20
_OK: Final = 200
_PARTIAL: Final = 206
_NOTHING_LEFT: Final = 416  # all of the file is there, only not yet accepted


def cache_file(environ: Mapping[str, str]) -> Path:
    """Return where the workbook is kept between runs: under XDG_CACHE_HOME, else ~/.cache."""
    home = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "retention" / "online_retail.xlsx"


def fetch(url: str, sha256: str, to: Path, *, progress: Callable[[int], Any], timeout_s: float = TIMEOUT_S) -> Path:
    """Download a workbook, or the zip archive it is in, to `to`; nothing when it is there already. Return `to`.

    `sha256` is the workbook's. A download that breaks off is kept as `.part`, and the next run goes on with it.
    `progress` is told the bytes as they come. Raises UnavailableError when the server does not answer, answers with
    an error, or breaks off; BadDataError, having deleted everything, when it is another file; CannotWriteError;
    LockedError when another run is downloading.
    """
    part = to.with_name(to.name + ".part")
    try:
        if to.is_file() and _sha256_of(to) == sha256:
            return to
        to.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as file, _alone(file, part):
            _download(url, file, part, progress, timeout_s)
            _accept(part, sha256, to, url)
    except OSError as error:
        raise CannotWriteError(f"{error.filename or to}: {error.strerror}: name another file with --to") from None
    return to


@contextmanager
def _alone(file: IO[bytes], part: Path) -> Iterator[None]:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockedError(f"{part}: another download is under way: try again when it is done") from None
    yield


def _download(url: str, file: IO[bytes], part: Path, progress: Callable[[int], Any], timeout_s: float) -> None:
    """Append what is missing of the file, or all of it where the server has another one by now."""
    import httpx  # noqa: PLC0415 - 20 MB that no other command needs

    headers = {"Accept-Encoding": "identity"} | _range(part, file.tell())
    try:
        with (
            httpx.Client(follow_redirects=True, timeout=timeout_s) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code != _NOTHING_LEFT:
                _receive(response, file, part, progress)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        file.flush()
        had = f" after {file.tell():,} bytes: run the same command again, it goes on" if file.tell() else ""
        raise UnavailableError(f"{url}: {str(error) or type(error).__name__}{had}") from None


def _range(part: Path, had: int) -> dict[str, str]:
    """Return the headers that ask for the rest of the very file whose beginning we have, or for all of another."""
    if not had:
        return {}
    version = _version_file(part)
    unless_changed = {"If-Range": version.read_text(encoding="ascii")} if version.exists() else {}
    return {"Range": f"bytes={had}-", **unless_changed}


def _receive(response: httpx.Response, file: IO[bytes], part: Path, progress: Callable[[int], Any]) -> None:
    had = file.tell()
    goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {had}-")
    if response.status_code == _OK:
        if had:
            file.truncate(file.seek(0))
        _remember_version(response, part)
    elif response.status_code != _PARTIAL or not goes_on:
        raise UnavailableError(f"{response.url}: the server answers {response.status_code}: try again later")
    for block in response.iter_raw():  # as they come: blocks of a size of ours would be lost half full
        file.write(block)
        progress(len(block))
        if file.tell() > MAX_BYTES:
            _delete(part)
            raise BadDataError(f"{response.url}: more than {MAX_BYTES >> 20} MiB: this is another file")
    file.flush()


def _remember_version(response: httpx.Response, part: Path) -> None:
    tag = response.headers.get("ETag", "W/")
    version = response.headers.get("Last-Modified", "") if tag.startswith("W/") else tag  # weak tags are for no ranges
    if version.isascii() and version:
        _version_file(part).write_text(version, encoding="ascii")
    else:
        _version_file(part).unlink(missing_ok=True)


def _accept(part: Path, sha256: str, to: Path, url: str) -> None:
    """Give the workbook its name if it is the one; else delete everything."""
    new = to.with_name(to.name + ".new")
    try:
        found = _unpacked(part, new)
        if found == sha256:
            new.replace(to)
    finally:
        new.unlink(missing_ok=True)
    _delete(part)
    if found != sha256:
        raise BadDataError(f"{url}: another file: its SHA-256 is {found}, not {sha256}: nothing is kept")


def _unpacked(part: Path, new: Path) -> str:
    """Write the workbook to `new`; return its hash. A workbook is itself a zip archive: with a list of its parts."""
    try:
        with zipfile.ZipFile(part) as archive:
            workbooks = [member for member in archive.infolist() if member.filename.lower().endswith(".xlsx")]
            if workbooks and workbooks[0].file_size <= MAX_BYTES:
                with archive.open(workbooks[0]) as packed:
                    return _written(packed, new)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error):
        pass
    with part.open("rb") as file:
        return _written(file, new)


def _written(source: IO[bytes], new: Path) -> str:
    with new.open("wb") as file:
        shutil.copyfileobj(source, file, _BLOCK)
        os.fsync(file.fileno())
    return _sha256_of(new)


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _version_file(part: Path) -> Path:
    return part.with_name(part.name + ".version")


def _delete(part: Path) -> None:
    part.unlink(missing_ok=True)
    _version_file(part).unlink(missing_ok=True)

"""The download: it resumes where it broke off, and keeps nothing but the expected file."""

from __future__ import annotations

import fcntl
import hashlib
import io
import random
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retention.errors import BadDataError, CannotWriteError, LockedError, UnavailableError
from seeder.sources import uci as module
from seeder.sources.uci import WORKBOOK_SHA256, cache_file, fetch

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("network")

WORKBOOK = random.Random(1).randbytes(300_000)  # noqa: S311 - any bytes
SHA256 = hashlib.sha256(WORKBOOK).hexdigest()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ARCHIVE = zipped({"Online Retail.xlsx": WORKBOOK})


@dataclass
class Site:
    """A server, and how it misbehaves; `ranges` are the ranges requested."""

    content: bytes = ARCHIVE
    status: int = 200
    version: tuple[str, str] | None = ("ETag", '"1"')
    supports_ranges: bool = True
    breaks_after: int | None = None
    is_silent: bool = False
    redirects: bool = False
    wrong_range: bool = False
    url: str = ""
    ranges: list[str | None] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if self.redirects and request.path != "/elsewhere":
            request.send_response(302)
            request.send_header("Location", "/elsewhere")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        self.ranges.append(request.headers["Range"])
        if self.is_silent:
            self.closing.wait(10)
            return
        start = self._start(request)
        if start is not None and start >= len(self.content):
            request.send_response(416)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        body = self.content[start or 0 :]
        request.send_response(self.status if start is None else 206)
        if start is not None:
            shown = start + self.wrong_range
            request.send_header("Content-Range", f"bytes {shown}-{len(self.content) - 1}/{len(self.content)}")
        if self.version:
            request.send_header(*self.version)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.breaks_after])

    def _start(self, request: BaseHTTPRequestHandler) -> int | None:
        asked, unless_changed = request.headers["Range"], request.headers["If-Range"]
        changed = unless_changed and (self.version is None or unless_changed != self.version[1])
        if not asked or not self.supports_ranges or changed or self.status != 200:
            return None
        return int(asked.removeprefix("bytes=").removesuffix("-"))


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.answer(self)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        site.url = f"http://127.0.0.1:{server.server_port}/online+retail.zip"
        try:
            yield site
        finally:
            site.closing.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "online_retail.xlsx"


def get(site: Site, to: Path, sha256: str = SHA256) -> int:
    """Fetch; return how many bytes were downloaded."""
    came: list[int] = []
    assert fetch(site.url, sha256, to, progress=came.append, timeout_s=0.5) == to
    return sum(came)


def broken_off(site: Site, to: Path, after: int = 100_000) -> None:
    """Make a first run break off."""
    site.breaks_after = after
    with pytest.raises(UnavailableError, match="run the same command again to resume"):
        get(site, to)
    site.breaks_after = None
    assert not to.exists()


def files(to: Path) -> list[str]:
    return sorted(path.name for path in to.parent.iterdir())


def test_the_workbook_in_the_archive_gets_its_name_and_nothing_else_is_kept(site: Site, to: Path) -> None:
    assert get(site, to) == len(ARCHIVE)
    assert to.read_bytes() == WORKBOOK
    assert files(to) == [to.name]


def test_a_workbook_without_an_archive_around_it_is_accepted(site: Site, to: Path) -> None:
    site.content = workbook = zipped({"[Content_Types].xml": b"x"})
    get(site, to, hashlib.sha256(workbook).hexdigest())
    assert to.read_bytes() == workbook


def test_a_workbook_that_is_there_is_not_downloaded_again(site: Site, to: Path) -> None:
    get(site, to)
    assert get(site, to) == 0
    assert len(site.ranges) == 1


def test_another_file_under_that_name_is_replaced(site: Site, to: Path) -> None:
    to.parent.mkdir()
    to.write_bytes(b"old")
    get(site, to)
    assert to.read_bytes() == WORKBOOK


def test_a_redirect_is_followed(site: Site, to: Path) -> None:
    site.redirects = True
    get(site, to)
    assert to.read_bytes() == WORKBOOK


@pytest.mark.parametrize("version", [("ETag", '"1"'), ("Last-Modified", "Mon, 02 Nov 2015 08:00:00 GMT"), None])
def test_a_download_that_broke_off_resumes(site: Site, to: Path, version: tuple[str, str] | None) -> None:
    site.version = version
    broken_off(site, to)
    assert get(site, to) == len(ARCHIVE) - 100_000
    assert site.ranges == [None, "bytes=100000-"]
    assert to.read_bytes() == WORKBOOK


def test_a_download_that_breaks_off_three_times_is_completed(site: Site, to: Path) -> None:
    for _ in range(3):
        broken_off(site, to, after=60_000)
    assert get(site, to) == len(ARCHIVE) - 180_000
    assert to.read_bytes() == WORKBOOK


def test_a_server_without_ranges_sends_everything_again(site: Site, to: Path) -> None:
    site.supports_ranges = False
    broken_off(site, to)
    assert get(site, to) == len(ARCHIVE)
    assert to.read_bytes() == WORKBOOK


def test_a_file_that_changed_is_downloaded_from_its_beginning(site: Site, to: Path) -> None:
    site.content, site.version = bytes(200_000), ("ETag", '"0"')
    broken_off(site, to)
    site.content, site.version = ARCHIVE, ("ETag", '"1"')
    assert get(site, to) == len(ARCHIVE)
    assert to.read_bytes() == WORKBOOK


def test_a_weak_etag_is_not_used_to_resume(site: Site, to: Path) -> None:
    site.version = ("ETag", 'W/"1"')
    broken_off(site, to)
    assert files(to) == [f"{to.name}.part"]


def test_a_complete_download_that_was_not_yet_accepted_is_accepted(site: Site, to: Path) -> None:
    to.parent.mkdir()
    to.with_name(f"{to.name}.part").write_bytes(ARCHIVE)
    assert get(site, to) == 0
    assert to.read_bytes() == WORKBOOK
    assert files(to) == [to.name]


def test_a_wrong_range_is_not_appended(site: Site, to: Path) -> None:
    broken_off(site, to)
    site.wrong_range = True
    with pytest.raises(UnavailableError, match="206"):
        get(site, to)
    site.wrong_range = False
    assert get(site, to) == len(ARCHIVE) - 100_000


LYING = zipped({"Online Retail.xlsx": bytes(1_000_000)}).replace((1_000_000).to_bytes(4, "little"), b"\0\0\0\x10")


def damaged(content: bytes, position: int) -> bytes:
    """Return the content with eight wrong bytes."""
    return content[:position] + b"\xff" * 8 + content[position + 8 :]


OTHERS = {
    "a web page": b"<html>",
    "nothing": b"",
    "another workbook": zipped({"Online Retail.xlsx": b"other"}),
    "an archive without a workbook": zipped({"lines.csv": WORKBOOK}),
    "a path that leads elsewhere": zipped({"../../evil.xlsx": b"evil"}),
    "a size that is a lie": LYING,
    "a damaged archive": damaged(ARCHIVE, 1000),
    "an archive with damaged bzip2": damaged(zipped({"Online Retail.xlsx": WORKBOOK}, zipfile.ZIP_BZIP2), 1000),
    "an archive with damaged LZMA": damaged(zipped({"Online Retail.xlsx": WORKBOOK}, zipfile.ZIP_LZMA), 60),
    "an archive with a damaged end": ARCHIVE[:-6] + b"\0\0\0\x55" + ARCHIVE[-2:],  # a member before the file's start
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_another_file_is_refused_and_deleted(site: Site, to: Path, content: bytes) -> None:
    site.content = content
    with pytest.raises(BadDataError, match=f"not {SHA256}: the download was deleted"):
        get(site, to)
    assert files(to) == []
    assert files(to.parent) == [to.parent.name]
    site.content = ARCHIVE
    assert get(site, to) == len(ARCHIVE)


def test_a_path_in_the_archive_is_ignored(site: Site, to: Path) -> None:
    site.content = zipped({"../../Online Retail.xlsx": WORKBOOK})
    get(site, to)
    assert files(to) == [to.name]
    assert files(to.parent) == [to.parent.name]


def test_a_bomb_is_not_unpacked(site: Site, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    site.content = zipped({"Online Retail.xlsx": bytes(1_000_001)})
    with pytest.raises(BadDataError, match="the download was deleted"):
        get(site, to, hashlib.sha256(bytes(1_000_001)).hexdigest())
    assert files(to) == []


def test_an_endless_download_is_stopped(site: Site, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    site.content = bytes(5_000_000)
    with pytest.raises(BadDataError, match="not the expected file"):
        get(site, to)
    assert files(to) == []


@pytest.mark.parametrize("status", [404, 403, 500, 503])
def test_an_error_of_the_server_is_reported_and_the_part_is_kept(site: Site, to: Path, status: int) -> None:
    broken_off(site, to)
    site.status = status
    with pytest.raises(UnavailableError, match=f"answered {status}"):
        get(site, to)
    site.status = 200
    assert get(site, to) == len(ARCHIVE) - 100_000


def test_a_silent_server_is_given_up(site: Site, to: Path) -> None:
    site.is_silent = True
    with pytest.raises(UnavailableError, match="timed out"):
        get(site, to)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://127.0.0.1/", "nothing", "http://[", "http://"])
def test_an_address_without_a_server_is_unavailable(url: str, to: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        fetch(url, SHA256, to, progress=print)
    assert len(str(refused.value).splitlines()) == 1
    for words in ("needs the Internet", "https://doi.org/10.24432/C5BW33", "'load FILE'", "--data FILE"):
        assert words in str(refused.value)


def test_a_second_download_at_the_same_time_is_refused(site: Site, to: Path) -> None:
    to.parent.mkdir()
    with to.with_name(f"{to.name}.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match="another download"):
            get(site, to)
    assert get(site, to) == len(ARCHIVE)


def test_a_full_disk_is_reported(site: Site, to: Path) -> None:
    to.parent.mkdir()
    to.with_name(f"{to.name}.part").symlink_to("/dev/full")
    with pytest.raises(CannotWriteError, match=r"No space left.*--to"):
        get(site, to)


def test_a_disk_too_full_to_unpack_keeps_the_download(site: Site, to: Path) -> None:
    to.parent.mkdir()
    full = to.with_name(f"{to.name}.new")
    full.mkdir()
    with pytest.raises(CannotWriteError):
        get(site, to)
    full.rmdir()
    assert get(site, to) == 0
    assert to.read_bytes() == WORKBOOK


def test_a_directory_that_cannot_be_created_is_reported(site: Site) -> None:
    with pytest.raises(CannotWriteError, match="/dev/null"):
        get(site, Path("/dev/null/online_retail.xlsx"))


def test_the_cache_is_under_xdg_cache_home_or_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_file({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "retention" / "online_retail.xlsx"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_file({}) == tmp_path / ".cache" / "retention" / "online_retail.xlsx"


def test_the_published_checksum_is_a_sha256() -> None:
    assert len(bytes.fromhex(WORKBOOK_SHA256)) == 32

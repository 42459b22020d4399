"""The download: goes on where it broke off, and keeps nothing that is not the very file."""

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


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ARCHIVE = zipped(**{"Online Retail.xlsx": WORKBOOK})


@dataclass
class Site:
    """A server, and how it misbehaves; what it was asked stands in `ranges`."""

    content: bytes = ARCHIVE
    status: int = 200
    version: tuple[str, str] | None = ("ETag", '"1"')
    knows_ranges: bool = True
    breaks_after: int | None = None
    says_nothing: bool = False
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
        if self.says_nothing:
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
        if not asked or not self.knows_ranges or changed or self.status != 200:
            return None
        return int(asked.removeprefix("bytes=").removesuffix("-"))


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

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
    """Fetch; return how many bytes came."""
    came: list[int] = []
    assert fetch(site.url, sha256, to, progress=came.append, timeout_s=0.5) == to
    return sum(came)


def broken_off(site: Site, to: Path, after: int = 100_000) -> None:
    """Have a first run break off."""
    site.breaks_after = after
    with pytest.raises(UnavailableError, match="run the same command again, it goes on"):
        get(site, to)
    site.breaks_after = None
    assert not to.exists()


def files(to: Path) -> list[str]:
    return sorted(path.name for path in to.parent.iterdir())


def test_the_workbook_in_the_archive_gets_its_name_and_nothing_else_stays(site: Site, to: Path) -> None:
    assert get(site, to) == len(ARCHIVE)
    assert to.read_bytes() == WORKBOOK
    assert files(to) == [to.name]


def test_a_workbook_without_an_archive_around_it_is_taken_as_it_is(site: Site, to: Path) -> None:
    site.content = workbook = zipped(**{"[Content_Types].xml": b"x"})
    get(site, to, hashlib.sha256(workbook).hexdigest())
    assert to.read_bytes() == workbook


def test_what_is_there_is_not_downloaded_again(site: Site, to: Path) -> None:
    get(site, to)
    assert get(site, to) == 0
    assert len(site.ranges) == 1


def test_another_file_of_that_name_is_replaced(site: Site, to: Path) -> None:
    to.parent.mkdir()
    to.write_bytes(b"old")
    get(site, to)
    assert to.read_bytes() == WORKBOOK


def test_a_redirect_is_followed(site: Site, to: Path) -> None:
    site.redirects = True
    get(site, to)
    assert to.read_bytes() == WORKBOOK


@pytest.mark.parametrize("version", [("ETag", '"1"'), ("Last-Modified", "Mon, 02 Nov 2015 08:00:00 GMT"), None])
def test_a_download_that_broke_off_goes_on(site: Site, to: Path, version: tuple[str, str] | None) -> None:
    site.version = version
    broken_off(site, to)
    assert get(site, to) == len(ARCHIVE) - 100_000
    assert site.ranges == [None, "bytes=100000-"]
    assert to.read_bytes() == WORKBOOK


def test_it_breaks_off_three_times_and_still_arrives(site: Site, to: Path) -> None:
    for _ in range(3):
        broken_off(site, to, after=60_000)
    assert get(site, to) == len(ARCHIVE) - 180_000
    assert to.read_bytes() == WORKBOOK


def test_a_server_that_knows_no_ranges_sends_all_of_it_again(site: Site, to: Path) -> None:
    site.knows_ranges = False
    broken_off(site, to)
    assert get(site, to) == len(ARCHIVE)
    assert to.read_bytes() == WORKBOOK


def test_a_file_that_changed_meanwhile_is_downloaded_from_its_beginning(site: Site, to: Path) -> None:
    site.content, site.version = bytes(200_000), ("ETag", '"0"')
    broken_off(site, to)
    site.content, site.version = ARCHIVE, ("ETag", '"1"')
    assert get(site, to) == len(ARCHIVE)
    assert to.read_bytes() == WORKBOOK


def test_a_weak_version_is_not_gone_on_with_unless_the_date_is_the_same(site: Site, to: Path) -> None:
    site.version = ("ETag", 'W/"1"')
    broken_off(site, to)
    assert files(to) == [f"{to.name}.part"]


def test_a_download_that_was_complete_but_not_yet_accepted_is_accepted(site: Site, to: Path) -> None:
    to.parent.mkdir()
    to.with_name(f"{to.name}.part").write_bytes(ARCHIVE)
    assert get(site, to) == 0
    assert to.read_bytes() == WORKBOOK
    assert files(to) == [to.name]


def test_the_wrong_part_of_a_file_is_not_joined_to_it(site: Site, to: Path) -> None:
    broken_off(site, to)
    site.wrong_range = True
    with pytest.raises(UnavailableError, match="206"):
        get(site, to)
    site.wrong_range = False
    assert get(site, to) == len(ARCHIVE) - 100_000


LYING = zipped(**{"Online Retail.xlsx": bytes(1_000_000)}).replace((1_000_000).to_bytes(4, "little"), b"\0\0\0\x10")
OTHERS = {
    "a web page": b"<html>",
    "nothing": b"",
    "another workbook": zipped(**{"Online Retail.xlsx": b"other"}),
    "an archive without a workbook": zipped(**{"lines.csv": WORKBOOK}),
    "a name that leads elsewhere": zipped(**{"../../evil.xlsx": b"evil"}),
    "a size that is a lie": LYING,
    "a damaged archive": ARCHIVE[:1000] + b"\0" * 100 + ARCHIVE[1100:],
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_another_file_is_refused_and_deleted(site: Site, to: Path, content: bytes) -> None:
    site.content = content
    with pytest.raises(BadDataError, match=f"not {SHA256}: nothing is kept"):
        get(site, to)
    assert files(to) == []
    assert files(to.parent) == [to.parent.name]
    site.content = ARCHIVE
    assert get(site, to) == len(ARCHIVE)


def test_a_name_that_leads_elsewhere_leads_nowhere(site: Site, to: Path) -> None:
    site.content = zipped(**{"../../Online Retail.xlsx": WORKBOOK})
    get(site, to)
    assert files(to) == [to.name]
    assert files(to.parent) == [to.parent.name]


def test_a_bomb_is_not_unpacked(site: Site, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    site.content = zipped(**{"Online Retail.xlsx": bytes(1_000_001)})
    with pytest.raises(BadDataError, match="nothing is kept"):
        get(site, to, hashlib.sha256(bytes(1_000_001)).hexdigest())
    assert files(to) == []


def test_a_download_without_an_end_is_ended(site: Site, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    site.content = bytes(5_000_000)
    with pytest.raises(BadDataError, match="this is another file"):
        get(site, to)
    assert files(to) == []


@pytest.mark.parametrize("status", [404, 403, 500, 503])
def test_an_error_of_the_server_is_said_and_what_came_stays(site: Site, to: Path, status: int) -> None:
    broken_off(site, to)
    site.status = status
    with pytest.raises(UnavailableError, match=f"answers {status}"):
        get(site, to)
    site.status = 200
    assert get(site, to) == len(ARCHIVE) - 100_000


def test_a_server_that_says_nothing_is_not_waited_for(site: Site, to: Path) -> None:
    site.says_nothing = True
    with pytest.raises(UnavailableError, match="timed out"):
        get(site, to)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://127.0.0.1/", "nothing", "http://[", "http://"])
def test_what_is_no_server_is_unavailable(url: str, to: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        fetch(url, SHA256, to, progress=print)
    assert len(str(refused.value).splitlines()) == 1


def test_two_at_once_do_not_write_into_each_other(site: Site, to: Path) -> None:
    to.parent.mkdir()
    with to.with_name(f"{to.name}.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match="another download"):
            get(site, to)
    assert get(site, to) == len(ARCHIVE)


def test_a_full_disk_is_said(site: Site, to: Path) -> None:
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


def test_a_directory_that_cannot_be_made_is_said(site: Site) -> None:
    with pytest.raises(CannotWriteError, match="/dev/null"):
        get(site, Path("/dev/null/online_retail.xlsx"))


def test_the_cache_stands_where_the_user_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_file({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "retention" / "online_retail.xlsx"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_file({}) == tmp_path / ".cache" / "retention" / "online_retail.xlsx"


def test_the_published_checksum_is_one() -> None:
    assert len(bytes.fromhex(WORKBOOK_SHA256)) == 32

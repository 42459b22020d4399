"""Raw bytes over a real socket to a real process: each has its answer, and the process is none the worse."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from drills.corpus import cases
from drills.mix import paths_of
from drills.raw_bytes import trial, trials
from drills.raw_requests import INVALID, Case, post
from drills.shop_api import seeded_shop

if TYPE_CHECKING:
    from pathlib import Path

GROWTH_KB = 5_000
LEAST = 230  # FAULTS A9, and 200 of our own

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("network")]


def test_every_sequence_of_bytes_is_answered_in_time_and_takes_no_memory(tmp_path: Path) -> None:
    with seeded_shop(tmp_path) as shop, shop.api() as api:
        everything = list(cases(paths_of(api.http.get("/openapi.json").json())))
        assert len(everything) >= LEAST
        assert len({case.name for case in everything}) == len(everything)

        assert trials(api.port, everything) == []
        before = api.rss_kb()
        assert trials(api.port, everything) == []

        assert api.rss_kb() - before <= GROWTH_KB
        assert api.process.poll() is None
        assert api.http.get("/readyz").status_code == 200
        log = api.log.read_text()
        assert "Traceback" not in log
        assert "do-not-repeat-me" not in log


@pytest.mark.parametrize(
    ("says", "found"),
    [
        (b"HTTP/1.1 422 No\r\ncontent-length: 200\r\n\r\n" + b"x" * 200, "repeats what was sent"),
        (b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", "answered [500]"),
        (b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", "answered with a 5xx"),
        (b"HTTP/1.1 422 No\r\ncontent-length: 19\r\n\r\nTraceback (most rec", "tells of itself"),
        (b"HTTP/1.1 422 No\r\ncontent-length: 0\r\n\r\n", "is no problem"),
        (
            b"HTTP/1.1 422 No\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "another's answer",
        ),
        (b"", "answered [0]"),
    ],
    ids=[
        "it echoes",
        "it breaks",
        "it breaks, and that is a 5xx",
        "it shows a stack",
        "no problem",
        "two answers",
        "none",
    ],
)
def test_a_server_that_misbehaves_is_found_out(says: bytes, found: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(says)
                if says:
                    connection.recv(65536)

        thread = threading.Thread(target=serve)
        thread.start()
        wrong = trial(server.getsockname()[1], Case("one", post("/", b"x" * 200), INVALID))
        thread.join()
    assert any(found in one for one in wrong)

"""The standard input: copied, so that it can be read twice."""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, BinaryIO

import pytest

from retention.errors import CannotWriteError, NoInputError
from seeder.sources.standard_input import TerminalError, copied

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLED = """
import os, signal, sys
from seeder.sources.standard_input import copied
with copied(sys.stdin.buffer) as path:
    assert path.read_bytes() == b"lines"
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def little_room() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


class BrokenStream(io.BytesIO):
    def read(self, _: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("content", [b"", b"lines", bytes(3_000_001)], ids=["empty", "small", "three blocks"])
def test_a_copied_stream_can_be_read_twice(content: bytes) -> None:
    with copied(io.BytesIO(content)) as path:
        assert path.is_file()
        assert [path.read_bytes(), path.read_bytes()] == [content, content]


def test_an_error_leaves_no_file(directory: Path) -> None:
    with pytest.raises(ZeroDivisionError), copied(io.BytesIO(b"lines")):
        assert 1 / 0
    assert list(directory.iterdir()) == []


def test_a_kill_leaves_no_file(directory: Path) -> None:
    environ = os.environ | {"TMPDIR": str(directory)}
    killed = subprocess.run([sys.executable, "-c", KILLED], input=b"lines", env=environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(directory.iterdir()) == []


@pytest.mark.usefixtures("little_room")
def test_a_full_disk_is_reported_and_leaves_no_file(directory: Path) -> None:
    with pytest.raises(CannotWriteError, match=rf"{directory}.*TMPDIR"), copied(io.BytesIO(bytes(3_000_000))):
        pass
    assert list(directory.iterdir()) == []


def test_a_terminal_is_no_input() -> None:
    ours, theirs = os.openpty()
    try:
        with (
            pytest.raises(TerminalError, match="terminal"),
            open(theirs, "rb", closefd=False) as stream,
            copied(stream),
        ):
            pass
    finally:
        os.close(ours)
        os.close(theirs)
    assert TerminalError.exit_code == 2


@pytest.mark.parametrize(("stream", "words"), [(None, "closed"), (BrokenStream(), "Input/output error")])
def test_a_closed_or_broken_stream_is_no_input(stream: BinaryIO | None, words: str) -> None:
    with pytest.raises(NoInputError, match=words), copied(stream):
        pass

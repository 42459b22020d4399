"""Temporary files: opened any number of times, and never left behind."""

from __future__ import annotations

import tempfile

import pytest

from retention.errors import CannotWriteError
from seeder.sources.temporary_files import temporary_file


def test_a_temporary_file_is_written_and_read_by_its_path_until_the_context_ends() -> None:
    with temporary_file() as path:
        path.write_text("lines")
        assert path.read_text() == "lines"
    assert not path.exists()


def test_two_readers_do_not_disturb_each_other() -> None:
    with temporary_file() as path:
        path.write_bytes(b"lines")
        with path.open("rb") as one, path.open("rb") as other:
            assert [one.read(2), other.read(), one.read()] == [b"li", b"lines", b"nes"]


def test_an_absent_directory_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(CannotWriteError, match=r"/nonexistent.*TMPDIR"), temporary_file():
        pass

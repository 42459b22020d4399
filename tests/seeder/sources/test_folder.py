"""Folders: the files in them that may hold tables belong together."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from malformed import FIRST, LAST, NAMES, ROWS, lines, workbook
from tables import contents, score

from retention.errors import BadDataError, NoInputError
from seeder.sources.opening import opened

if TYPE_CHECKING:
    from pathlib import Path

CSV = lines(FIRST, LAST)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    return folder


def load_id(folder: Path) -> str:
    with opened(folder, sheet=None, score=score) as found:
        return found.load_id


def test_the_files_of_a_folder_are_tables_by_name(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("orders.csv", CSV)
    (folder / "c.zip").write_bytes(buffer.getvalue())
    (folder / "b.xlsx").write_bytes(workbook({"S": [NAMES, *ROWS]}))
    (folder / "a.csv").write_bytes(CSV)
    (folder / ".hidden.csv").write_bytes(b"")
    (folder / "photo.jpg").write_bytes(b"")
    (folder / "deeper").mkdir()
    tables = contents(folder)
    assert [table.name for table in tables] == ["export/a.csv", "export/b.xlsx", "export/c.zip/orders.csv"]
    assert tables[0].notes == ("photo.jpg",)


def test_the_load_id_is_over_names_and_contents(folder: Path) -> None:
    (folder / "a.csv").write_bytes(CSV)
    (folder / "b.csv").write_bytes(lines(LAST))
    first = load_id(folder)
    (folder / "photo.jpg").write_bytes(b"")
    assert load_id(folder) == first
    (folder / "b.csv").rename(folder / "c.csv")
    renamed = load_id(folder)
    (folder / "c.csv").write_bytes(lines(FIRST))
    assert len({first, renamed, load_id(folder)}) == 3


def test_a_folder_has_the_size_of_its_files(folder: Path) -> None:
    (folder / "a.csv").write_bytes(CSV)
    with opened(folder, sheet=None, score=score) as found:
        assert (found.name, found.size) == ("export", len(CSV))


def test_a_folder_without_such_a_file_is_no_input(folder: Path) -> None:
    (folder / "photo.jpg").write_bytes(b"")
    with pytest.raises(NoInputError, match=r"not a file, and no folder with a CSV, XLSX, Parquet or zip file"):
        contents(folder)


def test_an_unreadable_file_in_a_folder_is_named(folder: Path) -> None:
    (folder / "a.csv").write_bytes(CSV)
    (folder / "b.csv").write_bytes(b"")
    with pytest.raises(BadDataError, match=r"export/b\.csv: the file is empty"):
        contents(folder)

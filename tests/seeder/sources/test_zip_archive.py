"""Zip archives: their files are tables; nothing is unpacked that is too much, protected or hidden."""

from __future__ import annotations

import io
import tempfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from malformed import FIRST, LAST, NAMES, ROWS, lines, parquet_bytes, workbook
from tables import Content, contents

from retention.errors import BadDataError, CannotWriteError
from seeder.sources import temporary_files, zip_archive

if TYPE_CHECKING:
    from pathlib import Path

CSV = lines(FIRST, LAST)
BOOK = workbook({"S": [NAMES, *ROWS]})


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def read(tmp_path: Path, data: bytes, sheet: str | None = None) -> list[Content]:
    (tmp_path / "export.zip").write_bytes(data)
    return contents(tmp_path / "export.zip", sheet=sheet)


@pytest.mark.parametrize("data", [CSV, BOOK, parquet_bytes(), CSV.decode().encode("utf-16")])
@pytest.mark.parametrize("name", ["orders.csv", "a/b/ORDERS.XLSX", "orders.txt"])
def test_the_one_file_in_an_archive_is_read_as_what_it_is(tmp_path: Path, data: bytes, name: str) -> None:
    (table,) = read(tmp_path, zipped({name: data}))
    assert (table.name, table.columns, table.total) == (f"export.zip/{name}", tuple(NAMES), 2)


def test_several_files_are_as_many_tables_by_name(tmp_path: Path) -> None:
    tables = read(tmp_path, zipped({"2.csv": lines(LAST), "1.csv": CSV, "3.xlsx": BOOK}))
    assert [(table.name, table.total) for table in tables] == [
        *(("export.zip/1.csv", 2), ("export.zip/2.csv", 1), ("export.zip/3.xlsx", 2))
    ]


def test_hidden_files_are_ignored_and_others_named(tmp_path: Path) -> None:
    hidden = {"__MACOSX/._orders.csv": b"\0", ".DS_Store": b"\0", "a/.b.csv": b"x", "folder/": b""}
    others = {"terms.pdf": b"%PDF", "readme.txt": b"read me", "stock.csv": b"shelf,count\n1,2\n"}
    (table,) = read(tmp_path, zipped(hidden | others | {"orders.csv": CSV}))
    assert table.name == "export.zip/orders.csv"
    assert table.notes == ("readme.txt", "stock.csv", "terms.pdf")


def test_files_without_known_columns_are_all_tables(tmp_path: Path) -> None:
    assert len(read(tmp_path, zipped({"a.csv": b"x,y\n1,2\n", "b.csv": b"z\n"}))) == 2


def test_a_sheet_of_a_workbook_in_an_archive_can_be_named(tmp_path: Path) -> None:
    data = zipped({"book.xlsx": workbook({"A": [NAMES, ROWS[0]], "B": [NAMES, *ROWS]})})
    assert read(tmp_path, data, sheet="A")[0].total == 1


def with_flag(data: bytes) -> bytes:
    """Return the archive with its members marked as encrypted."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[changed.index(signature) + offset] |= 1
    return bytes(changed)


REFUSED = {
    "encrypted": (with_flag(zipped({"orders.csv": CSV})), "encrypted: unpack it with its password"),
    "an archive inside": (
        zipped({"a.zip": zipped({"orders.csv": CSV}), "b.csv": CSV}),
        "inside a zip archive: .* a.zip",
    ),
    "an archive by another name": (zipped({"a.csv": zipped({"orders.csv": CSV})}), "inside a zip archive"),
    "no table": (zipped({"a.pdf": b"", "lines": CSV}), "not a workbook, without a CSV, XLSX or Parquet file: a.pdf, l"),
    "nothing": (zipped({}), "nothing in it"),
    "OpenDocument": (zipped({"mimetype": b"", "content.xml": b""}), "save it as .xlsx"),
    "a bomb": (zipped({"a.csv": bytes(100 << 20)}), "100 MiB unpacked is too much"),
    "cut off": (zipped({"orders.csv": CSV})[:-30], "damaged workbook or zip archive"),
    "a wrong byte": (zipped({"a.csv": CSV}).replace(b"PK\x03\x04", b"PK\x03\x05", 1), "damaged zip archive"),
    "an empty file": (zipped({"a.csv": b"", "b.csv": CSV}), "export.zip/a.csv: the file is empty"),
    "an old workbook": (zipped({"a.xlsx": b"\xd0\xcf\x11\xe0" + bytes(600)}), "save it as .xlsx"),
    "a name that is no text": (zipped({"a\n\x1b[2J.csv": b""}), r"a\\n\\x1b\[2J.csv: the file is empty"),
}


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED)
def test_an_unusable_archive_is_refused_with_one_line(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(BadDataError, match=words) as refused:
        read(tmp_path, data)
    assert str(refused.value).isprintable()


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_archive, "MAX_FILES", 1)
    with pytest.raises(BadDataError, match="2 files are too many"):
        read(tmp_path, zipped({"a.csv": CSV, "b.csv": CSV}))


def test_too_much_in_all_is_refused_before_anything_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_archive, "MAX_UNPACKED", 2 * len(CSV) - 1)
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(BadDataError, match="unpacked is too much"):
        read(tmp_path, zipped({"a.csv": CSV, "b.csv": CSV}))


def test_a_full_disk_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(CannotWriteError, match="TMPDIR"):
        read(tmp_path, zipped({"a.csv": CSV}))


def test_blocks_that_cannot_be_written_are_reported(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(CannotWriteError, match=r"No space left.*TMPDIR"):
        temporary_files.write_blocks([b"x"], tmp_path / "full")

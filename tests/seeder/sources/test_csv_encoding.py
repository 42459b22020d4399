"""Encodings: decided from the whole file; what is assumed is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from malformed import HEADER, LAST, between, row
from tables import Content, contents

from retention.errors import BadDataError

if TYPE_CHECKING:
    from pathlib import Path


def read(tmp_path: Path, data: bytes) -> Content:
    path = tmp_path / "lines.csv"
    path.write_bytes(data)
    return contents(path)[0]


def described(text: str) -> bytes:
    return between(row(Description=text))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_as_it_is(tmp_path: Path, encoding: str) -> None:
    table = read(tmp_path, described("žluťoučký Łódź £ 漢字").decode().encode(encoding))
    assert table.rows[1][2] == "žluťoučký Łódź £ 漢字"
    assert table.notes == ()


@pytest.mark.parametrize(
    ("text", "encoding"), [("£1 “BAG” €1", "cp1252"), ("žluťoučký Łódź", "cp1250")], ids=["western", "central"]
)
def test_the_code_pages_of_excel_are_read_and_said(tmp_path: Path, text: str, encoding: str) -> None:
    table = read(tmp_path, described(text).decode().encode(encoding))
    assert table.rows[1][2] == text
    assert table.description == f"CSV, {encoding}"
    assert table.notes == (f"not UTF-8, read as {encoding}: names may be garbled: save it as UTF-8",)


def test_a_text_in_another_code_page_is_read_with_garbled_names(tmp_path: Path) -> None:
    table = read(tmp_path, described("£1").replace("£".encode(), b"\x81\x90"))
    assert (table.total, table.rejected) == (3, [])
    assert "read as latin-1: names may be garbled" in table.notes[0]


def test_a_letter_at_the_very_end_is_read(tmp_path: Path) -> None:
    table = read(tmp_path, f"{HEADER}\n{LAST}".replace("France", "Curaç").encode("latin-1"))
    assert table.rows[0][-1] == "Curaç"


def test_the_encoding_is_decided_by_the_last_row_too(tmp_path: Path) -> None:
    data = between(*[row()] * 50_000).rstrip() + "é".encode("latin-1")
    assert read(tmp_path, data).rows[-1][-1] == "Franceé"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (described("£1") + "£".encode("latin-1"), "mixed encodings: line 3 is UTF-8, line 5 is not"),
        (bytes(range(256)) * 40, "neither UTF-8 nor cp1252, and no text"),
        (described("£").decode().encode("utf-16")[:-1], "not UTF-16 throughout: save it as UTF-8"),
        (described("£").decode().encode("utf-16-le")[:-1], "not UTF-16-LE throughout"),
    ],
    ids=["mixed", "binary", "UTF-16, cut off", "UTF-16 without a mark, cut off"],
)
def test_what_is_in_no_single_encoding_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(BadDataError, match=words):
        read(tmp_path, data)


def test_a_row_of_zero_bytes_is_no_utf_16(tmp_path: Path) -> None:
    assert read(tmp_path, between("\0" * 512)).description == "CSV, UTF-8"

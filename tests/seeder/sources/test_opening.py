"""Opening an input: its kind is found from its content, and what cannot be opened is refused with the next step."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from malformed import FIRST, HEADER, LAST, NAMES, ROWS, lines, parquet_bytes, workbook
from tables import content, contents, score

from retention.errors import BadDataError, NoInputError, NotPermittedError
from seeder.sources.opening import opened, synthetic_source
from seeder.sources.synthetic import synthetic_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seeder.sources.table import Input

CSV = lines(FIRST, LAST)
CELLS = [line.split(",") for line in (FIRST, LAST)]


def write(tmp_path: Path, data: str | bytes, name: str = "lines.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def load_id(path: Path, sheet: str | None = None) -> str:
    with opened(path, sheet=sheet, score=score) as found:
        return found.load_id


@pytest.mark.parametrize(
    "data",
    [
        CSV,
        b"\xef\xbb\xbf" + CSV,
        lines(FIRST, LAST, end="\r\n"),
        lines(FIRST, LAST, end="\r"),
        CSV.rstrip(),
        CSV.replace(b",", b";"),
        CSV.replace(b",", b"\t"),
        CSV.replace(b",", b"|"),
        b"sep=;\r\n" + CSV.replace(b",", b";"),
        b"Orders export\n\n" + CSV,
        CSV.decode().encode("utf-16"),
        CSV.decode().encode("utf-16-le"),
        CSV.decode().encode("utf-16-be"),
        gzip.compress(CSV),
        lines("", FIRST, ",,,,,,,", "", LAST),
        lines(FIRST, LAST, header=" , ".join(f'"{name}"' for name in NAMES)),
    ],
    ids=[
        *("as published", "byte order mark", "CRLF", "CR", "no line end", "semicolons", "tabs", "bars", "sep=;"),
        *("title", "UTF-16", "UTF-16 LE without a mark", "UTF-16 BE without a mark", "gzip", "blank rows", "quotes"),
    ],
)
def test_a_table_is_the_same_in_every_layout(tmp_path: Path, data: bytes) -> None:
    (table,) = contents(write(tmp_path, data))
    assert (table.columns, table.total, table.scanned, table.rows) == (tuple(NAMES), 2, CELLS, CELLS)


def test_the_description_says_how_a_file_is_written(tmp_path: Path) -> None:
    descriptions = [
        contents(write(tmp_path, data))[0].description
        for data in (CSV, CSV.replace(b",", b";"), gzip.compress(CSV), CSV.decode().encode("utf-16"), parquet_bytes())
    ]
    assert descriptions == ["CSV, UTF-8", "CSV with ;, UTF-8", "CSV, UTF-8, gzipped", "CSV, utf-16", "Parquet"]


@pytest.mark.parametrize("positions", [(0, 1, 2, 3, 4, 5, 6, 7), (7, 0), (3,), ()])
@pytest.mark.parametrize("broken", ["", '1,"A"B', ",,,"])
def test_the_cells_asked_for_are_given_in_that_order(tmp_path: Path, positions: Sequence[int], broken: str) -> None:
    path = write(tmp_path, lines(FIRST, *([broken] if broken else []), LAST))
    with opened(path, sheet=None, score=score) as found:
        table = content(found.tables[0], positions)
    expected = [[cells[position] for position in positions] for cells in CELLS]
    assert table.scanned == expected
    assert [row for row in table.rows if isinstance(row, list)] == expected
    assert table.total == len(table.rows) == 2 + (broken.startswith("1"))


def test_a_table_can_be_read_without_a_scan_and_again(tmp_path: Path) -> None:
    with opened(write(tmp_path, CSV), sheet=None, score=score) as found:
        (table,) = found.tables
        assert [list(table.rows(range(8))) for _ in range(2)] == [CELLS, CELLS]


def test_the_same_content_has_the_same_load_id_under_any_name(tmp_path: Path) -> None:
    first, copy = write(tmp_path, CSV), write(tmp_path, CSV, "copy")
    assert load_id(first) == load_id(copy) != load_id(write(tmp_path, CSV + b" ", "other"))
    assert load_id(first).startswith("sha256:")


def test_another_sheet_of_a_workbook_is_another_load(tmp_path: Path) -> None:
    path = write(tmp_path, workbook({"A": [NAMES, *ROWS], "B": [NAMES, *ROWS]}))
    assert len({load_id(path), load_id(path, "A"), load_id(path, "B")}) == 3


def test_an_input_has_a_name_and_a_size(tmp_path: Path) -> None:
    with opened(write(tmp_path, CSV), sheet=None, score=score) as found:
        assert (found.name, found.size, found.invented) == ("lines.csv", len(CSV), False)


def test_the_standard_input_is_an_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream(io.BytesIO):
        buffer = property(lambda self: self)

    monkeypatch.setattr(sys, "stdin", Stream(workbook({"S": [NAMES, *ROWS]})))
    (table,) = contents(Path("-"))
    assert (table.name, table.total) == ("standard input", 2)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n \n", gzip.compress(b"")])
def test_a_file_without_text_is_empty(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadDataError, match="the file is empty"):
        contents(write(tmp_path, data))


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    assert contents(write(tmp_path, lines()))[0].total == 0


@pytest.mark.parametrize(
    "data", [gzip.compress(CSV)[:-9], gzip.compress(CSV)[:-1], gzip.compress(CSV) + b"x", b"\x1f\x8bno gzip at all"]
)
def test_a_damaged_gzip_file_is_refused_when_it_is_opened(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadDataError, match="damaged gzip"), opened(write(tmp_path, data), sheet=None, score=score):
        pass


def test_gzip_inside_gzip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="decompress it once"):
        contents(write(tmp_path, gzip.compress(gzip.compress(CSV))))


def test_a_parquet_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="damaged Parquet"):
        contents(write(tmp_path, b"PAR1 but nothing else"))


@pytest.mark.parametrize(("name", "words"), [("absent.csv", "no such file"), (".", "not a file"), ("/dev/null", "not")])
def test_what_is_no_file_is_no_input(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(NoInputError, match=words):
        contents(tmp_path / name)


def test_a_file_of_another_user_is_not_permitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:  # root may read everything
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, CSV)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(NotPermittedError, match="change its permissions"):
        contents(path)


def test_an_error_of_the_caller_is_its_own(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="mine"), opened(write(tmp_path, CSV), sheet=None, score=score):
        raise OSError("mine")


@pytest.mark.parametrize("data", [CSV, parquet_bytes()])
def test_a_sheet_of_what_is_no_workbook_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadDataError, match="leave out --sheet"):
        contents(write(tmp_path, data), sheet="Orders")


def test_a_workbook_a_csv_and_a_parquet_file_of_the_same_lines_agree(tmp_path: Path) -> None:
    with (tmp_path / "lines.csv").open("w", newline="") as file:
        csv.writer(file).writerows([NAMES, *ROWS])
    of_csv = contents(tmp_path / "lines.csv")[0]
    of_xlsx = contents(write(tmp_path, workbook({"S": [NAMES, *ROWS]}), "lines.xlsx"))[0]
    of_parquet = contents(write(tmp_path, parquet_bytes(), "lines.parquet"))[0]
    assert of_csv.rows == of_xlsx.rows
    assert [[str(cell) for cell in row] for row in of_parquet.rows] == of_csv.rows
    assert of_csv.columns == of_xlsx.columns == of_parquet.columns


def synthetic() -> Input:
    return synthetic_source(200, 1)


def test_synthetic_data_is_an_invented_table_of_typed_values() -> None:
    source = synthetic()
    assert (source.load_id, source.size, source.invented) == ("synthetic:rows=200:seed=1", 0, True)
    table = content(source.tables[0])
    assert table.columns == tuple(NAMES)
    assert table.rows == table.scanned == [list(row) for row in synthetic_rows(200, 1)]
    assert isinstance(table.rows[0][4], datetime)
    assert content(source.tables[0], (4, 0)).rows[0] == [table.rows[0][4], table.rows[0][0]]


def test_the_header_is_the_published_one() -> None:
    assert HEADER.split(",") == NAMES

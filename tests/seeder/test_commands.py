"""The seeder as a program: pipes, output and exit codes that scripts depend on."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

Documents = dict[str, Any]
HEADER = ",".join(schema.LINE_FIELDS)
GOOD = "536365,85123A,THING,6,2010-12-13 08:26,2.55,17850,France"
BAD = "536366,85123A,THING,six,2010-12-13 08:26,2.55,17850,France"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, mongo_uri: str, database_name: str) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    monkeypatch.setenv("DB_NAME", database_name)


def seeder(*arguments: str | Path, stdin: bytes = b"", **environ: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "seeder", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, env=os.environ | environ, check=False)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"])
    sheet.append([536365, "85123A", "THING", 6, "2010-12-13 08:26", 2.55, 17850, "France"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [f"{HEADER}\n{GOOD}".encode(), gzip.compress(f"{HEADER}\n{GOOD}".encode()), workbook()],
    ids=["CSV", "gzip", "workbook"],  # the bytes hold the time, and parallel workers must agree on the names
)
def test_the_standard_input_is_loaded_whatever_its_format(content: bytes, database: Database[Documents]) -> None:
    ended = seeder("load", "-", stdin=content)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(b"standard input: ")
    (line,) = database[schema.TRANSACTIONS].find()
    assert (line["InvoiceNo"], line["CustomerID"]) == ("536365", 17850)


def test_the_same_line_from_two_file_types_is_stored_once(tmp_path: Path, database: Database[Documents]) -> None:
    for name, content in {"a.csv": f"{HEADER}\n{GOOD}\n".encode(), "b.xlsx": workbook()}.items():
        (tmp_path / name).write_bytes(content)
        assert seeder("load", tmp_path / name).returncode == 0
    records = list(database[schema.LOADS].find(sort=[("started_at", 1)]))
    assert [(record["inserted"], record["already_there"]) for record in records] == [(1, 0), (0, 1)]
    assert [record["name"] for record in records] == ["a.csv", "b.xlsx"]
    assert [record["size"] for record in records] == [(tmp_path / record["name"]).stat().st_size for record in records]
    assert all(record["_id"] == f"sha256:{record['sha256']}" for record in records)


def test_lines_in_two_sheets_were_sold_once(tmp_path: Path, database: Database[Documents]) -> None:
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("Year 2010-2011")):
        sheet.append(list(schema.LINE_FIELDS))
        for _ in range(2):  # bought twice
            sheet.append([536365, "85123A", "THING", 6, "2010-12-13 08:26", 2.55, 17850, "France"])
    book.save(tmp_path / "book.xlsx")
    assert seeder("load", tmp_path / "book.xlsx").returncode == 0
    (record,) = database[schema.LOADS].find()
    assert (record["read"], record["inserted"], record["already_there"]) == (4, 2, 2)
    assert database[schema.TRANSACTIONS].count_documents({}) == 2


@pytest.mark.parametrize("content", [b"", b"\n", HEADER.encode()])
def test_an_empty_standard_input_is_refused(content: bytes) -> None:
    ended = seeder("load", "-", stdin=content)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (65, 1)
    assert b"standard input: " in ended.stderr


def test_quarantined_rows_are_listed_corrected_and_loaded(tmp_path: Path, database: Database[Documents]) -> None:
    assert seeder("load", "-", stdin=f"{HEADER}\n{GOOD}\n{BAD}".encode()).returncode == 0
    listed = seeder("quarantine").stdout.decode()
    assert "Quantity_unreadable" in listed
    load_id = listed.split()[0]
    assert b"six" in seeder("quarantine", "--load", load_id).stdout
    exported = seeder("quarantine", "--load", load_id, "--csv").stdout
    (row,) = csv.DictReader(io.StringIO(exported.decode()))
    assert (row["row"], row["field"], row["InvoiceNo"]) == ("2", "Quantity", "536366")
    (tmp_path / "corrected.csv").write_bytes(exported.replace(b"six", b"6"))
    assert seeder("load", tmp_path / "corrected.csv").returncode == 0
    assert database[schema.TRANSACTIONS].count_documents({}) == 2
    assert seeder("quarantine").stdout == b"no rows are quarantined\n"
    assert seeder("quarantine", "--load", "ffff").returncode == 66


def test_a_mended_row_joins_its_order_and_one_that_is_not_stays(tmp_path: Path, database: Database[Documents]) -> None:
    of_one_order = [GOOD, GOOD.replace("THING,6", "BAG,six"), GOOD.replace("THING,6", "CUP,two"), "536365,B"]
    assert seeder("load", "-", stdin="\n".join([HEADER, *of_one_order]).encode()).returncode == 0
    first = database[schema.QUARANTINE].find_one({"reason": "columns"})
    exported = seeder("quarantine", "--csv").stdout
    (tmp_path / "half.csv").write_bytes(exported.replace(b"six", b"6"))
    half = seeder("load", tmp_path / "half.csv")
    assert half.returncode == 0, half.stderr
    assert database[schema.TRANSACTIONS].count_documents({}) == 2
    (order,) = database[schema.ORDERS].find()
    assert order["value"] == pytest.approx(12 * 2.55)
    left = list(database[schema.QUARANTINE].find(sort=[("_id.row", 1)]))
    assert [(row["_id"]["row"], row["reason"]) for row in left] == [(3, "Quantity_unreadable"), (4, "columns")]
    assert first in left
    (tmp_path / "whole.csv").write_bytes(seeder("quarantine", "--csv").stdout.replace(b"two", b"2"))
    assert seeder("load", tmp_path / "whole.csv").returncode == 0
    assert database[schema.TRANSACTIONS].count_documents({}) == 3
    assert database[schema.QUARANTINE].find_one() == first
    assert seeder("load", "--replace-orders", tmp_path / "whole.csv").returncode == 65
    assert database[schema.TRANSACTIONS].count_documents({}) == 3


def test_a_closed_pipe_is_no_error(database: Database[Documents]) -> None:
    assert seeder("load", "-", stdin="\n".join([HEADER, GOOD, *[BAD] * 20_000]).encode()).returncode == 0
    command = [sys.executable, "-m", "seeder", "quarantine", "--csv"]
    listing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert listing.stdout
    assert listing.stderr
    listing.stdout.readline()
    listing.stdout.close()
    errors = listing.stderr.read()
    listing.stderr.close()
    assert (listing.wait(), errors) == (0, b"")
    assert database[schema.QUARANTINE].count_documents({}) == 20_000


def test_dates_do_not_depend_on_the_time_zone_of_the_machine(database: Database[Documents]) -> None:
    content = f"{HEADER}\n{GOOD}\n".encode()
    assert seeder("load", "-", stdin=content, TZ="America/New_York").returncode == 0
    here = list(database[schema.TRANSACTIONS].find())
    assert seeder("load", "--drop", "-", stdin=content, TZ="Asia/Tokyo").returncode == 0
    assert list(database[schema.TRANSACTIONS].find()) == here


@pytest.fixture
def archive() -> Iterator[tuple[str, str]]:
    """The address of a zip archive with a workbook, and the workbook's hash."""
    book = workbook()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("Online Retail.xlsx", book)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content.getvalue())))
            self.end_headers()
            self.wfile.write(content.getvalue())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/retail.zip", hashlib.sha256(book).hexdigest()
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_public_file_is_fetched_and_loaded(
    tmp_path: Path, archive: tuple[str, str], database: Database[Documents]
) -> None:
    url, sha256 = archive
    ended = seeder("fetch-uci", "--url", url, "--sha256", sha256, XDG_CACHE_HOME=str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert database[schema.TRANSACTIONS].count_documents({}) == 1
    written = seeder("fetch-uci", "--url", url, "--sha256", sha256, "--to", tmp_path / "retail.xlsx")
    assert written.returncode == 0, written.stderr
    assert hashlib.sha256((tmp_path / "retail.xlsx").read_bytes()).hexdigest() == sha256
    assert database[schema.LOADS].count_documents({}) == 1


def test_a_file_other_than_the_published_one_is_refused(tmp_path: Path, archive: tuple[str, str]) -> None:
    ended = seeder("fetch-uci", "--url", archive[0], "--to", tmp_path / "retail.xlsx")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (65, 1)
    assert not list(tmp_path.iterdir())


def test_a_look_passes_over_an_order_of_which_no_line_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    file.write_text(f"{HEADER}\n{BAD}\n{GOOD}\n")
    looked = seeder("look", file)
    assert looked.returncode == 0, looked.stderr
    shown = looked.stdout.decode().partition("as we understand them\n")[2].splitlines()
    assert shown[0].split()[0] == "536365"

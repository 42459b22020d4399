"""With KEEP_REFERENCES=no a customer's e-mail is nowhere but in the shop's own file: a search through every byte."""

from __future__ import annotations

import csv
import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pytest
from bson.raw_bson import RawBSONDocument
from shops import KEY

from retention.store import schema
from seeder.__main__ import main as seed
from seeder.sources.synthetic import synthetic_rows
from trainer.__main__ import main as train

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pymongo.database import Database

IDENTITY_KEY: Final = "a key that this test alone has, of 40 letters"
HEADER: Final = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]
NAME: Final = b"maya."  # begins every address
HOST: Final = b"fernhill"  # ends it; a screen shows m…@fernhill-12347.example


@pytest.fixture(autouse=True)
def environment(
    monkeypatch: pytest.MonkeyPatch,
    mongo_uri: str,
    database_name: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    key_file = tmp_path / "signing_key"
    key_file.write_bytes(KEY)
    variables = {
        "MONGO_URI": mongo_uri,
        "DB_NAME": database_name,
        "IDENTITY_KEY": IDENTITY_KEY,
        "KEEP_REFERENCES": "no",
        "MODELS_DIR": str(tmp_path / "models"),
        "MODEL_SIGNING_KEY_FILE": str(key_file),
        "ALLOWED_HOSTS": "test",
        "GIT_REVISION": "abc1234",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name in ("CURRENCY", "TIME_ZONE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("seeder", "retention", "trainer", "inference"):
        caplog.set_level(logging.DEBUG, name)


def e_mail(customer_id: object) -> str:
    return f"Maya.{customer_id}@Fernhill-{customer_id}.example"


def searched(*contents: bytes | str, words: Sequence[bytes] = (NAME, HOST)) -> None:
    """Fail when one of the contents has a word of an address."""
    for content in contents:
        text = (content.encode() if isinstance(content, str) else content).lower()
        for word in words:
            assert word not in text, text[max(0, text.index(word) - 100) :][:200]


def stored(database: Database[dict[str, Any]]) -> Iterator[bytes]:
    """Yield every document of the database as its bytes."""
    options = database.codec_options.with_options(document_class=RawBSONDocument)
    for name in database.list_collection_names():
        for document in database.get_collection(name, codec_options=options).find():
            yield bytes(document.raw)  # type: ignore[attr-defined]


def line_feed(path: Path, rows: int) -> Path:
    """Write an invented shop whose customers have e-mails, and rows that are wrong in every way."""
    found = [list(row) for row in synthetic_rows(rows, 1)]
    for row in found:
        row[6] = e_mail(row[6]) if isinstance(row[6], int) else ""
    good, email = [row for row in found if row[6]][:9], e_mail("wrong")
    for place, wrong in (
        (0, ""),
        (0, "9" * 300),
        (3, "two"),
        (4, "soon"),
        (4, "1890-01-01"),
        (5, "dear"),
        (6, f"{email}\0"),
    ):
        found.append([*good[0][:6], email, "GB"])
        found[-1][place] = wrong
    found += [[*good[1][:6], email], [*good[2], "x", email], [email], [*good[3][:3], email, *good[3][4:]]]
    found.append([*good[4][:5], email, *good[4][6:]])
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(
            [value.isoformat(" ") if isinstance(value, datetime) else value for value in row] for row in found
        )
        file.write(f'"{email}, and a quote that nothing closes\n')
    return path


def commands(capfd: pytest.CaptureFixture[str], path: Path, *more: Sequence[str]) -> str:
    """Look at the file, load it twice and list what is put aside; return all that was said."""
    assert seed(["look", str(path)]) == 0
    for arguments in (
        ["load", str(path), "--yes"],
        ["load", str(path), "--yes"],
        ["quarantine"],
        ["quarantine", "--csv"],
        *more,
    ):
        assert seed(arguments) == 0, arguments
    screen = capfd.readouterr()
    return screen.out + screen.err


def test_a_line_feeds_emails_are_in_no_record_output_or_model(
    database: Database[dict[str, Any]],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = commands(capfd, line_feed(tmp_path / "shop.csv", 20_000))
    assert train(["train"]) == 0

    assert database[schema.QUARANTINE].count_documents({}) > 10
    searched(said, words=[NAME])
    searched(caplog.text, *capfd.readouterr(), *stored(database))
    searched(*(file.read_bytes() for file in (tmp_path / "models").rglob("*") if file.is_file()))

"""Every row of a malformed file is accounted for, or nothing of the file is loaded and one line says why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from malformed import ALL, Loaded, Refused

from retention.store import schema
from seeder.__main__ import main

if TYPE_CHECKING:
    from pymongo.database import Database

LOADED = [pytest.param(case, id=case.name) for case in ALL if isinstance(case, Loaded)]
REFUSED = [pytest.param(case, id=case.name) for case in ALL if isinstance(case, Refused)]
TEXTS = ("InvoiceNo", "StockCode", "Description", "Country")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, mongo_uri: str, database_name: str) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    monkeypatch.setenv("DB_NAME", database_name)
    monkeypatch.setenv("MONGO_WAIT_S", "5")
    monkeypatch.setenv("IDENTITY_KEY", "a key that this test alone has, of 40 letters")


@pytest.mark.parametrize("case", LOADED)
def test_readable_rows_are_loaded_and_the_others_quarantined(
    case: Loaded, tmp_path: Path, database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(case.content)
    assert main(["load", str(path), *case.arguments]) == 0, capsys.readouterr().err
    (load,) = database[schema.LOADS].find()
    assert (load["inserted"], load["quarantined"]) == (case.inserted, case.quarantined)
    assert load["read"] == case.inserted + sum(case.quarantined.values())
    lines = list(database[schema.TRANSACTIONS].find())
    assert len(lines) == case.inserted
    assert database[schema.QUARANTINE].count_documents({}) == sum(case.quarantined.values())
    for name, value in case.stored.items():
        assert value in [line.get(name) for line in lines]
    assert_clean(database)


@pytest.mark.parametrize("case", REFUSED)
def test_an_unusable_file_is_refused_with_one_line(
    case: Refused, tmp_path: Path, database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(case.content)
    assert main(["load", str(path)]) == 65
    assert_refused(database, capsys, case.words)


@pytest.mark.parametrize(("name", "words"), [("absent", "no such file"), (".", "not a file"), ("/dev/null", "not a")])
def test_an_absent_file_or_a_directory_is_refused(
    name: str, words: str, tmp_path: Path, database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["load", str(tmp_path / name)]) == 66
    assert_refused(database, capsys, words)


def test_a_named_pipe_is_refused_at_once(
    tmp_path: Path, database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert main(["load", str(tmp_path / "pipe")]) == 66
    assert_refused(database, capsys, "not a file")


def test_a_file_of_another_user_is_refused(
    tmp_path: Path,
    database: Database[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:  # root may read everything
        raise PermissionError(13, "Permission denied")

    (tmp_path / "lines").touch()
    monkeypatch.setattr(Path, "open", refuse)
    assert main(["load", str(tmp_path / "lines")]) == 77
    assert_refused(database, capsys, "not readable")


def assert_clean(database: Database[dict[str, Any]]) -> None:
    transactions = database[schema.TRANSACTIONS]
    assert transactions.count_documents({"CustomerID": {"$exists": True, "$not": {"$type": ["int", "long"]}}}) == 0
    assert transactions.count_documents({"$or": [{"Quantity": float("nan")}, {"UnitPrice": float("nan")}]}) == 0
    assert transactions.count_documents({"$or": [{name: {"$regex": "\ufffd|\\x00"}} for name in TEXTS]}) == 0


def assert_refused(database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str], words: str) -> None:
    message = capsys.readouterr().err
    first, *mapping = message.splitlines()
    assert words.casefold() in first.casefold()
    assert not mapping or "mapping" in first  # an unknown header comes with a mapping file to start from
    assert len(first) < 800
    assert all(line.isprintable() for line in (first, *mapping))
    for collection in (schema.TRANSACTIONS, schema.ORDERS, schema.CUSTOMERS, schema.LOADS):
        assert database[collection].count_documents({}) == 0

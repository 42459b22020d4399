"""The options that decide a load, and loads that are refused: they write nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from retention.store import schema
from seeder.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database

    Documents = dict[str, Any]

HEADER = ",".join(schema.LINE_FIELDS)
MAPPING = """InvoiceNo: Bon
InvoiceDate: Wann
CustomerID: Wer
UnitPrice: Euro
Quantity: {constant: 1}
dates: dmy
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, mongo_uri: str, database_name: str) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    monkeypatch.setenv("DB_NAME", database_name)


def file(tmp_path: Path, *rows: str, header: str = HEADER, name: str = "lines.csv") -> str:
    (tmp_path / name).write_text("\n".join([header, *rows]), encoding="utf-8")
    return str(tmp_path / name)


def line(number: int, day: str = "2025-03-01", price: str = "2.50", more: str = "") -> str:
    return f"{number},A,THING,1,{day} 09:00,{price},{100 + number % 150},France{more}"


def everything(database: Database[Documents]) -> dict[str, list[Documents]]:
    return {name: list(database[name].find(sort=[("_id", 1)])) for name in schema.COLLECTIONS if name != schema.CLOCK}


def half_unreadable(tmp_path: Path) -> str:
    return file(tmp_path, *(line(at, price="?" if at % 2 else "2.50") for at in range(2_000)), name="half.csv")


def test_a_refused_load_leaves_an_empty_database_empty(tmp_path: Path, database: Database[Documents]) -> None:
    currencies = [line(1, more=",GBP"), line(2, more=",JPY")]
    refused = [
        file(tmp_path, line(1, day="02/03/2025"), name="dates.csv"),
        file(tmp_path, line(1, price='"1.240"'), line(2, price='"3.500"'), name="numbers.csv"),
        file(tmp_path, *currencies, header=f"{HEADER},Currency", name="currencies.csv"),
        half_unreadable(tmp_path),
    ]
    assert [main(["load", path]) for path in refused] == [65] * len(refused)
    assert not any(everything(database).values())


def test_a_refused_load_leaves_what_is_there(tmp_path: Path, database: Database[Documents]) -> None:
    first = file(tmp_path, line(1), line(2))
    assert main(["load", first, "--cancelled-prefix", "none"]) == 0
    before = everything(database)
    refused = [
        [file(tmp_path, line(1, price="3.00"), name="other.csv")],
        [file(tmp_path, line(9), name="prefix.csv"), "--cancelled-prefix", "C"],
        [file(tmp_path, line(9, more=",USD"), header=f"{HEADER},Currency", name="usd.csv"), "--decimal", "."],
        [half_unreadable(tmp_path)],
    ]
    codes = [main(["load", *arguments]) for arguments in refused]
    assert codes == [65, 65, 0, 65]  # the shop's currency was not said so far
    assert main(["load", file(tmp_path, line(8, more=",EUR"), header=f"{HEADER},Currency", name="eur.csv")]) == 65
    after = everything(database)
    assert len(after[schema.LOADS]) == len(before[schema.LOADS]) + 1
    assert len(after[schema.TRANSACTIONS]) == len(before[schema.TRANSACTIONS]) + 1
    assert after[schema.QUARANTINE] == []


def test_yes_loads_what_looks_wrong(tmp_path: Path, database: Database[Documents]) -> None:
    assert main(["load", half_unreadable(tmp_path), "--yes"]) == 0
    assert database[schema.TRANSACTIONS].count_documents({}) == database[schema.QUARANTINE].count_documents({}) == 1_000


def test_the_latest_day_decides_about_dates(tmp_path: Path, database: Database[Documents]) -> None:
    days = [str(date(2025, 3, 1) + timedelta(days=at)) for at in range(20)]
    path = file(tmp_path, *(line(at, day=day) for at, day in enumerate([*days, "2026-03-05"])))
    assert main(["load", path]) == 0
    (aside,) = database[schema.QUARANTINE].find()
    assert aside["reason"] == "implausible_date"
    assert main(["load", path, "--drop", "--latest", "2026-03-05"]) == 0
    assert database[schema.TRANSACTIONS].count_documents({}) == 21
    with pytest.raises(SystemExit, match="2"):
        main(["load", path, "--latest", "5.3.2026"])


def test_a_mapping_names_the_columns(tmp_path: Path, database: Database[Documents]) -> None:
    path = file(tmp_path, '3101,02.03.2025,17,"1,50"', header="Bon,Wann,Wer,Euro")
    assert main(["load", path]) == 65
    (tmp_path / "map.yaml").write_text(MAPPING, encoding="utf-8")
    assert main(["load", path, "--map", str(tmp_path / "map.yaml")]) == 0
    (stored,) = database[schema.TRANSACTIONS].find()
    assert (stored["InvoiceNo"], stored["CustomerID"], stored["UnitPrice"]) == ("3101", 17, 1.5)
    assert (stored["InvoiceDate"].month, stored["Quantity"]) == (3, 1)
    assert main(["load", path, "--map", str(tmp_path / "absent.yaml")]) == 66


def test_a_look_needs_no_database_and_writes_nothing(
    tmp_path: Path, database: Database[Documents], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(tmp_path, line(1), line(2))
    assert main(["look", path]) == 0
    assert database.list_collection_names() == []
    monkeypatch.delenv("MONGO_URI")
    capsys.readouterr()
    assert main(["look", path]) == 0
    assert "Nothing was written" in capsys.readouterr().out
    assert main(["look", str(tmp_path / "absent.csv")]) == 66


def test_a_refresh_of_fresh_data_changes_nothing(tmp_path: Path, database: Database[Documents]) -> None:
    assert main(["refresh"]) == 0
    assert main(["load", file(tmp_path, line(1), line(2))]) == 0
    before = everything(database)
    assert main(["refresh"]) == 0
    assert everything(database) == before

"""The load on a real MongoDB: every row counted, nothing twice, nothing lost, whatever is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

from retention.store import schema
from seeder.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database

HEADER = ",".join(schema.LINE_FIELDS)
ROWS = [
    "1,A,THING,6,2011-01-02 08:00,2.5,12347,United Kingdom",
    "1,A,THING,6,2011-01-02 08:00,2.5,12347,United Kingdom",  # a real duplicate: somebody bought it twice
    "2,B,THING,1,2011-03-04 09:00,10,12347,United Kingdom",
    "C3,B,THING,-1,2011-03-05 09:00,10,12347,United Kingdom",
    "4,B,THING,1,2011-03-05 10:00,0,12348,United Kingdom",  # free: no order
    "5,B,THING,1,2011-03-06 10:00,3,,France",
    "6,B,THING,one,2011-03-06 10:00,3,12349,France",  # cannot be understood
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, mongo_uri: str, database_name: str) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    monkeypatch.setenv("DB_NAME", database_name)
    monkeypatch.setenv("MONGO_WAIT_S", "5")


def csv_file(tmp_path: Path, rows: list[str], name: str = "lines.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join([HEADER, *rows]))
    return path


def count(database: Database[dict[str, Any]], collection: str) -> int:
    return database[collection].count_documents({})


def test_the_ledger_accounts_for_every_row(
    tmp_path: Path, database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["load", str(csv_file(tmp_path, ROWS))]) == 0
    (load,) = database[schema.LOADS].find()
    assert load["status"] == "finished"
    assert (load["read"], load["inserted"], load["already_there"]) == (7, 6, 0)
    assert load["quarantined"] == {"Quantity_unreadable": 1}
    (aside,) = database[schema.QUARANTINE].find()
    assert (aside["_id"]["row"], aside["field"], aside["values"][3]) == (7, "Quantity", "one")
    assert "Quantity_unreadable" in capsys.readouterr().out


def test_a_load_ends_with_fresh_orders_customers_and_clock(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    main(["load", str(csv_file(tmp_path, ROWS))])
    assert database[schema.ORDERS].count_documents({"_id.kind": "order"}) == 2
    assert database[schema.ORDERS].count_documents({"_id.kind": "return"}) == 1
    (customer,) = database[schema.CUSTOMERS].find()
    assert (customer["_id"], customer["Frequency"], customer["Monetary"], customer["net_monetary"]) == (
        12347,
        2,
        40,
        30,
    )
    clock = database[schema.CLOCK].find_one({"_id": schema.CLOCK_ID})
    assert clock is not None
    assert clock["as_of"].isoformat() == "2011-03-07T00:00:00+00:00"


def test_loading_the_same_content_again_does_nothing(
    tmp_path: Path, database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["load", str(csv_file(tmp_path, ROWS))])
    assert main(["load", str(csv_file(tmp_path, ROWS, "renamed.csv"))]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert count(database, schema.TRANSACTIONS) == 6


def test_an_overlapping_export_adds_only_what_is_new(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    main(["load", str(csv_file(tmp_path, ROWS[:3]))])
    main(["load", str(csv_file(tmp_path, ROWS))])
    assert count(database, schema.TRANSACTIONS) == 6
    newest = database[schema.LOADS].find_one({"read": 7})
    assert newest is not None
    assert (newest["inserted"], newest["already_there"]) == (3, 3)


def test_a_chunk_of_any_size_is_sent_in_pieces_that_the_server_takes(
    tmp_path: Path, database: Database[dict[str, Any]]
) -> None:
    rows = [f"{row},A,{'x' * 990},1,2011-01-02 08:00,2.5,12347,France" for row in range(20_000)]  # 23 MB
    assert main(["load", "--chunk-rows", "20000", str(csv_file(tmp_path, rows))]) == 0
    assert count(database, schema.TRANSACTIONS) == 20_000


def test_an_invoice_may_begin_with_any_character(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    starts = ["Ä", "№", "\U0001f6d2", "c", "D", "CA"]
    rows = [f"{start}1,A,THING,1,2011-01-02 08:00,2.5,12347,France" for start in starts]
    assert main(["load", str(csv_file(tmp_path, rows))]) == 0
    returns = database[schema.ORDERS].distinct("_id.invoice", {"_id.kind": "return"})
    assert (returns, count(database, schema.ORDERS)) == ([], len(starts))


def test_a_letter_marks_cancellations_once_a_file_shows_it(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    rows = ["C1,A,THING,1,2011-03-02 08:00,2.5,12347,France", ROWS[2]]
    assert main(["load", str(csv_file(tmp_path, rows))]) == 0
    assert database[schema.ORDERS].distinct("_id.invoice", {"_id.kind": "return"}) == []
    later = [ROWS[2], ROWS[3], "C7,A,THING,2,2011-03-05 09:00,2,12347,France"]
    assert main(["load", "--cancelled-prefix", "C", str(csv_file(tmp_path, later, "later.csv"))]) == 0
    assert database[schema.ORDERS].distinct("_id.invoice", {"_id.kind": "return"}) == ["C1", "C3", "C7"]


def test_drop_starts_from_nothing(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    main(["load", str(csv_file(tmp_path, ROWS))])
    assert main(["load", "--drop", str(csv_file(tmp_path, ROWS[:2]))]) == 0
    counts = {name: count(database, name) for name in schema.COLLECTIONS}
    assert {name: documents for name, documents in counts.items() if documents} == {
        schema.TRANSACTIONS: 2, schema.ORDERS: 1, schema.CUSTOMERS: 1, schema.LOADS: 1, schema.CLOCK: 2, schema.SHOP: 1,
    }  # fmt: skip


def test_real_data_takes_the_place_of_an_invented_shop_and_keeps_it(
    tmp_path: Path, database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synthetic", "--rows", "1000"]) == 0
    assert main(["load", str(csv_file(tmp_path, ROWS))]) == 0
    assert "replacing the invented shop" in capsys.readouterr().out
    assert [customer["_id"] for customer in database[schema.CUSTOMERS].find()] == [12347]
    assert main(["synthetic", "--rows", "1000"]) == 0
    assert "real data" in capsys.readouterr().out
    assert count(database, schema.TRANSACTIONS) == 6


@pytest.mark.parametrize(
    ("arguments", "code"), [(["load", "absent.csv"], 66), (["load", "."], 66), (["load", "scripts/up"], 65)]
)
def test_what_cannot_be_loaded_ends_with_its_code_and_one_line(
    arguments: list[str], code: int, database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert count(database, schema.TRANSACTIONS) == 0


def test_a_missing_setting_ends_with_78(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("MONGO_URI")
    assert main(["synthetic"]) == 78
    assert "MONGO_URI" in capsys.readouterr().err


def test_a_database_that_never_answers_ends_with_69(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONGO_URI", "mongodb://127.0.0.1:1/")
    monkeypatch.setenv("MONGO_WAIT_S", "0")
    assert main(["synthetic", "--rows", "10"]) == 69
    assert "does not answer" in capsys.readouterr().err


def seeder(rows: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "seeder", "synthetic", "--rows", str(rows), "--chunk-rows", "500"]
    return subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL)


def wait_until_in_flight(process: subprocess.Popen[bytes], database: Database[dict[str, Any]], more_than: int) -> None:
    while process.poll() is None and database[schema.TRANSACTIONS].estimated_document_count() <= more_than:
        time.sleep(0.005)
    assert process.poll() is None, "it ended before it could be killed"


@pytest.mark.drill
def test_killed_five_times_while_rows_are_in_flight_it_ends_exact(database: Database[dict[str, Any]]) -> None:
    rows, randomly = 60_000, random.Random(5)  # noqa: S311 - where to kill
    for kill in range(5):
        process = seeder(rows)
        wait_until_in_flight(process, database, more_than=kill * rows // 8 + randomly.randrange(rows // 10))
        process.kill()
        process.wait()
        assert 0 < count(database, schema.TRANSACTIONS) < rows
    assert seeder(rows).wait() == 0
    untouched = database.client[f"{database.name}_once"]
    try:
        environ = os.environ | {"DB_NAME": untouched.name}
        subprocess.run([sys.executable, "-m", "seeder", "synthetic", "--rows", str(rows)], env=environ, check=True)
        for name in (schema.TRANSACTIONS, schema.ORDERS, schema.CUSTOMERS, schema.QUARANTINE, schema.CLOCK):
            assert list(database[name].find(sort=[("_id", 1)])) == list(untouched[name].find(sort=[("_id", 1)])), name
    finally:
        database.client.drop_database(untouched.name)


@pytest.mark.drill
def test_sigterm_finishes_the_chunk_and_says_how_to_go_on(database: Database[dict[str, Any]]) -> None:
    process = seeder(60_000)
    wait_until_in_flight(process, database, more_than=0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 143
    assert (count(database, schema.TRANSACTIONS) + count(database, schema.QUARANTINE)) % 500 == 0


@pytest.mark.drill
def test_two_seeders_at_once_converge(database: Database[dict[str, Any]]) -> None:
    both = [seeder(20_000), seeder(20_000)]
    assert [process.wait() for process in both] == [0, 0]
    assert count(database, schema.TRANSACTIONS) + count(database, schema.QUARANTINE) == 20_000


@pytest.mark.drill
def test_another_load_under_way_is_waited_for(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    first = seeder(60_000)
    wait_until_in_flight(first, database, more_than=0)
    assert main(["load", str(csv_file(tmp_path, ROWS))]) == 75
    assert first.wait() == 0
    assert main(["load", str(csv_file(tmp_path, ROWS))]) == 0
    assert count(database, schema.TRANSACTIONS) == 6


@pytest.mark.drill
def test_a_stopped_load_makes_nobody_wait(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    first = seeder(60_000)
    wait_until_in_flight(first, database, more_than=0)
    first.terminate()
    first.wait()
    assert main(["load", str(csv_file(tmp_path, ROWS))]) == 0
    assert count(database, schema.TRANSACTIONS) == 6


def test_half_a_load_is_not_forgotten(
    tmp_path: Path, database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    half = {"_id": "sha256:x", "sha256": "x", "status": "stopped", "invented": False, "description": "big.csv"}
    half |= {"id_scheme": schema.ID_SCHEME}
    database[schema.LOADS].insert_one(half)
    assert main(["synthetic", "--rows", "1000"]) == 75
    assert "big.csv" in capsys.readouterr().err
    assert main(["load", str(csv_file(tmp_path, ROWS))]) == 0
    assert "NOTE: another load is unfinished" in capsys.readouterr().out


def test_a_load_of_which_nothing_can_be_understood_leaves_no_record(
    tmp_path: Path, database: Database[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["load", str(csv_file(tmp_path, ROWS[-1:]))]) == 65
    assert "Quantity_unreadable 1" in capsys.readouterr().err
    assert count(database, schema.LOADS) == 0
    assert main(["synthetic", "--rows", "1000"]) == 0


def test_a_journal_that_fails_is_no_success(database: Database[dict[str, Any]], tmp_path: Path) -> None:
    error = {"code": 91, "errmsg": "shutting down"}
    point: dict[str, Any] = {"mode": {"times": 1}, "data": {"failCommands": ["insert"], "writeConcernError": error}}
    try:
        database.client.admin.command("configureFailPoint", "failCommand", **point)
    except pymongo.errors.OperationFailure:
        pytest.skip("this server has no fail points: our own mongod of the test has")
    assert main(["load", str(csv_file(tmp_path, ROWS))]) == 1
    assert database[schema.LOADS].count_documents({"status": "finished"}) == 0


@pytest.mark.parametrize(
    "arguments", [["synthetic", "--seed", "-1"], ["synthetic", "--rows", "0"], ["load"], ["synthetic", "--rows", "x"]]
)
def test_a_wrong_word_on_the_command_line_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


def test_a_file_that_cannot_be_written_ends_with_73() -> None:
    assert main(["synthetic", "--rows", "10", "--to", "/nonexistent/lines.csv"]) == 73


@pytest.mark.parametrize("uri", ["mongodb://user:password@host:99999/", "http://host", "mongodb://"])
def test_an_address_that_is_none_ends_with_78_and_without_the_password(
    uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONGO_URI", uri)
    assert main(["synthetic", "--rows", "10"]) == 78
    assert "password" not in capsys.readouterr().err

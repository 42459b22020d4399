"""A load that was interrupted: it goes on where it was, accounts for all of it, and what it left is made fresh."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

import seeder.store
from embedded_mongod import free_port, start_mongod
from retention.errors import RetentionError
from retention.store import disk, schema
from seeder.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    from embedded_mongod import Mongod

Documents = dict[str, Any]
HEADER = ",".join(schema.LINE_FIELDS)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, mongo_uri: str, database_name: str) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    monkeypatch.setenv("DB_NAME", database_name)
    monkeypatch.setenv("MONGO_WAIT_S", "5")


@pytest.fixture
def own_mongod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Mongod]]:
    """A server that the test may kill; the last of the list is stopped at the end."""
    servers = [start_mongod(tmp_path / "data", port=free_port(), auth=False)]
    monkeypatch.setenv("MONGO_URI", servers[0].uri)
    yield servers
    servers[-1].process.kill()
    servers[-1].process.wait()


def csv_file(tmp_path: Path, rows: range, name: str = "lines.csv") -> Path:
    lines = [f"{row // 10},A{row},THING,1,2011-01-02 08:00,2.5,{12347 + row // 50},France" for row in rows]
    path = tmp_path / name
    path.write_text("\n".join([HEADER, *lines]))
    return path


def in_the_background(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "seeder", "load", str(path), "--chunk-rows", "200"]
    return subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def record(database: Database[Documents]) -> Documents:
    found = database[schema.LOADS].find_one(sort=[("started_at", -1)])
    assert found is not None
    return found


def wait_for_rows(database: Database[Documents], rows: int, process: subprocess.Popen[str]) -> None:
    while database[schema.TRANSACTIONS].estimated_document_count() < rows:
        assert process.poll() is None, "it ended before its rows came in"
        time.sleep(0.005)


@pytest.mark.drill
def test_a_killed_load_goes_on_and_its_ledger_is_of_all_of_it(
    tmp_path: Path, database: Database[Documents], capsys: pytest.CaptureFixture[str]
) -> None:
    path = csv_file(tmp_path, range(40_000))
    process = in_the_background(path)
    wait_for_rows(database, 2_000, process)
    process.kill()
    process.communicate()
    time.sleep(0.5)  # what was sent before the kill is still carried out
    done = record(database)["ledger"]["read"]
    assert 0 < done < 40_000
    # Its rows are journaled already: not one of them is sent, or asked for, again.
    database[schema.TRANSACTIONS].delete_many({"StockCode": {"$in": [f"A{row}" for row in range(done)]}})
    assert main(["load", str(path)]) == 0
    assert f"{done:,} rows were done before it was stopped" in capsys.readouterr().out
    assert database[schema.TRANSACTIONS].count_documents({}) == 40_000 - done
    finished = record(database)
    assert finished["read"] == 40_000
    # At most the chunk after the checkpoint, and the one that was read meanwhile, had been inserted and not counted.
    assert finished["already_there"] in (0, 200)
    assert "ledger" not in finished
    assert "dirty" not in finished


@pytest.mark.drill
def test_sigterm_leaves_a_checkpoint_that_equals_the_rows(tmp_path: Path, database: Database[Documents]) -> None:
    process = in_the_background(csv_file(tmp_path, range(40_000)))
    wait_for_rows(database, 1, process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5)
    assert process.returncode == 143
    assert record(database)["ledger"]["read"] == database[schema.TRANSACTIONS].count_documents({})


def test_rows_of_a_load_that_never_ended_are_made_fresh_by_the_next_start(
    tmp_path: Path, database: Database[Documents], capsys: pytest.CaptureFixture[str]
) -> None:
    finished = csv_file(tmp_path, range(50), "first.csv")
    assert main(["load", str(finished)]) == 0
    process = in_the_background(csv_file(tmp_path, range(40_000), "second.csv"))
    wait_for_rows(database, 1_000, process)
    process.terminate()
    process.communicate()
    assert database[schema.CUSTOMERS].count_documents({}) == 1
    assert main(["load", str(finished)]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert database[schema.CUSTOMERS].count_documents({}) == len(database[schema.TRANSACTIONS].distinct("CustomerID"))
    assert database[schema.LOADS].count_documents({"dirty": True}) == 0
    assert database[schema.LOADS].count_documents({"status": "stopped"}) == 1


def test_what_an_older_version_derived_is_derived_again_by_a_load_that_brings_nothing(
    tmp_path: Path, database: Database[Documents], capsys: pytest.CaptureFixture[str]
) -> None:
    file = csv_file(tmp_path, range(50))
    assert main(["load", str(file)]) == 0
    fresh = database[schema.CUSTOMERS].find_one({}, {"revision": 0})
    database[schema.CUSTOMERS].update_many({}, {"$unset": {"definition": "", "active_months": "", "month": ""}})
    assert main(["load", str(file)]) == 0
    assert "another version derived orders or customers" in capsys.readouterr().out
    assert database[schema.CUSTOMERS].find_one({}, {"revision": 0}) == fresh
    assert main(["load", str(file)]) == 0
    assert "another version" not in capsys.readouterr().out


def test_a_small_load_touches_what_it_brings_and_the_result_is_that_of_everything(
    tmp_path: Path, database: Database[Documents]
) -> None:
    assert main(["load", str(csv_file(tmp_path, range(5_000)))]) == 0
    more = csv_file(tmp_path, range(4_900, 5_100), "more.csv")
    assert main(["load", str(more)]) == 0
    without = {"revision": 0}
    fresh = [list(database[name].find({}, without, sort=[("_id", 1)])) for name in (schema.ORDERS, schema.CUSTOMERS)]
    numbers = database[schema.CUSTOMERS].distinct("revision")
    assert len(numbers) == 2  # of everybody, and of whom the second load touched
    with seeder.store.open_store(os.environ["MONGO_URI"], database.name, wait_s=5, waiting=print) as store:
        store.refresh(None)
    again = [list(database[name].find({}, without, sort=[("_id", 1)])) for name in (schema.ORDERS, schema.CUSTOMERS)]
    assert fresh == again


@pytest.mark.drill
def test_a_server_that_is_killed_and_comes_back_costs_nothing(
    tmp_path: Path, own_mongod: list[Mongod], database_name: str
) -> None:
    process = in_the_background(csv_file(tmp_path, range(120_000)))
    port = int(own_mongod[0].host.rpartition(":")[2])
    with pymongo.MongoClient[Documents](own_mongod[0].uri, tz_aware=True) as client:
        database = client[database_name]
        wait_for_rows(database, 2_000, process)
        own_mongod[0].process.kill()
        own_mongod[0].process.wait()
        own_mongod.append(start_mongod(tmp_path / "data", port=port, auth=False))
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert "MongoDB went away; waiting" in errors
        assert database[schema.TRANSACTIONS].count_documents({}) == 120_000
        finished = record(database)
        assert (finished["read"], finished["inserted"], finished["already_there"]) == (120_000, 120_000, 0)


@pytest.mark.drill
def test_a_server_that_stays_away_ends_the_load_with_69(
    tmp_path: Path, own_mongod: list[Mongod], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeder.store, "OUTAGE_S", 1)
    monkeypatch.setattr(seeder.store, "CHUNK_TIMEOUT_S", 1)
    insert = seeder.store.Store.insert

    def kill_first(self: seeder.store.Store, documents: list[bytes]) -> int:
        own_mongod[0].process.kill()
        own_mongod[0].process.wait()
        return insert(self, documents)

    monkeypatch.setattr(seeder.store.Store, "insert", kill_first)
    assert main(["load", str(csv_file(tmp_path, range(50)))]) == 69


def test_a_disk_that_is_nearly_full_is_refused_before_the_first_row(
    tmp_path: Path, database: Database[Documents], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(disk, "GIB", 1 << 60)
    assert main(["load", str(csv_file(tmp_path, range(50)))]) == 73
    assert "MongoDB's disk has" in capsys.readouterr().err
    assert database[schema.TRANSACTIONS].count_documents({}) == 0


def test_lines_whose_ids_were_made_in_another_way_are_not_joined(
    tmp_path: Path, database: Database[Documents], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["load", str(csv_file(tmp_path, range(50)))]) == 0
    database[schema.LOADS].update_one({}, {"$set": {"id_scheme": "seconds+blake2b64/1"}})
    more = csv_file(tmp_path, range(60), "more.csv")
    assert main(["load", str(more)]) == 65
    assert "--drop" in capsys.readouterr().err
    assert database[schema.LOADS].count_documents({}) == 1
    assert main(["load", "--drop", str(more)]) == 0
    assert database[schema.TRANSACTIONS].count_documents({}) == 60


def test_what_stands_behind_a_chunk_that_failed_waits_for_it(
    tmp_path: Path, database: Database[Documents], monkeypatch: pytest.MonkeyPatch
) -> None:
    insert, calls = seeder.store.Store.insert, iter(range(1_000))

    def fail_once(self: seeder.store.Store, documents: list[bytes]) -> int:
        if next(calls) == 3:
            raise RetentionError("a moment without disk space")
        return insert(self, documents)

    path = csv_file(tmp_path, range(100))
    monkeypatch.setattr(seeder.store.Store, "insert", fail_once)
    assert main(["load", str(path), "--chunk-rows", "10"]) == 1
    assert record(database)["ledger"]["read"] == 30
    assert main(["load", str(path), "--chunk-rows", "10"]) == 0
    assert database[schema.TRANSACTIONS].count_documents({}) == 100
    assert record(database)["inserted"] == 100


def test_a_load_killed_before_its_first_checkpoint_leaves_nothing_stale(
    tmp_path: Path, database: Database[Documents], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["load", str(csv_file(tmp_path, range(50)))]) == 0
    more = csv_file(tmp_path, range(40, 60), "more.csv")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(seeder.store.Store, "checkpoint", killed)
        assert main(["load", str(more)]) == 130
    assert main(["load", str(more)]) == 0
    orders = database[schema.ORDERS].count_documents({"_id.kind": "order"})
    assert orders == len(database[schema.TRANSACTIONS].distinct("InvoiceNo"))


def test_the_same_file_in_another_calendar_is_another_load(
    tmp_path: Path, database: Database[Documents], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lines.csv"
    path.write_text(f"{HEADER}\n1,A,THING,1,02-03-2011 08:00,2.5,12347,France")
    assert main(["load", str(path), "--dates", "dmy"]) == 0
    assert main(["load", str(path), "--dates", "mdy"]) == 65
    assert "loaded before with dates dmy" in capsys.readouterr().err
    assert main(["load", str(path), "--dates", "mdy", "--drop"]) == 0
    (line,) = database[schema.TRANSACTIONS].find()
    assert (line["InvoiceDate"].month, line["InvoiceDate"].day) == (2, 3)


def test_who_is_refused_leaves_the_records_as_they_were(tmp_path: Path, database: Database[Documents]) -> None:
    path = csv_file(tmp_path, range(50))
    assert main(["load", str(path)]) == 0
    finished = record(database)
    now = {"active_at": True, "claimed_at": True}
    other = {"status": "loading", "description": "other.csv", "invented": False, "id_scheme": schema.ID_SCHEME}
    database[schema.LOADS].update_one({"_id": "sha256:y"}, {"$set": other, "$currentDate": now}, upsert=True)
    assert main(["load", str(path), "--drop"]) == 75
    assert database[schema.LOADS].find_one({"_id": finished["_id"]}) == finished

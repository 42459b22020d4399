"""A load that is stopped, a server that is not there or refuses, another time zone: nothing is lost, nothing hangs."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from drills.contents import contents, differences
from drills.seeding import Input, invented_input, running, start_seeder
from drills.server import Server, serving

from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("network")]

PASSWORD = "kept-out-of-every-message"
CLOCKS_CHANGE = ["13-03-2011 02:30", "06-11-2011 01:30", "27-03-2011 01:30", "30-10-2011 01:30"]  # in New York, London


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "mongo") as one:
        yield one


@pytest.fixture
def lines(tmp_path: Path) -> Input:
    return invented_input(tmp_path, 60_000, 500)


def load(database: Database[dict[str, Any]]) -> dict[str, Any]:
    (record,) = database[schema.LOADS].find()
    return record


def stored(database: Database[dict[str, Any]]) -> int:
    return sum(database[name].count_documents({}) for name in (schema.TRANSACTIONS, schema.QUARANTINE))


def until_more_than(database: Database[dict[str, Any]], rows: int, process: subprocess.Popen[bytes]) -> None:
    while database[schema.TRANSACTIONS].estimated_document_count() <= rows:
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.003)


def run_seeder(server: Server, db_name: str, lines: Input, **environ: str) -> None:
    with running(start_seeder(server.uri, db_name, lines.arguments, environ=environ)) as process:
        assert process.wait(60) == 0


def line_inserts(database: Database[dict[str, Any]]) -> int:
    """Return how often the storage engine was asked to insert a line since the server began."""
    calls: int = database.command("collStats", schema.TRANSACTIONS)["wiredTiger"]["cursor"]["insert calls"]
    return calls


def test_sigterm_ends_with_143_and_the_checkpoint_says_what_is_there(server: Server, lines: Input) -> None:
    database = server.client["stopped"]
    for at_least in (0, 15_000, 30_000):
        with running(start_seeder(server.uri, "stopped", lines.arguments)) as process:
            until_more_than(database, at_least, process)
            process.terminate()
            assert process.wait(timeout=5) == 143
        record = load(database)
        assert record["status"] == "stopped"
        assert record["ledger"]["read"] == stored(database)
    run_seeder(server, "stopped", lines)
    run_seeder(server, "once", lines)
    assert not differences(contents(database), contents(server.client["once"]))
    assert load(database)["already_there"] == 0


def test_a_rerun_inserts_nothing_that_the_checkpoint_covers(server: Server, lines: Input) -> None:
    database = server.client["killed"]
    with running(start_seeder(server.uri, "killed", lines.arguments)) as process:
        until_more_than(database, 20_000, process)
        process.kill()
        process.wait()
    checkpoint, before = load(database)["ledger"], line_inserts(database)
    assert 0 <= stored(database) - checkpoint["read"] <= lines.chunk_rows
    run_seeder(server, "killed", lines)
    assert line_inserts(database) - before <= lines.rows - checkpoint["read"]
    assert load(database)["already_there"] <= lines.chunk_rows


def test_a_server_that_comes_late_is_waited_for(tmp_path: Path, lines: Input) -> None:
    server = Server(tmp_path / "late")
    process = start_seeder(server.uri, "late", lines.arguments, stderr=subprocess.PIPE)
    with running(process):
        assert process.stderr is not None
        assert b"waiting for MongoDB" in process.stderr.readline()
        try:
            server.start()
            assert process.wait(60) == 0
            assert stored(server.client["late"]) == lines.rows
        finally:
            server.client.close()
            server.stop()


def test_a_server_that_never_comes_ends_the_wait_with_69(tmp_path: Path, lines: Input) -> None:
    never = Server(tmp_path / "never")
    environ = {"MONGO_WAIT_S": "1"}
    process = start_seeder(never.uri, "never", lines.arguments, environ=environ, stderr=subprocess.PIPE)
    with running(process):
        _, said = process.communicate(timeout=30)
    assert process.returncode == 69
    assert "does not answer after 1 s" in said.decode().splitlines()[-1]


def test_a_wrong_password_is_not_waited_out_and_not_printed(tmp_path: Path, lines: Input) -> None:
    with serving(tmp_path / "guarded", auth=True) as server:
        server.client.admin.command("createUser", "seeder", pwd="another", roles=["root"])  # nobody is there yet
        uri = server.uri.replace("//", f"//seeder:{PASSWORD}@")
        process = start_seeder(uri, "guarded", lines.arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with running(process):
            printed, said = process.communicate(timeout=30)  # it would wait for 60 s
    assert process.returncode == 77
    assert len(said.splitlines()) == 1
    assert PASSWORD.encode() not in printed + said


def test_another_time_zone_makes_the_same_documents_to_the_byte(server: Server, lines: Input) -> None:
    with lines.file.open("a", encoding="utf-8", newline="") as file:
        file.writelines(f"9{n},A,THING,1,{date},2.5,12347,France\r\n" for n, date in enumerate(CLOCKS_CHANGE))
    run_seeder(server, "utc", lines, TZ="UTC")
    run_seeder(server, "new_york", lines, TZ="America/New_York")
    found, expected = contents(server.client["new_york"]), contents(server.client["utc"])
    assert server.client["utc"][schema.TRANSACTIONS].count_documents({"InvoiceNo": {"$regex": "^9.$"}}) == 4
    assert not differences(found, expected)
    assert found.ledger == expected.ledger

"""The records of files and requests, on a real MongoDB: one writer at a time, and a dead one is not forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from retention.errors import LockedError, UnavailableError
from retention.store import clearing, schema
from retention.store.file_loads import File, FileLoads
from retention.store.ledger import Ledger
from retention.store.loads import SILENT_S
from retention.store.request_loads import KEPT, Request, RequestLoads

if TYPE_CHECKING:
    from pymongo.database import Database

    Db = Database[dict[str, Any]]

AT = datetime(2012, 1, 1, tzinfo=UTC)
FILE = File("sha256:aa", "a.csv", 10, "a.csv, 1 row", "ymd", invented=False)
OTHER = File("sha256:bb", "b.csv", 10, "b.csv, 1 row", "ymd", invented=False)
REQUEST = Request("request:k", "body", 10, 1, AT)
TOUCHED = {(7, "1")}


def silence(database: Db, load_id: str, seconds: float = SILENT_S + 5) -> None:
    """Let the writer of this record have been silent for so long."""
    change = [{"$set": {"active_at": {"$subtract": ["$$NOW", int(seconds * 1000)]}}}]
    database[schema.LOADS].update_one({"_id": load_id}, change)


def record(database: Db, load_id: str) -> dict[str, Any]:
    return database[schema.LOADS].find_one({"_id": load_id}) or {}


def requests(database: Db, process: str = "ours") -> RequestLoads:
    return RequestLoads(database, process)


def claimed(loads: RequestLoads, request: Request = REQUEST, duplicate: int = 0) -> Any:
    return loads.claim(request, touched=TOUCHED, duplicate=duplicate, invented=False)


def test_one_file_is_loaded_at_a_time_until_its_writer_is_silent(database: Db) -> None:
    loads = FileLoads(database)
    with loads.claim(FILE, AT) as was_dirty:
        assert not was_dirty
        with pytest.raises(LockedError, match=r"another load is under way \(a.csv, 1 row\)"), loads.claim(OTHER, AT):
            pass
        assert record(database, OTHER.load_id) == {}
        silence(database, FILE.load_id)
        with loads.claim(OTHER, AT):
            assert loads.dirty(besides=OTHER.load_id) == [FILE.load_id]


def test_a_load_that_is_interrupted_is_stopped_and_dirty_and_goes_on_at_its_checkpoint(database: Db) -> None:
    loads, ledger = FileLoads(database), Ledger(inserted=3, already_there=1)

    def interrupted() -> None:
        with loads.claim(FILE, AT):
            loads.checkpoint(FILE.load_id, ledger)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (record(database, FILE.load_id)["status"], loads.account(FILE.load_id)) == ("stopped", ledger)
    with loads.claim(FILE, AT) as was_dirty:
        assert was_dirty


def test_a_finished_load_is_known_by_its_account_and_is_clean(database: Db) -> None:
    loads = FileLoads(database)
    with loads.claim(FILE, AT):
        loads.checkpoint(FILE.load_id, Ledger(inserted=1))
        loads.finish(FILE.load_id, Ledger(inserted=2), AT)
    finished = loads.finished(FILE.load_id) or {}
    assert (finished["read"], finished["finished_at"], finished["sha256"]) == (2, AT, "aa")
    assert not {"dirty", "ledger"} & finished.keys()
    assert (loads.dates(FILE.load_id), loads.unfinished(besides="")) == ("ymd", [])


def test_a_load_whose_record_was_taken_away_is_not_finished(database: Db) -> None:
    with pytest.raises(LockedError, match="run the same command again"):
        FileLoads(database).finish(FILE.load_id, Ledger(), AT)


def test_a_request_is_worked_on_once_and_then_has_its_answer(database: Db) -> None:
    loads = requests(database)
    assert claimed(loads, duplicate=1)["duplicate"] == 1
    assert claimed(requests(database, "another")) is None
    assert loads.finish(REQUEST, Ledger(inserted=1), {"rows_in": 1})
    assert claimed(requests(database, "another"))["answer"] == {"rows_in": 1}
    kept = record(database, REQUEST.load_id)
    assert (kept["finished_at"], kept["expires_at"], kept["inserted"]) == (AT, AT + KEPT, 1)
    assert not {"dirty", "touched", "claimed_by", "duplicate"} & kept.keys()


def test_lines_that_brought_nothing_make_no_data_fresh(database: Db) -> None:
    loads = requests(database)
    claimed(loads)
    loads.finish(REQUEST, Ledger(already_there=1), {})
    assert "finished_at" not in record(database, REQUEST.load_id)


@pytest.mark.parametrize("gone", ["silent", "of this process", "stopped"])
def test_a_request_whose_writer_is_gone_is_claimed_again_with_its_first_count(database: Db, gone: str) -> None:
    claimed(requests(database, "another"), duplicate=3)
    if gone == "silent":
        silence(database, REQUEST.load_id)
    if gone == "stopped":
        FileLoads(database).mark_stopped()
    process = "another" if gone == "of this process" else "ours"
    assert claimed(requests(database, process), duplicate=9)["duplicate"] == 3


def test_another_body_under_the_same_id_is_seen_and_not_claimed(database: Db) -> None:
    claimed(requests(database, "another"))
    silence(database, REQUEST.load_id)
    before = record(database, REQUEST.load_id)
    assert claimed(requests(database), REQUEST._replace(body_sha256="other"))["body_sha256"] == "body"
    assert record(database, REQUEST.load_id) == before


def test_a_request_whose_record_was_taken_away_is_not_finished(database: Db) -> None:
    assert not requests(database).finish(REQUEST, Ledger(), {})


def test_only_requests_whose_process_is_gone_are_healed(database: Db) -> None:
    loads = requests(database)
    claimed(loads)
    assert loads.died(besides=[]) == []
    silence(database, REQUEST.load_id)
    (died,) = loads.died(besides=[])
    assert (loads.touched(died), loads.died(besides=[REQUEST.load_id])) == (TOUCHED, [])
    loads.healed(died)
    healed = record(database, REQUEST.load_id)
    assert (healed["status"], healed["expires_at"], "dirty" in healed) == ("stopped", AT + KEPT, False)


def test_a_request_that_was_claimed_again_meanwhile_stays_dirty(database: Db) -> None:
    loads = requests(database)
    claimed(loads)
    silence(database, REQUEST.load_id)
    (died,) = loads.died(besides=[])
    database[schema.LOADS].update_one({"_id": REQUEST.load_id}, {"$set": {"claimed_at": AT}})
    loads.healed(died)
    assert record(database, REQUEST.load_id)["dirty"]


@pytest.mark.parametrize("load_id", [FILE.load_id, "request:old"])
def test_ids_of_another_scheme_are_noticed(database: Db, load_id: str) -> None:
    loads = requests(database)
    database[schema.LOADS].insert_one({"_id": load_id, "invented": True, "id_scheme": "older/1"})
    assert loads.beside_invented() is None
    database[schema.LOADS].update_one({"_id": load_id}, {"$set": {"id_scheme": schema.ID_SCHEME}})
    assert loads.beside_invented() is load_id.startswith("sha256:")


def test_everything_is_cleared_but_the_record_of_the_load_and_the_numbers(database: Db) -> None:
    loads = FileLoads(database)
    with loads.claim(OTHER, AT):
        loads.finish(OTHER.load_id, Ledger(inserted=1), AT)
    for collection in schema.COLLECTIONS:
        database[collection].insert_one({"_id": "some"})
    database[schema.CLOCK].insert_one({"_id": schema.REFRESH_ID, "revision": 7, "as_of": AT})
    before = clearing.times_cleared(database)
    with loads.claim(FILE, AT):
        clearing.clear(database, loads, FILE.load_id)
        with pytest.raises(UnavailableError, match="send it again"):
            clearing.times_cleared(database)
        clearing.admit_requests(database)
    assert clearing.times_cleared(database) == before + 1
    with pytest.raises(UnavailableError):
        clearing.times_cleared(database, known=before)
    assert [each["_id"] for each in database[schema.LOADS].find()] == [FILE.load_id]
    assert list(database[schema.CLOCK].find({}, {"clearing": 0, "cleared": 0})) == [
        {"_id": schema.REFRESH_ID, "revision": 7}
    ]
    assert sum(database[name].count_documents({}) for name in (schema.TRANSACTIONS, schema.CUSTOMERS)) == 0

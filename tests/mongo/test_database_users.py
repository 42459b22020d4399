"""Each user of the database and each operation, on a real mongod that asks for passwords: what is allowed, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from e2e.database_probe import collection_commands, probe
from e2e.database_users import ALLOWED, COLLECTIONS, DATABASES, allowed
from guarded import guarded_server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("network")

DONE, UNAUTHORIZED, AUTHENTICATION_FAILED = 0, 13, 18


@pytest.fixture(scope="module")
def uris(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The address for each user, of a server whose users were made as those of the containers are."""
    with guarded_server(tmp_path_factory.mktemp("users")) as addresses:
        yield addresses


@pytest.fixture(scope="module")
def probed(uris: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What each user was told, the data being there."""
    with pymongo.MongoClient[dict[str, Any]](uris["seeder"]) as client:
        client["retention"]["transactions"].insert_one({})
    return {user: probe(uris[user], "retention", COLLECTIONS) for user in ALLOWED}


@pytest.mark.parametrize("user", ALLOWED)
def test_a_user_may_do_its_work_and_nothing_else(probed: dict[str, dict[str, Any]], user: str) -> None:
    codes = probed[user]["codes"]
    assert {operation for operation, code in codes.items() if code != UNAUTHORIZED} == allowed(user)
    print(f"{user}: {len(allowed(user))} of {len(codes)} operations")  # noqa: T201


@pytest.mark.parametrize("user", ALLOWED)
def test_a_user_sees_no_other_database_and_runs_no_script(probed: dict[str, dict[str, Any]], user: str) -> None:
    assert probed[user]["databases"] == DATABASES[user]
    # Who may read nothing is refused before that; nobody's script runs.
    wrong = {DONE} if user == "admin" else {DONE, UNAUTHORIZED}
    assert not wrong & {*probed[user]["scripts"].values()}, "the server runs no JavaScript for anybody"


def test_the_admin_manages_users_and_reads_and_changes_no_data(uris: dict[str, str]) -> None:
    with pymongo.MongoClient[dict[str, Any]](uris["admin"]) as client:
        for name in COLLECTIONS:
            for operation, command in collection_commands(name).items():
                with pytest.raises(pymongo.errors.OperationFailure) as refused:
                    client["retention"].command(command)
                assert refused.value.code == UNAUTHORIZED, f"{name} {operation}"


def test_nobody_gets_nothing(uris: dict[str, str]) -> None:
    probed = probe(f"mongodb://{uris['seeder'].rpartition('@')[2].partition('/')[0]}/", "retention", COLLECTIONS)
    assert {operation for operation, code in probed["codes"].items() if code != UNAUTHORIZED} == set()
    assert {*probed["scripts"].values()} == {UNAUTHORIZED}


@pytest.mark.parametrize("user", ALLOWED)
def test_a_wrong_password_is_refused(uris: dict[str, str], user: str) -> None:
    login, _, address = uris[user].rpartition("@")
    wrong = f"{login[:-1]}{'A' if login[-1] != 'A' else 'B'}@{address}"
    with (
        pymongo.MongoClient[dict[str, Any]](wrong) as client,
        pytest.raises(pymongo.errors.OperationFailure) as refused,
    ):
        client["retention"]["transactions"].find_one()
    assert refused.value.code == AUTHENTICATION_FAILED

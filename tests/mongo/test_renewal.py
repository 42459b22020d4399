"""New passwords, on a real mongod: killed at any point, the next run brings the database and the files together."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from guarded import TOOLS, guarded_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.drill, pytest.mark.usefixtures("network")]

AUTHENTICATION_FAILED = 18
USERS = ("admin", "seeder", "trainer", "inference")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a server that runs has its secrets, below `secrets`."""
    folder = tmp_path_factory.mktemp("renewal")
    with guarded_server(folder):
        yield folder


def _uris(secrets: Path) -> dict[str, str]:
    return {user: (secrets / user / "mongo_uri").read_text(encoding="ascii").strip() for user in USERS}


def _run(script: str, secrets: Path, *more: str) -> dict[str, Any]:
    """Run one of the scripts; return its last line of log."""
    host = _uris(secrets)["admin"].rpartition("@")[2].partition("/")[0]
    command = [sys.executable, str(TOOLS / script), "--directory", str(secrets), "--host", host, *more]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
    said: dict[str, Any] = json.loads((done.stdout + done.stderr).splitlines()[-1])
    return said


def _codes(uris: dict[str, str]) -> set[int]:
    codes = set()
    for uri in uris.values():
        with pymongo.MongoClient[dict[str, Any]](uri) as client:
            try:
                client.admin.command("ping")
                codes.add(0)
            except pymongo.errors.OperationFailure as error:
                codes.add(error.code or -1)
    return codes


@pytest.mark.parametrize("written", range(6))
def test_whatever_was_written_before_a_kill_the_users_are_made_with_it(
    folder: Path, tmp_path: Path, written: int
) -> None:
    secrets, renewed = folder / "secrets", tmp_path / "renewed"
    before = _uris(secrets)
    shutil.copytree(secrets, renewed)
    order = _run("make_secrets.py", renewed, "--renew", "passwords")["written"]
    for name in order[:written]:
        shutil.copy(renewed / name, secrets / name)
    _run("make_users.py", secrets)
    now = _uris(secrets)
    assert _codes(now) == {0}
    assert _codes({user: before[user] for user in USERS if now[user] != before[user]}) <= {AUTHENTICATION_FAILED}
    assert (now != before) == any(name.endswith("/mongo_uri") for name in order[:written])


def test_a_key_alone_is_renewed_for_whoever_has_it(folder: Path) -> None:
    secrets = folder / "secrets"
    uris = _uris(secrets)
    written = _run("make_secrets.py", secrets, "--renew", "signing-key")["written"]
    keys = [(secrets / service / "model_signing_key").read_bytes() for service in ("trainer", "inference")]
    assert written == ["trainer/model_signing_key", "inference/model_signing_key"]
    assert keys[0] == keys[1]
    assert _run("make_secrets.py", secrets, "--renew", "id-hash-key")["written"] == ["inference/id_hash_key"]
    assert _uris(secrets) == uris


# Writes that are held


def _holder(folder: Path, *more: str) -> subprocess.Popen[str]:
    file = folder / "secrets/admin/mongo_uri"
    command = [sys.executable, str(TOOLS / "hold_writes.py"), "--uri-file", str(file), *more]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


def _write(folder: Path) -> float:
    """Write a line and read it; return the seconds of the write."""
    with pymongo.MongoClient[dict[str, Any]](_uris(folder / "secrets")["seeder"]) as client:
        lines, begun = client["retention"]["transactions"], time.monotonic()
        lines.insert_one({"_id": begun})
        return time.monotonic() - begun


def _read(folder: Path) -> None:
    with pymongo.MongoClient[dict[str, Any]](_uris(folder / "secrets")["seeder"]) as client:
        client["retention"]["transactions"].find_one()


def test_writes_wait_and_reads_do_not_until_the_input_ends(folder: Path) -> None:
    with _holder(folder) as holder, ThreadPoolExecutor(1) as thread:
        written = thread.submit(_write, folder)
        time.sleep(0.5)
        _read(folder)
        assert not written.done()
        holder.communicate()
        assert written.result(timeout=5) >= 0.5
    assert holder.returncode == 0


def test_writes_are_let_go_after_a_while_and_the_copy_is_called_no_good(folder: Path) -> None:
    with _holder(folder, "--at-most", "0.5") as holder:
        _write(folder)
        assert holder.wait(timeout=5) == os.EX_TEMPFAIL


def test_a_request_to_end_lets_the_writes_go(folder: Path) -> None:
    with _holder(folder) as holder:
        holder.terminate()
        assert holder.wait(timeout=5) == os.EX_TEMPFAIL
    _write(folder)


def test_the_next_run_lets_go_what_a_killed_one_has_left(folder: Path) -> None:
    with _holder(folder) as killed:
        killed.kill()
    with ThreadPoolExecutor(1) as thread:
        written = thread.submit(_write, folder)
        time.sleep(0.3)
        assert not written.done()
        with _holder(folder) as holder:
            holder.communicate()
        written.result(timeout=5)

"""A machine that is kept: backups while it serves, restored on an empty one too; new secrets. Run by scripts/e2e."""

from __future__ import annotations

import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import httpx
import pytest
from e2e.deploying import Origin, Visitors, free_port, run
from e2e.keeping import Kept

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

if "COMPOSE_PROJECT_NAME" not in os.environ:
    pytest.skip("needs a Docker engine: scripts/e2e runs it", allow_module_level=True)

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

FAILED, CLOSED = 65, 18  # an exit code, and MongoDB's AuthenticationFailed


@pytest.fixture(scope="module")
def machine() -> Iterator[Kept]:
    """A machine that serves its first release."""
    os.environ.setdefault("VM_SSH_CONFIG", "none: root is here")
    with TemporaryDirectory(prefix="retention-upkeep-") as folder:
        origin = Origin(Path(folder))
        machine = Kept(Path(folder), origin, free_port())
        try:
            machine.script("deploy.sh", origin.first)
            yield machine
        finally:
            machine.gone()


@pytest.fixture(scope="module")
def post(machine: Kept) -> Callable[[int], int]:
    """Post a line of a customer of that number; return the status, 0 when there was no answer in 10 s."""
    headers = {"X-API-Key": machine.may_write()}
    time.sleep(1.5)  # keys are read anew within a second

    def posted(customer: int) -> int:
        line = {"InvoiceNo": f"kept-{customer}", "StockCode": "A", "Quantity": 2, "UnitPrice": 1.5}
        body = [{**line, "InvoiceDate": "2011-12-01", "CustomerID": customer}]
        try:
            return httpx.post(f"{machine.url}/transactions", headers=headers, json=body, timeout=10).status_code
        except httpx.TransportError:
            return 0

    return posted


def _at(under_way: subprocess.Popen[str], step: str) -> None:
    assert under_way.stdout
    assert any(f"step: {step}" in line for line in under_way.stdout), f"it never came to '{step}'"


def _until(holds: Callable[[], bool], *, within_s: float, look_again_s: float = 0.2) -> bool:
    deadline = time.monotonic() + within_s
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(look_again_s)
    return held


def _stopped_at(under_way: subprocess.Popen[str], step: str, *, once: Callable[[], bool] = lambda: True) -> None:
    _at(under_way, step)
    assert _until(once, within_s=5, look_again_s=0.01)
    os.killpg(under_way.pid, signal.SIGSTOP)


# Backup


def test_reads_go_on_while_a_backup_holds_the_writes_and_those_wait(machine: Kept, post: Callable[[int], int]) -> None:
    under_way = machine.begun("backup.sh")
    _stopped_at(under_way, "copy")
    with ThreadPoolExecutor(1) as thread:
        posted = thread.submit(post, 910_000_001)
        assert machine.predicts()
        time.sleep(1)
        assert machine.predicts()
        gone_through = posted.done() and posted.result() != httpx.codes.SERVICE_UNAVAILABLE
        os.killpg(under_way.pid, signal.SIGCONT)
        said, _ = under_way.communicate()
        status = posted.result()
    print(f"{said}the post: {status}")  # noqa: T201
    assert under_way.returncode == 0, said
    assert not gone_through
    assert status in {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}
    assert post(910_000_001) == httpx.codes.OK


@pytest.mark.parametrize(
    ("whom", "step"),
    [
        ("the script alone", "copy"),
        ("all its processes", "copy"),
        ("what holds the writes", "copy"),
        ("all its processes", "pack"),
    ],
)
def test_a_killed_backup_leaves_no_lock_and_no_half_archive(
    machine: Kept, post: Callable[[int], int], whom: str, step: str
) -> None:
    before = machine.archives()
    under_way = machine.begun("backup.sh")
    _stopped_at(under_way, step, once=lambda: step == "copy" or machine.archives() > before)
    if whom == "the script alone":
        under_way.kill()
    elif whom == "all its processes":
        os.killpg(under_way.pid, signal.SIGKILL)
    else:
        run("docker", "kill", "--signal", "KILL", f"{machine.project}-hold-writes")
    os.killpg(under_way.pid, signal.SIGCONT)
    said, _ = under_way.communicate()
    assert under_way.returncode == (FAILED if whom == "what holds the writes" else -signal.SIGKILL), said
    assert _until(lambda: post(910_000_002) == httpx.codes.OK, within_s=5)
    assert {path for path in machine.archives() - before if path.name.endswith(".tar.gz")} == set()


def test_writes_that_are_held_too_long_are_let_go_and_nothing_is_kept(
    machine: Kept, post: Callable[[int], int]
) -> None:
    before = machine.archives()
    under_way = machine.begun("backup.sh", HOLD_AT_MOST_S="2")
    _stopped_at(under_way, "copy")
    assert _until(lambda: post(910_000_003) == httpx.codes.OK, within_s=5)
    os.killpg(under_way.pid, signal.SIGCONT)
    said, _ = under_way.communicate()
    assert under_way.returncode == FAILED, said
    assert machine.archives() <= before


def test_the_last_seven_are_kept_and_root_alone_reads_them(machine: Kept) -> None:
    for day in range(10, 19):
        (machine.home / f"backups/202001{day}T031700Z.tar.gz").touch()
    machine.script("backup.sh")
    kept = sorted(machine.archives())
    assert len(kept) == 7
    assert (kept[-1].stat().st_mode & 0o777, kept[-1].stat().st_uid) == (0o600, 0)
    assert str(kept[-1]) in (machine.home / "log/backups").read_text(encoding="ascii").splitlines()[-1]


# Restore


@pytest.mark.parametrize("onto", ["this machine", "an empty one"])
def test_a_restore_brings_back_every_document_and_every_answer(
    machine: Kept, post: Callable[[int], int], tmp_path: Path, onto: str
) -> None:
    assert post(910_000_004) == httpx.codes.OK
    archive = tmp_path / "kept.tar.gz"
    machine.script("backup.sh", archive)
    digests, answers, secrets = machine.digests(), machine.answers(), machine.secrets()
    assert digests["transactions"][0] > 39_000
    assert machine.predicts()
    assert post(910_000_005) == httpx.codes.OK
    serves = machine.serves()
    if onto == "an empty one":
        machine.gone()
        for folder in ("keys", "secrets", "releases", "backups"):
            shutil.rmtree(machine.home / folder)
            (machine.home / folder).mkdir()
    else:
        under_way = machine.begun("restore.sh", archive)
        _at(under_way, "replace")
        os.killpg(under_way.pid, signal.SIGKILL)
        under_way.communicate()

    begun = time.monotonic()
    said = machine.script("restore.sh", archive)
    took_s = time.monotonic() - begun
    print(f"onto {onto}: {took_s:.0f} s, {digests}")  # noqa: T201
    assert machine.serves() == serves, said
    assert machine.digests() == digests
    assert machine.secrets() == secrets
    assert machine.answers() == answers
    assert took_s <= 600
    assert post(910_000_006) == httpx.codes.OK


def test_half_an_archive_changes_nothing(machine: Kept, tmp_path: Path) -> None:
    half = tmp_path / "half.tar.gz"
    machine.script("backup.sh", half)
    os.truncate(half, half.stat().st_size // 2)
    under_way = machine.begun("restore.sh", half)
    said, _ = under_way.communicate()
    assert under_way.returncode == FAILED, said
    assert "nothing was changed" in said
    assert machine.predicts()


# New secrets


def test_new_passwords_are_taken_and_the_old_ones_refused_while_it_serves(machine: Kept) -> None:
    old, answers = machine.secrets(), machine.answers()
    with Visitors(machine.url, machine.key) as visitors:
        machine.script("rotate.sh", "passwords")
    print(f"{len(visitors.failures)} of {visitors.sent} failed, the slowest {visitors.slowest_s:.1f} s")  # noqa: T201
    new = machine.secrets()
    assert machine.logins(old) == {CLOSED}
    assert machine.logins(new) == {0}
    assert not visitors.failures, visitors.failures[:5]
    assert visitors.slowest_s < 10
    run("docker", "restart", machine.container("mongo"))  # every connection is a new one
    assert _until(lambda: machine.answers() == answers, within_s=10)


@pytest.mark.parametrize("step", ["users", "boot"])
def test_after_a_killed_rotation_it_serves_and_the_next_one_ends_it(machine: Kept, step: str) -> None:
    old = machine.secrets()
    under_way = machine.begun("rotate.sh", "passwords")
    _at(under_way, step)
    os.killpg(under_way.pid, signal.SIGKILL)
    under_way.communicate()
    assert machine.serves()
    machine.script("rotate.sh", "passwords")
    assert machine.predicts()
    assert machine.logins(old) == {CLOSED}


def test_with_a_new_signing_key_a_new_model_answers_and_the_old_is_refused(machine: Kept) -> None:
    compose, live = machine.home / "bin/compose", "/models/live/champion"
    before = run(compose, "run", "--rm", "-T", "--entrypoint", "cat", "trainer", live).strip()
    machine.script("rotate.sh", "signing-key")
    after = run(compose, "run", "--rm", "-T", "--entrypoint", "cat", "trainer", live).strip()
    assert after != before
    assert machine.predicts()
    refused = machine.begun("compose", "run", "--rm", "-T", "trainer", "promote", before)
    said, _ = refused.communicate()
    assert refused.returncode, said

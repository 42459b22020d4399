"""A deploy that is killed, cut off, met by another, or begun on a machine that is ill. Run by scripts/e2e."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from e2e.deploying import Machine, Visitors, free_port, run
from e2e.revisions import EDGE, PAGE, Origin

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("network")]

FULL = os.environ.get("RETENTION_DRILL") == "full"
in_full = pytest.mark.skipif(not FULL, reason="RETENTION_DRILL=full")
STEPS = (
    ("fetch", "build", "tiers", "boot", "ready", "smoke", "edge", "switch", "drain", "stop", "record", "prune")
    if FULL
    else ("boot", "switch")
)
TOGETHER = 20 if FULL else 1
BUSY = 75


@pytest.mark.parametrize("step", STEPS)
def test_after_a_kill_something_serves_and_the_next_deploy_converges(
    machine: Machine, origin: Origin, visitors: Visitors, step: str
) -> None:
    before, sha = machine.serves(), origin.good()
    _kill(machine, machine.started(sha), step)
    assert machine.serves() in {before, sha}
    _converges(machine, sha)
    assert visitors.sent


@in_full
@pytest.mark.parametrize("after_s", [0.0, 1.5, 2.5])
def test_after_a_kill_before_a_page_is_read_the_next_deploy_reads_it(
    machine: Machine, origin: Origin, after_s: float
) -> None:
    before, name = machine.serves(), f"X-Kill-{after_s:.1f}".replace(".", "-")
    sha = origin.good({PAGE: ("X-Frame-Options DENY\n", f"X-Frame-Options DENY\n\t\t{name} yes\n")})
    _kill(machine, machine.started(sha), "edge", after_s)
    assert machine.serves() in {before, sha}
    _converges(machine, sha)
    assert httpx.get(f"{machine.url}/livez").headers[name] == "yes"


def test_after_a_kill_while_the_edge_is_replaced_there_is_one(machine: Machine, origin: Origin) -> None:
    before, edge = machine.serves(), machine.container("edge")
    sha = origin.good({EDGE: ("ENV XDG_CONFIG_HOME", "ENV DRILL=1 \\\n    XDG_CONFIG_HOME")})
    under_way = machine.started(sha)
    while machine.container("edge") == edge and under_way.poll() is None:
        pass
    machine.killed()
    under_way.communicate()
    assert under_way.returncode
    _until(lambda: machine.serves() in {before, sha}, 30)
    assert machine.container("edge") != edge
    _converges(machine, sha)


def test_a_lost_connection_stops_nothing(machine: Machine, origin: Origin) -> None:
    sha = origin.good()
    under_way = machine.started(sha)
    assert under_way.stdout
    assert any("step: build" in line for line in under_way.stdout)
    under_way.kill()
    under_way.communicate()
    _until(lambda: not machine.workers(), 120)
    assert machine.serves() == sha


def test_of_two_deploys_at_once_one_runs(machine: Machine, origin: Origin) -> None:
    for _ in range(TOGETHER):
        sha = origin.good()
        both = [machine.started(sha) for _ in range(2)]
        assert sorted(process.wait() for process in both) == [0, BUSY]
        for process in both:
            process.communicate()
        assert machine.serves() == sha


def test_what_was_changed_in_a_release_by_hand_is_not_deployed(machine: Machine, origin: Origin) -> None:
    sha = origin.good()
    dirty = machine.home / "releases" / sha
    (dirty / "services").mkdir(parents=True)
    (dirty / "services/Dockerfile").write_text("FROM nonsense\n", encoding="ascii")
    (machine.home / "repository/refs/heads/main.lock").touch()  # a fetch that was killed
    assert machine.deploy(sha).returncode == 0
    assert machine.serves() == sha


# A machine that is ill


def test_an_old_version_that_hangs_is_replaced_and_gone_back_from(machine: Machine, origin: Origin) -> None:
    before = machine.serves()
    for revision, begin in ((origin.good(), machine.deploy), (before, lambda _: machine.ssh("rollback"))):
        run("docker", "pause", machine.container(machine.live()))
        begun = time.monotonic()
        done = begin(revision)
        print(f"{time.monotonic() - begun:.0f} s")  # noqa: T201
        assert done.returncode == 0, done.stdout + done.stderr
        assert "the old one answers '000': nothing to compare with" in done.stdout
        assert machine.serves() == revision
        assert time.monotonic() - begun <= 90


def test_an_edge_that_is_down_is_started_by_hand_or_by_the_next_deploy(machine: Machine) -> None:
    before, compose = machine.serves(), machine.home / "bin/compose"
    for begin in (
        lambda: run(compose, "up", "--detach", "--no-deps", "mongo", "edge"),
        lambda: machine.deploy(before).check_returncode(),
    ):
        run("docker", "kill", machine.container("edge"))
        assert not machine.serves()
        begin()
        _until(lambda: machine.serves() == before, 5)


@in_full
def test_an_edge_that_goes_down_after_a_switch_in_vain_is_back_with_the_old_version(
    machine: Machine, origin: Origin
) -> None:
    before = machine.serves()
    with machine.settings(HTTP_PORT=f"127.0.0.2:{free_port()}"):  # where deploy.sh does not see it for ten seconds
        under_way = machine.started(origin.good())
        assert under_way.stdout
        assert any("the edge asks" in line for line in under_way.stdout)
        run("docker", "kill", machine.container("edge"))
        said = under_way.communicate()[0]
    assert under_way.returncode == 65, said
    assert "the edge does not serve" in said
    assert machine.serves() == before, said
    assert machine.colours() == [machine.live()]


def _kill(machine: Machine, under_way: subprocess.Popen[str], step: str, after_s: float = 0.0) -> None:
    assert under_way.stdout
    assert any(f"step: {step}" in line for line in under_way.stdout)
    time.sleep(after_s)
    machine.killed()
    under_way.communicate()
    assert under_way.returncode != 0 or step == "prune", "the last step alone may be over before it is killed"


def _converges(machine: Machine, sha: str) -> None:
    done = machine.deploy_when_free(sha)
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.serves() == sha
    assert machine.colours() == [machine.live()]


def _until(holds: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)

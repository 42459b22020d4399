"""A deploy that is killed, cut off, met by another, or begun on a machine that is ill. Run by scripts/e2e."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from e2e.deploying import Machine, Visitors, free_port, run
from e2e.revisions import EDGE, MONGO, PAGE, Origin

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

FULL = os.environ.get("RETENTION_DRILL") == "full"
in_full = pytest.mark.skipif(not FULL, reason="RETENTION_DRILL=full")
STEPS = (
    ("fetch", "build", "tiers", "boot", "ready", "smoke", "edge", "switch", "drain", "stop", "record", "prune")
    if FULL
    else ("boot", "switch")
)
TOGETHER = 20 if FULL else 2
OLDER, NO_GOOD = 77, 65
SLOW_BUILD = ("FROM base AS inference\n", "FROM base AS inference\nRUN sleep 600\n")


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


@pytest.mark.parametrize("group", [pytest.param(False, marks=in_full), True])
@pytest.mark.parametrize(("service", "path", "old", "new"), [
    ("edge", EDGE, "ENV XDG_CONFIG_HOME", "ENV DRILL={} XDG_CONFIG_HOME"),
    pytest.param("mongo", MONGO, "exec mongod ", ": {}; exec mongod ", marks=in_full),
])  # fmt: skip
def test_after_a_kill_while_a_tier_is_replaced_there_is_one(
    machine: Machine, origin: Origin, service: str, path: str, old: str, new: str, *, group: bool
) -> None:
    before, tier, new = machine.serves(), machine.container(service), new.format(group)
    sha = origin.good({path: (old, new)})
    under_way = machine.started(sha)
    while machine.container(service) == tier and under_way.poll() is None:
        pass
    machine.killed(group=group)
    under_way.communicate()
    assert under_way.returncode
    _until(lambda: bool(machine.container(service)) and machine.serves() in {before, sha}, 30)
    assert machine.container(service) != tier
    _converges(machine, sha)
    origin.good({path: (new, old)})


@pytest.mark.parametrize("step", ["fetch", "build"])
def test_what_is_killed_while_it_takes_its_time_keeps_nobody_waiting(
    machine: Machine, origin: Origin, step: str
) -> None:
    repository = ("git", "-C", machine.home / "repository", "config")
    if step == "fetch":
        run(*repository, "remote.origin.uploadpack", "sleep 60; git-upload-pack")
    under_way = machine.started(origin.good({"services/Dockerfile": SLOW_BUILD}))
    _kill(machine, under_way, step, after_s=5)
    if step == "fetch":
        run(*repository, "--unset", "remote.origin.uploadpack")
    begun, sha = time.monotonic(), origin.good({"services/Dockerfile": (SLOW_BUILD[1], SLOW_BUILD[0])})
    done = machine.deploy(sha)
    print(f"{time.monotonic() - begun:.0f} s")  # noqa: T201
    assert done.returncode == 0, done.stdout + done.stderr
    assert "waiting" not in done.stdout
    assert machine.serves() == sha


@in_full
@pytest.mark.parametrize(("step", "codes"), [("build", {143}), ("ready", {143, 70}), ("drain", {0})])
def test_told_to_end_it_goes_back_before_the_switch_and_on_after_it(
    machine: Machine, origin: Origin, step: str, codes: set[int]
) -> None:
    """70, since bash 5.2 may stumble over a trap that it meets in a `$( )`: that ends a deploy as well."""
    before, sha = machine.serves(), origin.good()
    under_way = machine.started(sha)
    assert under_way.stdout
    assert any(f"step: {step}" in line for line in under_way.stdout)
    os.kill(next(process for process in machine.workers() if os.getsid(process) == process), signal.SIGTERM)
    said = under_way.communicate()[0]
    assert under_way.returncode in codes, said
    assert machine.serves() == (sha if step == "drain" else before)
    assert machine.colours() == [machine.live()]


def test_a_lost_connection_stops_nothing(machine: Machine, origin: Origin) -> None:
    sha = origin.good()
    under_way = machine.started(sha)
    assert under_way.stdout
    assert any("step: build" in line for line in under_way.stdout)
    under_way.kill()
    under_way.communicate()
    _until(lambda: not machine.workers(), 120)
    assert machine.serves() == sha


def test_of_two_deploys_at_once_the_newer_one_is_what_serves(machine: Machine, origin: Origin) -> None:
    for turn in range(TOGETHER):
        revisions = [origin.good(), origin.good()]
        newer = revisions[1]
        begun = {sha: machine.started(sha) for sha in (revisions if turn % 2 else revisions[::-1])}
        said = {sha: process.communicate()[0] for sha, process in begun.items()}
        codes = [begun[sha].returncode for sha in revisions]
        print(f"{'older' if turn % 2 else 'newer'} first: {codes}")  # noqa: T201
        assert codes in ([0, 0], [OLDER, 0]), said
        assert machine.serves() == newer
        assert machine.colours() == [machine.live()]


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
    for revision, begin, within_s in (
        (origin.good(), machine.deploy, 90),
        (before, lambda _: machine.ssh("rollback"), 30),
    ):
        run("docker", "pause", machine.container(machine.live()))
        begun = time.monotonic()
        done = begin(revision)
        took_s = time.monotonic() - begun
        print(f"{took_s:.0f} s")  # noqa: T201
        assert done.returncode == 0, done.stdout + done.stderr
        # Nobody waits for its answers, where one goes back.
        assert ("the old container answers '000': nothing to compare with" in done.stdout) is (revision != before)
        assert machine.serves() == revision
        assert took_s <= within_s


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
        assert any("the edge uses" in line for line in under_way.stdout)
        run("docker", "kill", machine.container("edge"))
        said = under_way.communicate()[0]
    assert under_way.returncode == NO_GOOD, said
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
    done = machine.deploy(sha)
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.serves() == sha
    assert machine.colours() == [machine.live()]


def _until(holds: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)

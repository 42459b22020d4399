"""A deploy, as the workflow does it: over a real sshd, with a key that can do nothing else. Run by scripts/e2e.

RETENTION_DRILL=full is the whole of it: 20 deploys, every way to be broken, a kill at every step.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from e2e.deploying import BROKEN, Machine, Origin, Visitors, run

if TYPE_CHECKING:
    from collections.abc import Iterator

if "VM_SSH_CONFIG" not in os.environ or "COMPOSE_PROJECT_NAME" not in os.environ:
    pytest.skip("needs a Docker engine and an sshd: scripts/e2e deploy runs it", allow_module_level=True)

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("network")]

FULL = os.environ.get("RETENTION_DRILL") == "full"
DEPLOYS = 20 if FULL else 2
WAYS = BROKEN if FULL else ("crashes at import", "answers wrong")
STEPS = (
    ("fetch", "build", "tiers", "boot", "ready", "smoke", "switch", "drain", "stop", "record", "prune")
    if FULL
    else ("boot", "switch")
)
REFUSED, BUSY, NO_DISK, NO_MEMORY, NO_GOOD = 77, 75, 73, 69, 65


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    """In a folder that others may pass through: pytest's own are closed to the user who deploys."""
    with TemporaryDirectory(prefix="retention-deploy-") as folder:
        yield Origin(Path(folder))


@pytest.fixture(scope="module")
def machine(origin: Origin) -> Iterator[Machine]:
    """A machine that serves its first release: it was empty before."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    machine = Machine(origin.bare.parent, origin, port)
    try:
        done = machine.deploy(origin.first)
        assert done.returncode == 0, done.stdout + done.stderr
        assert machine.serves() == origin.first
        yield machine
    finally:
        machine.gone()


@pytest.fixture
def visitors(machine: Machine) -> Iterator[Visitors]:
    """50 requests a second for the length of the test, none of which may fail."""
    with Visitors(machine.url, machine.key) as visitors:
        yield visitors
    print(f"{visitors.sent} requests, {len(visitors.failures)} failed, the slowest {visitors.slowest_s * 1000:.0f} ms")  # noqa: T201
    assert not visitors.failures, "\n".join(visitors.failures[:20])


# A visitor notices nothing


def test_a_new_revision_serves_without_a_failed_request(machine: Machine, origin: Origin, visitors: Visitors) -> None:
    took_s = []
    for _ in range(DEPLOYS):
        sha, begun = origin.good(), time.monotonic()
        done = machine.deploy(sha)
        took_s.append(time.monotonic() - begun)
        assert done.returncode == 0, done.stdout + done.stderr
        assert machine.serves() == sha, done.stdout
        assert origin.mark() in visitors.marks
    print(f"{DEPLOYS} deploys, {min(took_s):.0f} to {max(took_s):.0f} s")  # noqa: T201


@pytest.mark.parametrize("how", WAYS)
def test_a_revision_never_serves_that(machine: Machine, origin: Origin, how: str) -> None:
    before, begun = machine.serves(), time.monotonic()
    with Visitors(machine.url, machine.key) as visitors:
        done = machine.deploy(origin.broken(how))
    took_s = time.monotonic() - begun
    said = done.stdout + done.stderr
    cause = next((line for line in said.splitlines() if re.search(r" deploy: (?!step|building)", line)), "")
    print(f"{how}: {took_s:.0f} s, exit {done.returncode}, {len(visitors.failures)} of {visitors.sent} failed: {cause}")  # noqa: T201
    assert done.returncode == NO_GOOD, said
    assert machine.serves() == before
    assert not [mark for mark in visitors.marks if "broken" in mark]
    assert sorted({"blue", "green"} & set(machine.containers())) == [_live(machine)]
    assert took_s <= 120
    assert how == "has a mongod that ends" or not visitors.failures, visitors.failures[:5]


def test_one_goes_back_within_30_s_and_builds_nothing(machine: Machine, origin: Origin, visitors: Visitors) -> None:
    before, sha = machine.serves(), origin.good()
    assert machine.deploy(sha).returncode == 0
    begun = time.monotonic()
    done = machine.ssh("rollback")
    took_s = time.monotonic() - begun
    print(f"went back in {took_s:.0f} s")  # noqa: T201
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.serves() == before
    assert "building" not in done.stdout
    assert took_s <= 30
    assert f"serves: {before}" in machine.ssh("status").stdout
    assert visitors.sent


# Interrupted


@pytest.mark.parametrize("step", STEPS)
def test_after_a_kill_something_serves_and_the_next_deploy_converges(
    machine: Machine, origin: Origin, visitors: Visitors, step: str
) -> None:
    before, sha = machine.serves(), origin.good()
    under_way = machine.started(sha)
    assert under_way.stdout
    for line in under_way.stdout:
        if f"step: {step}" in line:
            break
    for process in machine.workers():
        os.kill(process, signal.SIGKILL)
    under_way.communicate()
    assert under_way.returncode != 0
    assert machine.serves() in {before, sha}
    done = _when_free(machine, sha)
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.serves() == sha
    assert sorted({"blue", "green"} & set(machine.containers())) == [_live(machine)]
    assert visitors.sent


def test_a_lost_connection_stops_nothing(machine: Machine, origin: Origin) -> None:
    sha = origin.good()
    under_way = machine.started(sha)
    assert under_way.stdout
    assert any("step: build" in line for line in under_way.stdout)
    under_way.kill()
    under_way.communicate()
    deadline = time.monotonic() + 120
    while machine.workers() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert machine.serves() == sha


def test_of_two_deploys_at_once_one_runs(machine: Machine, origin: Origin) -> None:
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


# What a machine must have


@pytest.mark.parametrize(("setting", "code", "cause"), [
    ("MIN_FREE_MB=999999999", NO_DISK, "MB are free under"),
    ("MIN_MEMORY_MB=999999999", NO_MEMORY, "MB of memory and swap are free"),
])  # fmt: skip
def test_a_machine_without_room_is_left_as_it_is(machine: Machine, setting: str, code: int, cause: str) -> None:
    before, settings = machine.serves(), machine.home / "production.env"
    kept = settings.read_text(encoding="ascii")
    settings.write_text(f"{kept}{setting}\n", encoding="ascii")
    try:
        done = machine.deploy(before)
    finally:
        settings.write_text(kept, encoding="ascii")
    assert done.returncode == code, done.stdout
    assert cause in done.stdout
    assert machine.serves() == before


def test_nothing_is_deployed_beside_a_training(machine: Machine) -> None:
    before = machine.serves()
    labels = (f"com.docker.compose.project={machine.project}", "com.docker.compose.service=trainer")
    at_work = run(
        *("docker", "run", "--detach", "--rm", *(f"--label={label}" for label in labels)),
        *("--entrypoint", "sleep", f"retention-trainer:{before}", "120"),
    ).strip()
    try:
        done = machine.deploy(before)
    finally:
        run("docker", "rm", "--force", at_work)
    assert done.returncode == BUSY, done.stdout
    assert "the trainer is at work" in done.stdout


def test_a_job_is_built_again_when_its_image_was_cleared_away(machine: Machine) -> None:
    """As deploy.sh builds it, for the next deploys to find and to clear away."""
    image = f"retention-trainer:{machine.serves()}"
    run("docker", "rmi", "--force", image)
    assert "champion" in run(machine.home / "bin/compose", "run", "--rm", "trainer", "list")
    labels = run("docker", "image", "inspect", "--format", "{{json .Config.Labels}}", image)
    assert f'"retention.project":"{machine.project}"' in labels


# What the key can do


def test_only_what_is_on_main_and_not_older_is_deployed(machine: Machine, origin: Origin) -> None:
    before = machine.serves()
    for sha in (origin.elsewhere(), "0" * 40, origin.first):
        assert machine.deploy(sha).returncode == REFUSED
    assert machine.serves() == before


@pytest.mark.parametrize(
    "asked",
    [
        "id",
        "",
        "deploy $(id)",
        f"deploy {'a' * 39}",
        f"deploy {'a' * 41}",
        f"deploy {'A' * 40}",
        f"deploy {'a' * 40}; id",
        f"deploy {'a' * 40}\nid",
        f"deploy  {'a' * 40}",
        "rollback now",
        "/bin/sh",
    ],
)
def test_the_key_runs_nothing_else(machine: Machine, asked: str) -> None:
    done = machine.ssh(*([asked] if asked else []), options=() if asked else ("-T",))
    assert done.returncode == REFUSED
    assert "uid=" not in done.stdout
    assert "refused" in done.stderr


def test_the_key_copies_and_forwards_nothing(machine: Machine, tmp_path: Path) -> None:
    config = os.environ["VM_SSH_CONFIG"]
    (tmp_path / "file").write_text("x", encoding="ascii")
    for protocol in ("-O", "-s"):
        copy = ("scp", protocol, "-F", config, str(tmp_path / "file"), "vm:/tmp/retention-copied")
        assert subprocess.run(copy, capture_output=True, check=False, timeout=30).returncode
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    forward = ("ssh", "-F", config, "-N", "-L", f"{port}:{machine.url.removeprefix('http://')}", "vm")
    with subprocess.Popen(forward, stderr=subprocess.PIPE, text=True) as forwarding:
        try:
            assert _answer(port) == b""
        finally:
            forwarding.terminate()
    tunnel = machine.ssh("status", options=("-w", "0:0", "-o", "ExitOnForwardFailure=yes"))
    assert tunnel.returncode


def test_the_user_is_root_by_one_script_alone(machine: Machine) -> None:
    user = os.environ["VM_USER"]
    listed = subprocess.run(["sudo", "-l", "-U", user], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"NOPASSWD: (.*)", listed) == [f"{machine.home}/bin/deploy.sh"]
    groups = subprocess.run(["id", "-nG", user], capture_output=True, text=True, check=True).stdout.split()
    assert groups == [user]


def test_a_host_with_another_key_is_not_spoken_to(machine: Machine, tmp_path: Path) -> None:
    """The decoy has the address, and not the key that known_hosts pins."""
    key = tmp_path / "decoy"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin") or "sshd"
    command = [sshd, "-D", "-f", "/dev/null", "-o", "ListenAddress=127.0.0.1", "-p", str(port), "-h", str(key)]
    pinned = (tmp_path / "known_hosts", f"[127.0.0.1]:{port}")
    known = Path(os.environ["VM_KNOWN_HOSTS"]).read_text(encoding="ascii")
    pinned[0].write_text(f"{pinned[1]} {known.split(' ', 1)[1]}", encoding="ascii")
    with subprocess.Popen([*command, "-o", f"PidFile={tmp_path}/pid"], stderr=subprocess.DEVNULL) as decoy:
        try:
            time.sleep(0.5)
            done = machine.ssh("status", options=("-p", str(port), "-o", f"UserKnownHostsFile={pinned[0]}"))
        finally:
            decoy.terminate()
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


def _live(machine: Machine) -> str:
    """Return the colour that serves, by what it says of its revision."""
    revision = machine.serves()
    running = {colour: image for colour, image in machine.containers().items() if colour in {"blue", "green"}}
    return next(colour for colour, image in running.items() if image.endswith(f":{revision}"))


def _when_free(machine: Machine, sha: str) -> subprocess.CompletedProcess[str]:
    deadline = time.monotonic() + 60
    while (done := machine.deploy(sha)).returncode == BUSY and time.monotonic() < deadline:
        time.sleep(0.5)
    return done


def _answer(port: int) -> bytes:
    """Return what comes through a forwarded port, if anything does within some seconds."""
    for _ in range(20):
        time.sleep(0.2)
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as through:
                through.sendall(b"GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n")
                return through.recv(100)
        except ConnectionRefusedError:
            continue
        except OSError:
            return b""
    return b""

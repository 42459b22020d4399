"""A deploy, as the workflow does it: over a real sshd, with a key that can do nothing else. Run by scripts/e2e.

RETENTION_DRILL=full is the whole of it: 20 deploys, every way to be broken, a kill at every step.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from e2e.deploying import ROOT, Machine, Visitors, free_port
from e2e.revisions import BROKEN, EDGE, FELT, MONGO, PAGE, Origin

if TYPE_CHECKING:
    from e2e.conftest import First

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

FULL = os.environ.get("RETENTION_DRILL") == "full"
in_full = pytest.mark.skipif(not FULL, reason="RETENTION_DRILL=full")
DEPLOYS = 20 if FULL else 2
WAYS = (
    BROKEN
    if FULL
    else ("crashes at import", "turns the verdict over", "has an edge that answers 503", "has a mongod that ends")
)
NO_GOOD = 65


def test_a_first_load_that_fails_ends_before_anybody_is_served(first: First) -> None:
    said = first.done.stdout + first.done.stderr
    assert first.done.returncode == NO_GOOD, said
    assert "the first data cannot be loaded" in said
    assert not first.serves
    assert not first.colours
    assert first.again.returncode == 0, first.again.stdout + first.again.stderr


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
        assert "WARNING" not in done.stdout
    print(f"{DEPLOYS} deploys, {min(took_s):.0f} to {max(took_s):.0f} s")  # noqa: T201


def test_another_page_of_the_edge_is_read_while_visitors_are_served(machine: Machine, origin: Origin) -> None:
    """Connections at rest are closed by it: who asks on one at that instant has to ask again, as browsers do."""
    edge, page = (
        machine.container("edge"),
        {PAGE: ("X-Frame-Options DENY\n", "X-Frame-Options DENY\n\t\tX-Page other\n")},
    )
    with Visitors(machine.url, machine.key) as visitors:
        done = machine.deploy(origin.good(page))
    print(f"{visitors.sent} requests, {visitors.failures}")  # noqa: T201
    assert [how for how in visitors.failures if "Server disconnected without" not in how] == []
    assert len(visitors.failures) <= 3
    assert done.returncode == 0, done.stdout + done.stderr
    assert httpx.get(f"{machine.url}/livez").headers["x-page"] == "other"
    assert machine.container("edge") == edge


def test_one_goes_back_within_30_s_and_builds_nothing(machine: Machine, origin: Origin, visitors: Visitors) -> None:
    before, sha = machine.serves(), origin.good()
    assert machine.deploy(sha).returncode == 0
    begun = time.monotonic()
    with machine.settings(MIN_FREE_MB="999999999", MIN_MEMORY_MB="999999999"):  # a full machine can go back
        done = machine.ssh("rollback")
    took_s = time.monotonic() - begun
    print(f"went back in {took_s:.0f} s")  # noqa: T201
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.serves() == before
    assert "building" not in done.stdout
    assert took_s <= 30
    assert f"serves: {before}" in machine.ssh("status").stdout
    assert visitors.sent


@pytest.mark.parametrize("how", WAYS)
def test_a_revision_never_serves_that(machine: Machine, origin: Origin, visitors: Visitors, how: str) -> None:
    _refused(machine, origin.broken(how), BROKEN[how].cause, visitors)


# What the gate makes of two answers. Here both colours are made up: `old` and `new` say what predicted() lets them.
_GATE = """
set -euo pipefail
home=. project=none asked=$(mktemp)
source deploy/gate.sh
container() { echo "$1"; }
address() { echo "$1"; }
version() { echo sha; }
listed() { :; }
say() { echo "$*"; }
fail() { echo "$2"; exit "$1"; }
again() { echo >>"$asked"; echo $(($(wc -l <"$asked") % 2 - 1)); }
"""


@pytest.mark.parametrize(("predicted", "code", "said"), [
    ("""old) echo '200 m {"a": 1}' ;; *) echo '200 m {"a": 1, "gained": [2]}' ;;""", 0, "11 answers compared"),
    ("""old) echo '200 m {"a": 1, "lost": [2]}' ;; *) echo '200 m {"a": 1}' ;;""", NO_GOOD, "differently.*: lost"),
    ("""old) echo '200 n {"a": 1}' ;; *) echo '200 m {"a": 2}' ;;""", 0, "old container has model n"),
    ("""old) echo 000 ;; *) echo '200 m {"a": 1}' ;;""", 0, "'000': nothing to compare with"),
    # One answer of the old one that never comes, or is late, hides none of the others.
    ("""old) [[ $2 != 12346 ]] && echo '200 m {"a": 1}' || echo 000 ;; *) echo '200 m {"a": 2}' ;;""", NO_GOOD, ": a;"),
    ("""old) (($(again))) && echo '200 m {"a": 1}' || echo 000 ;; *) echo '200 m {"a": 1}' ;;""", 0, "11 answers"),
])  # fmt: skip
def test_the_gate_compares_whatever_the_old_version_says(predicted: str, code: int, said: str) -> None:
    script = f"{_GATE} predicted() {{ case $1 in {predicted} esac; }}; ask_both new sha old; rm $asked"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (code, "")
    assert re.search(said, done.stdout), done.stdout


# What visitors do notice: one database, one edge


@in_full
def test_an_edge_that_is_replaced_is_away_for_seconds_even_with_a_slow_sender(machine: Machine, origin: Origin) -> None:
    sha = origin.good({EDGE: ("GOMEMLIMIT=40MiB", "GOMEMLIMIT=41MiB")})
    host, port = machine.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow, Visitors(machine.url, machine.key) as visitors:
        for byte in b"POST /predict_churn_by_id HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n":
            slow.send(bytes([byte]))
        done = machine.deploy(sha)
    print(f"away for {visitors.gap_s:.1f} s: {len(visitors.failures)} of {visitors.sent} failed")  # noqa: T201
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.serves() == sha
    assert visitors.failures, "otherwise it was not replaced"
    assert visitors.gap_s <= 6


@in_full
def test_a_mongod_that_is_replaced_is_away_for_seconds(machine: Machine, origin: Origin) -> None:
    sha, mongo = origin.good({MONGO: ("data=/data/db\n", "data=/data/db # as ever\n")}), machine.container("mongo")
    with Visitors(machine.url, machine.key) as visitors:
        done = machine.deploy(sha)
    print(f"away for {visitors.gap_s:.1f} s: {len(visitors.failures)} of {visitors.sent} failed")  # noqa: T201
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.container("mongo") != mongo
    assert visitors.gap_s <= 15


@in_full
@pytest.mark.parametrize("how", FELT)
def test_a_revision_never_serves_and_is_taken_back_that(machine: Machine, origin: Origin, how: str) -> None:
    with Visitors(machine.url, machine.key) as visitors:
        _refused(machine, origin.broken(how), FELT[how].cause, visitors)
    print(f"{how}: away for {visitors.gap_s:.1f} s: {len(visitors.failures)} of {visitors.sent} failed")  # noqa: T201
    assert visitors.failures, "otherwise there was nothing to take back"
    assert visitors.gap_s <= 60
    with Visitors(machine.url, machine.key) as visitors:
        time.sleep(3)
    assert not visitors.failures


# Settings that are no good


def test_with_settings_that_cannot_be_the_edge_is_back_as_it_was(machine: Machine) -> None:
    before = machine.serves()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with machine.settings(HTTP_PORT=f"127.0.0.1:{taken.getsockname()[1]}"):
            done = machine.deploy(before)
        assert done.returncode == NO_GOOD, done.stdout
        assert machine.serves() == before, done.stdout


@in_full
def test_a_domain_that_has_no_certificate_yet_is_said_and_stops_nothing(machine: Machine) -> None:
    before, port = machine.serves(), free_port()
    for domain, warned in (("drill.invalid", True), ("drill.internal", False)):  # of the second it is its own authority
        with machine.settings(DOMAIN=domain, HTTPS_PORT=f"127.0.0.1:{port}"):
            done = machine.deploy(before)
        assert done.returncode == 0, done.stdout
        assert (f"no certificate for {domain} yet" in done.stdout) == warned
    assert machine.deploy(before).returncode == 0
    assert machine.serves() == before


def _refused(machine: Machine, sha: str, cause: str, visitors: Visitors) -> None:
    before, begun = machine.serves(), time.monotonic()
    done = machine.deploy(sha)
    took_s = time.monotonic() - begun
    said = done.stdout + done.stderr
    assert done.returncode == NO_GOOD, said
    found = re.search(cause, said, re.DOTALL)
    assert found, said
    print(f"{took_s:.0f} s, {len(visitors.failures)} of {visitors.sent} failed: {found[0][-200:]}")  # noqa: T201
    assert machine.serves() == before
    assert not [mark for mark in visitors.marks if "broken" in mark]
    assert machine.colours() == [machine.live()]
    assert took_s <= 120

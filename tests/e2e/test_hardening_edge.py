"""Production's edge lives through one sender who takes every connection that there is. Run by scripts/e2e hardening."""

from __future__ import annotations

import http.client
import json
import os
import resource
import secrets
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from threading import Event
from typing import TYPE_CHECKING

import pytest
from e2e.hardening import run
from e2e.measuring import ROOT, Project

if TYPE_CHECKING:
    from collections.abc import Iterator

if "COMPOSE_PROJECT_NAME" not in os.environ:
    pytest.skip("needs a Docker engine: scripts/e2e runs it", allow_module_level=True)

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

SENDERS = 2_000
HELD_S = 3.0
ANSWERED_WITHIN_S = 8.0
HEAD = b"Host: localhost\r\n"
POST = b"POST / HTTP/1.1\r\n" + HEAD
ATTACKS = {
    "answered and kept": b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "half heads": b"GET / HTTP/1.1\r\n" + HEAD + (b"X-A: " + b"a" * 1_000 + b"\r\n") * 15,
    "stalled bodies": POST + b"Content-Length: 61441\r\n\r\n" + b"a" * 61_440,
    "heads of 3,000 lines": POST + b"a:b\r\n" * 3_000,
}


class Edge:
    """Production's edge, and who answers behind it."""

    def __init__(self, project: Project) -> None:
        self.container = project.compose("ps", "--quiet", "edge").strip()
        networks = self._told()["NetworkSettings"]["Networks"]
        self.address = networks[f"{project.name}_inside"]["IPAddress"]
        self._first = self._told()["State"]["StartedAt"]

    def _told(self) -> dict[str, dict[str, dict[str, dict[str, str]]]]:
        (told,) = json.loads(run("docker", "inspect", self.container))
        return told  # type: ignore[no-any-return]

    def is_the_first(self) -> bool:
        """Tell whether it has run since it was made: one that is killed is started again."""
        return bool(self._told()["State"]["StartedAt"] == self._first)

    def last_words(self) -> str:
        """Return what it said last, less its answers; a log outlives a restart."""
        return run("sh", "-c", f"docker logs {self.container} 2>&1 | grep -v http.log.access | tail -n 40")

    def visitor(self) -> closing[http.client.HTTPConnection]:
        """Return a connection that is not made yet."""
        return closing(http.client.HTTPConnection(self.address, 8080, timeout=6))


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """By itself: a file server answers in place of the API."""
    tag, project = secrets.token_hex(6), Project("prod", "deploy/compose.prod.yml")
    Project("prod").compose("build", "init")
    run("docker", "build", "--quiet", "--tag", f"retention-edge:{tag}", "--build-arg",
        f"CADDY_IMAGE={os.environ.get('CADDY_IMAGE', 'caddy:2')}", str(ROOT / "deploy/edge"))  # fmt: skip
    settings = dict.fromkeys(("RELEASE", "MONGO_RELEASE", "EDGE_RELEASE"), tag) | {
        "API_KEYS_DIR": str(tmp_path_factory.mktemp("keys")), "HTTP_PORT": "127.0.0.1:", "HTTPS_PORT": "127.0.0.1:",
    }  # fmt: skip
    api = f"{project.name}-answers"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        try:
            project.compose("up", "--detach", "--no-build", "--no-deps", "edge")
            run("docker", "run", "--detach", "--name", api, "--network", f"{project.name}_inside", "--network-alias",
                "blue", "--entrypoint", "python", "retention-init", "-m", "http.server", "8000", "--directory", "/app",
                "--protocol", "HTTP/1.1")  # fmt: skip
            yield Edge(project)
        finally:
            run("docker", "rm", "--force", "--volumes", api)
            project.down()
            run("docker", "image", "rm", "--force", f"retention-edge:{tag}")


@pytest.fixture(autouse=True)
def _sockets() -> Iterator[None]:
    """As many as are needed here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, SENDERS + 1_000)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_one_sender_of_everything_kills_no_edge_and_keeps_no_visitor_out(edge: Edge) -> None:
    for what, sent in ATTACKS.items():
        with ThreadPoolExecutor() as pool, edge.visitor() as before:
            over, answers = Event(), [_answered(before, within_s=10)]
            asking = pool.submit(_keep_asking, before, answers, over)
            with ExitStack() as held:
                held.callback(over.set)
                for _ in range(SENDERS):
                    _send(held.enter_context(socket.socket()), edge.address, sent)
                there = time.monotonic()
                while time.monotonic() < there + (HELD_S if answers[-1] > there + 1 else ANSWERED_WITHIN_S):
                    time.sleep(0.1)
            asking.result()
        assert edge.is_the_first(), f"killed by {what}: {edge.last_words()}"
        assert answers[-1] > there + 1, f"a visitor from before was not answered during {what}"
        gone = time.monotonic()
        with edge.visitor() as new:
            after_s = _answered(new, within_s=10) - gone
        print(f"{what}: {len([each for each in answers if each > there])} answers, a new one after {after_s:.1f} s")  # noqa: T201
        assert edge.is_the_first(), f"killed by {what}: {edge.last_words()}"


def _keep_asking(visitor: http.client.HTTPConnection, answers: list[float], over: Event) -> None:
    """Ask like a page that is open: on a connection that rests for 2 s the edge's own to the API is given up."""
    with suppress(AssertionError):
        while not over.is_set():
            answers.append(_answered(visitor, within_s=ANSWERED_WITHIN_S))
            over.wait(0.2)


def _send(sender: socket.socket, address: str, sent: bytes) -> None:
    """Send what is taken, and wait for nothing."""
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, len(sent))
    sender.settimeout(0)
    sender.connect_ex((address, 8080))
    deadline = time.monotonic() + 0.2
    while time.monotonic() < deadline:
        try:
            sender.send(sent)
        except BlockingIOError:  # not connected yet
            time.sleep(0.0005)
        except OSError:  # there is nobody: the visitor says so
            return
        else:
            return


def _answered(visitor: http.client.HTTPConnection, *, within_s: float) -> float:
    """Ask until there is an answer that is good; return when that was."""
    start = time.monotonic()
    while True:
        try:
            visitor.request("GET", "/", headers={"Host": "localhost"})
            answer = visitor.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            visitor.close()
        else:
            if answer.status == http.client.OK:
                return time.monotonic()
        assert time.monotonic() - start < within_s, "no answer"
        time.sleep(0.1)

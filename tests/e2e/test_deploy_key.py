"""What the deploy key can do; what is refused to it, another key may. Run by scripts/e2e."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from e2e.deploying import Machine, free_port, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from e2e.revisions import Origin

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

REFUSED = 77
MAY = pytest.mark.parametrize("may", [False, True], ids=["the deploy key", "any other"])


def test_only_what_is_on_main_and_not_older_is_deployed(machine: Machine, origin: Origin) -> None:
    before, elsewhere = machine.serves(), origin.elsewhere()
    # A tag may have the name of the branch, and what it names be here.
    run("git", "fetch", "--quiet", "origin", "other:refs/tags/main", cwd=machine.home / "repository")
    for sha, cause in (
        (elsewhere, "is not on origin/main"), ("0" * 40, "is not on origin/main"), (origin.first, "is older than")
    ):  # fmt: skip
        done = machine.deploy(sha)
        assert done.returncode == REFUSED
        assert cause in done.stdout
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


@MAY
def test_a_command_is_run_and_a_file_copied_for(machine: Machine, tmp_path: Path, *, may: bool) -> None:
    (tmp_path / "file").write_text("x", encoding="ascii")
    public = machine.home.parent / f"public-{may}"
    public.mkdir()
    public.chmod(0o777)
    with _with_a_key(machine, may=may):
        assert ("uid=" in machine.ssh("id").stdout) == may
        for protocol in ("-O", "-s"):
            copied = public / protocol
            copy = ("scp", protocol, "-F", os.environ["VM_SSH_CONFIG"], str(tmp_path / "file"), f"vm:{copied}")
            subprocess.run(copy, capture_output=True, check=False, timeout=30)
            assert copied.exists() == may


@MAY
def test_a_port_is_forwarded_there_and_back_for(machine: Machine, *, may: bool) -> None:
    with _with_a_key(machine, may=may), _greeter() as greeter:
        for way in ("-L", "-R"):
            port = free_port()
            forward = (
                "ssh",
                "-F",
                os.environ["VM_SSH_CONFIG"],
                "-N",
                way,
                f"127.0.0.1:{port}:127.0.0.1:{greeter}",
                "vm",
            )
            with subprocess.Popen(forward, stderr=subprocess.PIPE, text=True) as forwarding:
                try:
                    assert _answer(port) == (b"hello" if may else b"")
                finally:
                    forwarding.terminate()


def test_the_user_is_root_by_one_script_alone(machine: Machine) -> None:
    user = os.environ["VM_USER"]
    listed = subprocess.run(["sudo", "-l", "-U", user], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"NOPASSWD: (.*)", listed) == [f"{machine.home}/bin/deploy.sh"]
    groups = subprocess.run(["id", "-nG", user], capture_output=True, text=True, check=True).stdout.split()
    assert groups == [user]


def test_a_host_with_another_key_is_not_spoken_to(machine: Machine, tmp_path: Path) -> None:
    """The decoy has the address, and not the key that known_hosts pins."""
    key, port = tmp_path / "decoy", free_port()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
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


def _with_a_key(machine: Machine, *, may: bool) -> AbstractContextManager[None]:
    return machine.unrestricted() if may else nullcontext()


@contextmanager
def _greeter() -> Iterator[int]:
    """Yield a port at which everybody is greeted."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"hello")

        threading.Thread(target=greet, daemon=True).start()
        yield int(server.getsockname()[1])


def _answer(port: int) -> bytes:
    """Return what comes through a forwarded port, if anything does within some seconds."""
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as through:
                if said := through.recv(100):
                    return said
        except OSError:
            pass
        time.sleep(0.2)
    return b""

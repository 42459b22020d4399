"""What the drills of a deploy need: a machine that is deployed to, over a real sshd."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
from e2e.revisions import ROOT, Origin, run
from e2e.visitors import Visitors

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ROOT", "Machine", "Origin", "Visitors", "run"]


def free_port() -> int:
    """Return a port of the loopback that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Machine:
    """What bootstrap.sh would have made, in a folder: deployed to over an sshd, by a user who can do nothing else."""

    def __init__(self, folder: Path, origin: Origin, port: int) -> None:
        self.home, self.url = folder / "retention", f"http://127.0.0.1:{port}"
        self.project = f"{os.environ['COMPOSE_PROJECT_NAME']}-deploy"
        for name in ("bin", "keys", "secrets", "releases", "log"):
            (self.home / name).mkdir(parents=True)
        for name in self._told("scripts").split():
            shutil.copy(ROOT / "deploy" / name, self.home / "bin")
        run("git", "clone", "--quiet", "--bare", origin.bare, self.home / "repository")
        key, line = run(self.home.parent / "tree/deploy/make-key", "drill", "read").splitlines()
        self.key = key
        (self.home / "keys/api_keys").write_text(f"{line} 1000000/minute\n", encoding="ascii")
        (self.home / "secrets/smoke_header").write_text(f"X-API-Key: {key}\n", encoding="ascii")
        settings = {
            "COMPOSE_PROJECT_NAME": self.project,
            "DOCKER_HOST": os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"),
            "HTTP_PORT": f"127.0.0.1:{port}",
            "HTTPS_PORT": f"127.0.0.1:{free_port()}",
            "SEED_ROWS": "40000",
            "DRAIN_S": "2",
            **{name: os.environ[name] for name in ("MONGO_IMAGE", "PYTHON_IMAGE", "CADDY_IMAGE") if name in os.environ},
        }
        text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
        (self.home / "production.env").write_text(text, encoding="ascii")
        self._ssh = ("ssh", "-F", os.environ["VM_SSH_CONFIG"])
        self._forced()

    def _told(self, what: str, *options: str) -> str:
        """Return what bootstrap.sh would write on this machine."""
        return run(ROOT / "deploy/bootstrap.sh", "--home", self.home, *options, "--print", what)

    def _bootstrap(self, line: str) -> str:
        """Return what bootstrap.sh would write."""
        key = f"{os.environ.get('VM_KEY', '')}.pub"
        told = ("--home", str(self.home), "--user", os.environ.get("VM_USER", ""), "--deploy-key", key)
        return run(ROOT / "deploy/bootstrap.sh", *(told if line != "scripts" else ()), "--print", line)

    def _forced(self) -> None:
        """Give the user the project's own line in authorized_keys and in sudoers, and take its groups away."""
        user = os.environ["VM_USER"]
        run("usermod", "--groups", "", user)
        self.authorized_keys = Path(f"~{user}/.ssh/authorized_keys").expanduser()
        self.authorized_keys.write_text(self._bootstrap("authorized_keys"), encoding="ascii")
        self.sudoers = Path("/etc/sudoers.d/retention-drill")
        self.sudoers.write_text(self._bootstrap("sudoers"), encoding="ascii")
        self.sudoers.chmod(0o440)
        self.home.parent.chmod(0o755)

    @contextmanager
    def unrestricted(self) -> Iterator[None]:
        """Let the key do for a while what any key may: what is refused otherwise is refused by its line alone."""
        kept = self.authorized_keys.read_text(encoding="ascii")
        self.authorized_keys.write_text(
            Path(f"{os.environ['VM_KEY']}.pub").read_text(encoding="ascii"), encoding="ascii"
        )
        try:
            yield
        finally:
            self.authorized_keys.write_text(kept, encoding="ascii")

    @contextmanager
    def settings(self, **changed: str) -> Iterator[None]:
        """Write other settings into production.env for a while."""
        file = self.home / "production.env"
        kept = file.read_text(encoding="ascii")
        file.write_text(kept + "".join(f"{name}={value}\n" for name, value in changed.items()), encoding="ascii")
        try:
            yield
        finally:
            file.write_text(kept, encoding="ascii")

    def ssh(self, *command: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run what the key may run."""
        return subprocess.run(
            [*self._ssh, *options, "vm", *command], capture_output=True, text=True, check=False, timeout=900
        )

    def deploy(self, sha: str) -> subprocess.CompletedProcess[str]:
        """Deploy as the workflow does."""
        return self.ssh(f"deploy {sha}")

    def started(self, sha: str) -> subprocess.Popen[str]:
        """Begin a deploy; its output is a pipe."""
        return subprocess.Popen(
            [*self._ssh, "vm", f"deploy {sha}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def killed(self, *, group: bool = False) -> None:
        """Kill what works at a deploy, and nothing that it has started; or its whole process group."""
        for process in self.workers():
            with suppress(ProcessLookupError):  # it ended by itself
                (os.killpg if group else os.kill)(os.getpgid(process) if group else process, signal.SIGKILL)

    @contextmanager
    def full_log(self) -> Iterator[None]:
        """Let nothing be written into the log for a while."""
        log = self.home / "log"
        run("mount", "-t", "tmpfs", "-o", "size=4k", "none", log)
        try:
            (log / "all").write_bytes(bytes(4096))
            yield
        finally:
            run("umount", log)

    def serves(self) -> str:
        """Return the revision that answers at the edge; '' when nobody does."""
        try:
            return str(httpx.get(f"{self.url}/health", timeout=3).json()["version"])
        except (httpx.TransportError, ValueError, KeyError):
            return ""

    def workers(self) -> list[int]:
        """Return the processes of deploys under way on this machine."""
        wanted = {f"{self.home}/bin/deploy.sh", "--worker"}
        return [each.pid for each in psutil.process_iter(["cmdline"]) if wanted <= {*(each.info["cmdline"] or ())}]

    def containers(self) -> dict[str, str]:
        """Return the image of every service that runs."""
        label = "com.docker.compose"
        listed = run(
            *("docker", "ps", "--filter", f"label={label}.project={self.project}"),
            *("--format", '{{.Label "com.docker.compose.service"}} {{.Image}}'),
        )
        return dict(line.split() for line in listed.splitlines())

    def colours(self) -> list[str]:
        """Return which colours of the API run."""
        return sorted({"blue", "green"} & {*self.containers()})

    def live(self) -> str:
        """Return the colour that serves, by what it says of its revision."""
        revision, running = self.serves(), self.containers()
        return next(colour for colour in self.colours() if running[colour].endswith(f":{revision}"))

    def container(self, service: str) -> str:
        """Return the id of the container of a service that runs, '' when there is none."""
        label = "label=com.docker.compose"
        wanted = ("--filter", f"{label}.project={self.project}", "--filter", f"{label}.service={service}")
        return run("docker", "ps", "--quiet", "--no-trunc", *wanted).strip()

    def gone(self) -> None:
        """Take away what only this machine should have had."""
        self.sudoers.unlink(missing_ok=True)
        if found := run("docker", "ps", "-aq", "--filter", f"name={self.project}-trial").split():
            run("docker", "rm", "-fv", *found)
        label = f"label=com.docker.compose.project={self.project}"
        for kind, remove in (
            (("ps", "-aq"), ("rm", "-f")),
            (("volume", "ls", "-q"), ("volume", "rm", "-f")),
            (("network", "ls", "-q"), ("network", "rm")),
        ):
            if found := run("docker", *kind, "--filter", label).split():
                run("docker", *remove, *found)
        names = ("--format", "{{.Repository}}:{{.Tag}}")
        built = run("docker", "images", *names, "--filter", f"label=retention.project={self.project}").split()
        # Not by force: mongo's and the edge's may be another machine's too, which was deployed to meanwhile.
        subprocess.run(["docker", "rmi", *built], capture_output=True, check=False)

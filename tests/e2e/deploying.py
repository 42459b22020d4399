"""What the drills of a deploy need: an origin, a machine that is deployed to, revisions good and bad, and visitors."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import httpx

ROOT: Final = Path(__file__).parents[2]
SCRIPTS: Final = ("deploy.sh", "release.sh", "gate.sh", "rollback.sh", "deploy-gate", "compose", "make-key")
RATE_HZ: Final = 50

# A module that every revision brings: what it does to the API's answers. Seen from outside, so that a revision that
# serves can be told from what it says of itself.
_WRAPPED = """
def drill(app):
    async def drilled(scope, receive, send):
        async def marked(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-drill", b"{mark}")]
            {twist}
            await send(message)
        await app(scope, receive, marked)
    return drilled
"""
_GOOD = "pass"
_TWISTS = {
    "answers wrong": """if message["type"] == "http.response.body":
                import re
                message["body"] = re.sub(rb'("churn_probability": ?)0', rb"\\g<1>1", message["body"])""",
    "answers 500 to questions": """if message["type"] == "http.response.start" and scope["path"].startswith("/predict"):
                message["status"] = 500""",
    "is never ready": """if message["type"] == "http.response.start" and scope["path"] == "/readyz":
                message["status"] = 503""",
}
_MODULES = {
    "crashes at import": "raise SystemExit(1)",
    "never listens": "import time; time.sleep(600)",
    "ends after a second": f"import os, threading; threading.Timer(1, os._exit, [3]).start()\n{_WRAPPED}",
}
_FILES = {
    "has a bad compose file": ("deploy/compose.prod.yml", "services: [no, list]\n"),
    "cannot be built": ("services/Dockerfile", "FROM base AS inference\nRUN exit 9\n"),
    "has a bad page for the edge": ("deploy/edge/Caddyfile", "{ nonsense\n"),
    "has a mongod that ends": ("services/mongo/start.sh", "#!/bin/sh\n[ $# -eq 0 ] || exit 0\nexit 9\n"),
}
BROKEN: Final = (*_MODULES, *_TWISTS, *_FILES)


def run(*command: str | Path, cwd: Path = ROOT, **more: str) -> str:
    """Return what a command says; AssertionError with all of it when it fails."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **more}, capture_output=True, text=True, check=False, timeout=1200
    )
    assert done.returncode == 0, f"{shlex.join(map(str, command))}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Origin:
    """A bare repository, and a checkout of this tree that pushes to it."""

    def __init__(self, folder: Path) -> None:
        self.bare, self._tree, self._count = folder / "origin.git", folder / "tree", 0
        run("git", "clone", "--quiet", ROOT, self._tree)
        shutil.copytree(ROOT / "deploy", self._tree / "deploy", dirs_exist_ok=True)
        for name, value in (("user.name", "drill"), ("user.email", "drill@example.org")):
            self._git("config", name, value)
        main = self._tree / "services/inference/src/inference/__main__.py"
        text = main.read_text(encoding="utf-8")
        told = text.replace("uvicorn.run(\n        app,", "uvicorn.run(\n        drill(app),")
        assert told != text, "the drills wrap what uvicorn runs"
        main.write_text(told.replace("import uvicorn\n", "import uvicorn\nfrom inference.drill import drill\n"))
        self._git("checkout", "--quiet", "-B", "main")
        self.first = self.good()
        run("git", "clone", "--quiet", "--bare", self._tree, self.bare)
        self._git("remote", "set-url", "origin", str(self.bare))

    def good(self) -> str:
        """Commit a revision whose answers carry its number; return its id. It is pushed."""
        self._count += 1
        return self._commit(_WRAPPED.format(mark=self._count, twist=_GOOD))

    def broken(self, how: str) -> str:
        """Push a revision that is broken; return its id. The next one is whole again."""
        self._count += 1
        name, content = _FILES.get(how, ("", ""))
        if name:
            path = self._tree / name
            before = path.read_text(encoding="utf-8")
            # The stage is made to fail where it begins; other files are replaced.
            cut = content.splitlines()[0]
            path.write_text(before.replace(f"{cut}\n", content) if name.endswith("Dockerfile") else content)
        module = _MODULES.get(how, _WRAPPED).format(mark=f"{self._count}-broken", twist=_TWISTS.get(how, _GOOD))
        sha = self._commit(module)
        if name:
            path.write_text(before, encoding="utf-8")
        return sha

    def elsewhere(self) -> str:
        """Return a revision that exists at the origin, on another branch than main."""
        self._git("checkout", "--quiet", "-B", "other")
        sha = self._commit("# elsewhere\n", branch="other")
        self._git("checkout", "--quiet", "main")
        return sha

    def mark(self) -> str:
        """Return what the answers of the last good revision carry."""
        return str(self._count)

    def _commit(self, module: str, branch: str = "main") -> str:
        (self._tree / "services/inference/src/inference/drill.py").write_text(module, encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "drill")
        if self.bare.exists():
            self._git("push", "--quiet", "origin", branch)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self._tree)


class Machine:
    """What bootstrap.sh would have made, in a folder: deployed to over an sshd, by a user who can do nothing else."""

    def __init__(self, folder: Path, origin: Origin, port: int) -> None:
        self.home, self.url = folder / "retention", f"http://127.0.0.1:{port}"
        self.project = f"{os.environ['COMPOSE_PROJECT_NAME']}-deploy"
        for name in ("bin", "keys", "secrets", "releases", "log"):
            (self.home / name).mkdir(parents=True)
        for name in SCRIPTS:
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
            "HTTPS_PORT": "127.0.0.1:",
            "SEED_ROWS": "40000",
            "DRAIN_S": "2",
            **{name: os.environ[name] for name in ("MONGO_IMAGE", "PYTHON_IMAGE", "CADDY_IMAGE") if name in os.environ},
        }
        text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
        (self.home / "production.env").write_text(text, encoding="ascii")
        self._ssh = ("ssh", "-F", os.environ["VM_SSH_CONFIG"])
        self._forced()

    def _forced(self) -> None:
        """Give the user the project's own line in authorized_keys and in sudoers, and take its groups away."""
        user, gate = os.environ["VM_USER"], self.home / "bin/deploy-gate"
        run("usermod", "--groups", "", user)
        public = Path(f"{os.environ['VM_KEY']}.pub").read_text(encoding="ascii")
        keys = Path(f"~{user}/.ssh/authorized_keys").expanduser()
        keys.write_text(f'restrict,command="{gate}" {public}', encoding="ascii")
        self.sudoers = Path("/etc/sudoers.d/retention-drill")
        self.sudoers.write_text(f"{user} ALL=(root) NOPASSWD: {self.home}/bin/deploy.sh\n", encoding="ascii")
        self.sudoers.chmod(0o440)
        self.home.parent.chmod(0o755)

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

    def serves(self) -> str:
        """Return the revision that answers at the edge; '' when nobody does."""
        try:
            return str(httpx.get(f"{self.url}/health", timeout=3).json()["version"])
        except (httpx.TransportError, ValueError, KeyError):
            return ""

    def workers(self) -> list[int]:
        """Return the processes of deploys under way on this machine."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"{self.home}/bin/deploy.sh".encode() in command and b"--worker" in command:
                found.append(int(folder.name))
        return sorted(found)

    def containers(self) -> dict[str, str]:
        """Return the image of every service that runs."""
        label = "com.docker.compose"
        listed = run(
            *("docker", "ps", "--filter", f"label={label}.project={self.project}"),
            *("--format", '{{.Label "com.docker.compose.service"}} {{.Image}}'),
        )
        return dict(line.split() for line in listed.splitlines())

    def gone(self) -> None:
        """Take away what only this machine should have had."""
        self.sudoers.unlink(missing_ok=True)
        label = f"label=com.docker.compose.project={self.project}"
        for kind, remove in (
            (("ps", "-aq"), ("rm", "-f")),
            (("volume", "ls", "-q"), ("volume", "rm", "-f")),
            (("network", "ls", "-q"), ("network", "rm")),
        ):
            if found := run("docker", *kind, "--filter", label).split():
                run("docker", *remove, *found)
        built = ("docker", "images", "-q", "--filter", f"label=retention.project={self.project}")
        if found := run(*built).split():
            run("docker", "rmi", "-f", *sorted(set(found)))


@dataclass
class Visitors:
    """So many requests a second, as long as the block lasts, whether or not the ones before are answered."""

    url: str
    key: str
    sent: int = 0
    failures: list[str] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    slowest_s: float = 0.0

    def __enter__(self) -> Self:
        self._stop, self._begun = threading.Event(), time.monotonic()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._visit()))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _visit(self) -> None:
        start, asked = time.monotonic(), set()
        async with httpx.AsyncClient(base_url=self.url, headers={"X-API-Key": self.key}, timeout=10) as client:
            while not self._stop.is_set():
                task = asyncio.create_task(self._ask(client, self.sent))
                asked.add(task)
                task.add_done_callback(asked.discard)
                self.sent += 1
                await asyncio.sleep(max(0.0, start + self.sent / RATE_HZ - time.monotonic()))
            await asyncio.gather(*asked)

    async def _ask(self, client: httpx.AsyncClient, number: int) -> None:
        begun = time.monotonic()
        try:
            if number % 2:
                answer = await client.get("/readyz")
            else:
                answer = await client.post("/predict_churn_by_id", json={"customer_id": 12_346 + number % 100})
            if answer.status_code not in {httpx.codes.OK, httpx.codes.NOT_FOUND}:
                self._failed(f"{answer.status_code} {answer.text[:200]}")
            self.marks.add(answer.headers.get("x-drill", ""))
        except httpx.TransportError as error:
            self._failed(repr(error))
        self.slowest_s = max(self.slowest_s, time.monotonic() - begun)

    def _failed(self, how: str) -> None:
        self.failures.append(f"after {time.monotonic() - self._begun:.1f} s: {how}")

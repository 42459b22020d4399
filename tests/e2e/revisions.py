"""An origin, and revisions of this tree that are pushed to it: good ones, and every way to be broken with its cause."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = "deploy/edge/Caddyfile"
EDGE: Final = "deploy/edge/Dockerfile"
MONGO: Final = "services/mongo/start.sh"
USERS: Final = "services/mongo/make_users.py"
API: Final = "services/inference/src/inference/__main__.py"

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
_CRASH = "raise SystemExit(1)"


@dataclass(frozen=True)
class Broken:
    """What is wrong with a revision, and what a deploy says of it."""

    cause: str
    module: str = _WRAPPED
    twist: str = "pass"
    path: str = ""  # of a file in which `old` (or all of it) becomes `new`
    old: str = ""
    new: str = ""


BROKEN: Final = {
    "crashes at import": Broken("the new container has ended", module=_CRASH),
    "never listens": Broken("not ready five times in a row within 60 s", module="import time; time.sleep(600)"),
    "ends after a second": Broken(
        "the new container has ended",
        module=f"import os, threading; threading.Timer(1, os._exit, [3]).start()\n{_WRAPPED}",
    ),
    "answers wrong": Broken(
        "the same model predicts differently for a known customer",
        twist="""if message["type"] == "http.response.body":
                import re
                message["body"] = re.sub(rb'("churn_probability": ?)0', rb"\\g<1>1", message["body"])""",
    ),
    "turns the verdict over": Broken(
        "the same model predicts differently for a known customer: prediction.churn_prediction",
        twist="""if message["type"] == "http.response.body":
                import re
                turned = {b"0": b"1", b"1": b"0"}
                over = lambda found: found[1] + turned[found[2]]
                message["body"] = re.sub(rb'("churn_prediction": ?)([01])', over, message["body"])""",
    ),
    "answers wrong to figures alone": Broken(
        "the same model predicts differently for a known customer: churn_probability",
        twist="""if message["type"] == "http.response.body" and scope["path"] == "/predict_churn":
                import re
                message["body"] = re.sub(rb'("churn_probability": ?)0', rb"\\g<1>1", message["body"])""",
    ),
    "answers 500 to questions": Broken(
        "the new container's answer about a known customer: 500",
        twist="""if message["type"] == "http.response.start" and scope["path"].startswith("/predict"):
                message["status"] = 500""",
    ),
    "is never ready": Broken(
        "not ready five times in a row within 60 s: curl: .* 503",
        twist="""if message["type"] == "http.response.start" and scope["path"] == "/readyz":
                message["status"] = 503""",
    ),
    "answers 503 behind an edge": Broken(
        "through the new edge the new container answers 503",
        twist="""if message["type"] == "http.response.start" and b"x-forwarded-for" in dict(scope["headers"]):
                message["status"] = 503""",
    ),
    "has a bad compose file": Broken(
        "services must be a mapping.*the compose files of [0-9a-f]{40} are invalid",
        path="deploy/compose.prod.yml", new="services: [no, list]\n",
    ),
    "cannot be built": Broken(
        "exit code: 9.*retention-inference:[0-9a-f]{40} cannot be built",
        path="services/Dockerfile", old="FROM base AS inference\n", new="FROM base AS inference\nRUN exit 9\n",
    ),
    "has no file for mongo": Broken(
        "the sources of mongo or the edge are not where", path="services/Dockerfile", old=" AS mongo\n", new=" AS db\n"
    ),
    "has an edge that answers 503": Broken(
        "through the new edge the new container answers 503",
        path=PAGE, old="\treverse_proxy ", new="\trespond 503\n\treverse_proxy ",
    ),
    "has an edge that asks another port": Broken(
        "through the new edge the new container answers 000",  # Caddy dials for longer than it is waited for
        path=PAGE, old=":8000 {", new=":8001 {",
    ),
    "has a bad page for the edge": Broken(
        "the new edge does not start.*unexpected token 'nonsense'", path=PAGE, new="{ nonsense\n"
    ),
    "has an edge that listens to nobody": Broken(
        "the new edge does not start, or cannot load a page",
        path=PAGE, old="admin unix//tmp/admin.sock", new="admin off",
    ),
    "has an edge that ends": Broken(
        "the new edge does not start", path=EDGE, old='CMD ["run", ', new='CMD ["version", '
    ),
    "has a mongod that ends": Broken(
        "the new mongod, started without data, has ended", path=MONGO, new="#!/bin/sh\n[ $# -eq 0 ] || exit 0\nexit 9\n"
    ),
    "has an edge without ports": Broken(
        "less than in [0-9a-f]{40}: edge: port", path="deploy/compose.prod.yml",
        old='    ports: ["${HTTP_PORT:-80}:8080", "${HTTPS_PORT:-443}:8443"]\n', new="",
    ),
    "has a mongod of 64 MiB": Broken(
        "less than in [0-9a-f]{40}: mongo: mem_limit of 536870912", path="docker-compose.yml",
        old="mem_limit: 512m", new="mem_limit: 64m",
    ),
    "has users that cannot be made": Broken(
        "no users, says the drill.*mongo's users cannot be made",
        path=USERS, old="def main() -> int:", new='raise SystemExit("no users, says the drill")\ndef main() -> int:',
    ),
}  # fmt: skip

# Those of which visitors notice something before they are taken back.
FELT: Final = {
    "has a mongod that ends on our data": Broken(
        "mongo's users cannot be made", path=MONGO,
        old="exec mongod ", new="[[ ! -e $data/WiredTiger ]] || exit 9\nexec mongod ",
    ),
    "takes grants away": Broken(
        "the new container has ended", module=_CRASH,
        path=USERS, old='"inference": {', new='"inference": {} if True else {',
    ),
}  # fmt: skip
_NO_DATA = Broken(
    "the first data cannot be loaded", path="services/seeder/src/seeder/__main__.py", new="raise SystemExit(65)\n"
)
_ALL = BROKEN | FELT | {"loads no data": _NO_DATA}


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
        for name in run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
            if (ROOT / name).is_file():  # what is changed and not committed is tried too
                (self._tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self._tree / name)
        for name, value in (("user.name", "drill"), ("user.email", "drill@example.org")):
            self._git("config", name, value)
        self._change(API, "uvicorn.run(\n        app,", "uvicorn.run(\n        drill(app),")
        self._change(API, "import uvicorn\n", "import uvicorn\nfrom inference.drill import drill\n")
        self._git("checkout", "--quiet", "-B", "main")
        self.first = self.good()
        run("git", "clone", "--quiet", "--bare", self._tree, self.bare)
        self._git("remote", "set-url", "origin", str(self.bare))

    def good(self, changes: Mapping[str, tuple[str, str]] | None = None) -> str:
        """Push a revision whose answers carry its number; return its id. Its changes of files stay."""
        for path, (old, new) in (changes or {}).items():
            self._change(path, old, new)
        self._count += 1
        return self._commit(_WRAPPED.format(mark=self._count, twist="pass"))

    def broken(self, how: str) -> str:
        """Push a revision that is broken; return its id. The next one is whole again."""
        self._count += 1
        what = _ALL[how]
        with self._changed(what.path, what.old, what.new):
            return self._commit(what.module.format(mark=f"{self._count}-broken", twist=what.twist))

    def elsewhere(self) -> str:
        """Return a revision that exists at the origin, on another branch than main."""
        self._git("checkout", "--quiet", "-B", "other")
        sha = self._commit("# elsewhere\n", branch="other")
        self._git("checkout", "--quiet", "main")
        return sha

    def mark(self) -> str:
        """Return what the answers of the last good revision carry."""
        return str(self._count)

    @contextmanager
    def _changed(self, path: str, old: str, new: str) -> Iterator[None]:
        before = (self._tree / path).read_text(encoding="utf-8") if path else ""
        if path:
            self._change(path, old or before, new)
        yield
        if path:
            (self._tree / path).write_text(before, encoding="utf-8")

    def _change(self, path: str, old: str, new: str) -> None:
        text = (self._tree / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"the drills change {old!r} in {path}, which it does not have once"
        (self._tree / path).write_text(text.replace(old, new), encoding="utf-8")

    def _commit(self, module: str, branch: str = "main") -> str:
        (self._tree / "services/inference/src/inference/drill.py").write_text(module, encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "drill")
        if self.bare.exists():
            self._git("push", "--quiet", "origin", branch)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        return run("git", *arguments, cwd=self._tree)

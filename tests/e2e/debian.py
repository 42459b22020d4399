"""A container that is a fresh machine as far as it can be one: for the tests of bootstrap.sh."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

from e2e.deploying import ROOT, run

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

IMAGE: Final = os.environ.get("PYTHON_IMAGE", "python:3.11-slim-bookworm")  # Debian, and here for every suite
NEEDED: Final = ("--repository", "/given/origin.git", "--deploy-key", "/given/key.pub")
ITEMS: Final = 16
ADDRESSED: Final = ("--address", "192.0.2.1")
HOME: Final = "/srv/retention"


def given_to(given: Path) -> Path:
    """What an operator has: the project's folder deploy, a repository whose tag is called main, a key."""
    given.chmod(0o755)
    run("git", "clone", "--quiet", "--bare", ROOT, given / "origin.git")
    run("git", "update-ref", "refs/heads/main", "HEAD", cwd=given / "origin.git")
    run("git", "tag", "main", "HEAD~1", cwd=given / "origin.git")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "deploy", "-f", given / "key")
    (given / "systemctl").write_text('#!/bin/sh\necho "$*" >>/var/log/systemctl\n', encoding="ascii")
    return given


def mounted(given: Path) -> tuple[str, ...]:
    return ("--volume", f"{given}:/given:ro", "--volume", f"{ROOT}/deploy:/deploy:ro")


class Debian:
    """A container that is a machine as far as it can be one."""

    def __init__(self, given: Path, image: str = IMAGE) -> None:
        # NET_ADMIN: of its own network, for the firewall.
        started = ("docker", "run", "--detach", "--init", "--cap-add", "NET_ADMIN", *mounted(given))
        self.id = run(*started, "--add-host", "download.docker.com:127.0.0.1", image, "sleep", "infinity").strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        run("docker", "rm", "--force", "--volumes", self.id)

    def ran(self, *command: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        inside = ("docker", "exec", "--user", user, self.id, *command)
        return subprocess.run(inside, capture_output=True, text=True, check=False, timeout=600)

    def said(self, *command: str) -> str:
        done = self.ran(*command)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def bootstrap(self, *options: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        return self.ran("/deploy/bootstrap.sh", *NEEDED, *options, user=user)

    def again(self, *options: str) -> str:
        """What it says where nothing fails: all but the engine, which cannot be had."""
        return self.said("/deploy/bootstrap.sh", *NEEDED, "--skip", "engine", *options)

    def state(self) -> str:
        """Every file that bootstrap may have written, with its owner, mode and bytes."""
        found = f"find {HOME} /etc/ssh /etc/sudoers.d /etc/docker /etc/systemd/system /home /etc/ufw -type f"
        return self.said(
            "sh", "-c", f"{found} | sort | xargs stat -c '%U:%G %a %Y %n'; {found} | sort | xargs sha256sum"
        )

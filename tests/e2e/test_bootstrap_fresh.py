"""bootstrap.sh on a machine on which nothing was done yet. Run by scripts/e2e bootstrap."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Final

import pytest
from e2e.debian import ADDRESSED, IMAGE, ITEMS, Debian, given_to, mounted
from e2e.deploying import run

if TYPE_CHECKING:
    from pathlib import Path

if "COMPOSE_PROJECT_NAME" not in os.environ:
    pytest.skip("needs a Docker engine: scripts/e2e bootstrap runs it", allow_module_level=True)

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

DEBIAN_13: Final = "debian:trixie-slim"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return given_to(tmp_path_factory.mktemp("given"))


@pytest.mark.parametrize("user", ["root", "nobody"])
def test_a_plan_needs_nothing_and_changes_nothing(given: Path, user: str) -> None:
    """Where nothing can be written, it says all the same what it would do, on a screen of 100 columns."""
    nowhere = ("docker", "run", "--rm", "--read-only", "--network", "none", "--user", user, *mounted(given), IMAGE)
    said = run(*nowhere, "/deploy/bootstrap.sh", "--plan")
    assert len(re.findall(r"^[a-z]+ +missing ", said, re.MULTILINE)) == ITEMS - 1
    assert re.search(r"^swap +SKIPPED ", said, re.MULTILINE)
    assert "--repository URL --deploy-key FILE.pub --domain NAME" in said
    assert max(map(len, said.splitlines())) <= 100


def test_debian_13_has_its_engine_from_the_distribution(given: Path) -> None:
    """Docker's own packages are out of reach: client, Compose and buildx are Debian's."""
    had = any(
        subprocess.run(("docker", *ask, DEBIAN_13), capture_output=True, check=False).returncode == 0
        for ask in (("image", "inspect"), ("pull", "--quiet"))
    )
    if not had:
        pytest.skip(f"{DEBIAN_13} is not here and cannot be pulled")
    with Debian(given, DEBIAN_13) as debian:
        done = debian.bootstrap(*ADDRESSED, "--skip", "sshd")
        assert done.returncode == 0, done.stdout + done.stderr
        for command in (("dockerd", "--version"), ("docker", "compose", "version"), ("docker", "buildx", "version")):
            debian.said(*command)

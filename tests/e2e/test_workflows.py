"""deploy.yml and rollback.yml, run by `act` against a machine with a real sshd. Run by scripts/e2e workflows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from e2e.deploying import ROOT, Machine, Origin, run

if not {"VM_SSH_CONFIG", "COMPOSE_PROJECT_NAME"} <= {*os.environ} or not shutil.which("act"):
    pytest.skip("needs an engine, an sshd and act: scripts/e2e workflows runs it", allow_module_level=True)

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

REPOSITORY: Final = "shop/retention"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What GitHub has of the project, as far as the workflows need it."""
    top = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / ".github/workflows", top / ".github/workflows")
    (top / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/tell-vm", top / "scripts")
    run("git", "init", "--quiet", "--initial-branch", "main", cwd=top)
    run("git", "remote", "add", "origin", f"https://github.com/{REPOSITORY}.git", cwd=top)
    run("git", "add", "--all", cwd=top)
    who = ("-c", "user.name=drill", "-c", "user.email=drill@example.org", "-c", "commit.gpgsign=false")
    run("git", *who, "commit", "--quiet", "--message", "drill", cwd=top)
    return top


class Actions:
    """GitHub's part: an event, the environment `production` with its secret and variables, a runner."""

    def __init__(self, checkout: Path, machine: Machine) -> None:
        self._checkout = checkout
        self.variables = {
            "VM_ADDRESS": os.environ["VM_HOST"],
            "VM_PORT": os.environ["VM_PORT"],
            "VM_USER": os.environ["VM_USER"],
            "VM_KNOWN_HOSTS": Path(os.environ["VM_KNOWN_HOSTS"]).read_text(encoding="ascii").strip(),
            "PUBLIC_URL": machine.url,
        }

    def run(self, workflow: str, trigger: str, event: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        told = self._checkout.parent / "event.json"
        told.write_text(json.dumps(event), encoding="utf-8")
        variables = [word for name, value in self.variables.items() for word in ("--var", f"{name}={value}")]
        return subprocess.run(
            [
                *("act", trigger, "--workflows", f".github/workflows/{workflow}", "--eventpath", told),
                *("--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server", "--env", "RETRY_S=1"),
                *("--secret", "DEPLOY_KEY", *variables),
            ],
            cwd=self._checkout,
            env={**os.environ, "DEPLOY_KEY": Path(os.environ["VM_KEY"]).read_text(encoding="ascii")},
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip

    def deploy(self, sha: str, **told: Any) -> subprocess.CompletedProcess[str]:
        head = {"conclusion": "success", "event": "push", "head_repository": {"full_name": REPOSITORY}}
        return self.run("deploy.yml", "workflow_run", {"workflow_run": {**head, "head_sha": sha, **told}})


@pytest.fixture
def actions(checkout: Path, machine: Machine) -> Actions:
    return Actions(checkout, machine)


def test_what_passed_ci_on_main_is_deployed_and_a_rollback_goes_back(
    actions: Actions, machine: Machine, origin: Origin
) -> None:
    before, sha = machine.serves(), origin.good()
    done = actions.deploy(sha)
    assert done.returncode == 0, done.stdout
    assert machine.serves() == sha
    assert f"{machine.url} serves {sha}" in done.stdout
    done = actions.run("rollback.yml", "workflow_dispatch", {})
    assert done.returncode == 0, done.stdout
    assert machine.serves() == before
    assert f"{machine.url} serves {before}" in done.stdout


@pytest.mark.parametrize("told", [
    {"conclusion": "failure"},
    {"event": "pull_request"},
    {"head_repository": {"full_name": "fork/retention"}},
])  # fmt: skip
def test_of_anything_else_the_machine_hears_nothing(
    actions: Actions, machine: Machine, origin: Origin, told: dict[str, Any]
) -> None:
    before = machine.serves()
    done = actions.deploy(origin.good(), **told)
    assert done.returncode == 0, done.stdout
    assert "tell-vm" not in done.stdout
    assert machine.serves() == before


def test_what_the_machine_refuses_is_no_good_deploy(actions: Actions) -> None:
    done = actions.deploy("0" * 40)
    assert done.returncode
    assert "exit status 77" in done.stdout


def test_a_machine_with_another_key_than_the_pinned_one_is_told_nothing(
    actions: Actions, machine: Machine, origin: Origin, tmp_path: Path
) -> None:
    before = machine.serves()
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "decoy")
    decoy = (tmp_path / "decoy.pub").read_text(encoding="ascii").split()[1]
    actions.variables["VM_KNOWN_HOSTS"] = " ".join([*actions.variables["VM_KNOWN_HOSTS"].split()[:2], decoy])
    done = actions.deploy(origin.good())
    assert done.returncode
    assert "Host key verification failed" in done.stdout
    assert machine.serves() == before

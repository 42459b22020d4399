"""What bootstrap.sh says without doing anything; what it does is tried in a container (tests/e2e/test_bootstrap.py)."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
KEY: Final = "ssh-ed25519 AAAAC3Nz drill"
NEEDED: Final = {"--repository": "https://example.org/shop.git", "--deploy-key": "key.pub", "--address": "192.0.2.1"}


@pytest.fixture
def at(tmp_path: Path) -> Path:
    (tmp_path / "key.pub").write_text(f"{KEY}\n", encoding="ascii")
    (tmp_path / "two.pub").write_text(f"{KEY}\n{KEY}\n", encoding="ascii")
    (tmp_path / "options.pub").write_text(f'command="/bin/sh" {KEY}\n', encoding="ascii")
    return tmp_path


def bootstrap(at: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it with --plan besides: whatever a fault lets through, nothing is changed."""
    script = DEPLOY / "bootstrap.sh"
    return subprocess.run(
        [script, "--plan", *arguments], cwd=at, capture_output=True, text=True, check=False, timeout=30
    )


def test_the_deploy_key_is_restricted_to_the_gate(at: Path) -> None:
    done = bootstrap(at, "--print", "authorized_keys", "--deploy-key", "key.pub")
    assert done.stdout == f'restrict,command="/srv/retention/bin/deploy-gate" {KEY}\n'


def test_its_user_is_root_by_one_script_alone(at: Path) -> None:
    done = bootstrap(at, "--print", "sudoers")
    assert done.stdout == "deploy ALL=(root) NOPASSWD: /srv/retention/bin/deploy.sh\n"


def test_a_drill_has_the_same_lines_for_its_own_folder_and_user(at: Path) -> None:
    done = bootstrap(at, "--print", "sudoers", "--home", "/drill", "--user", "driller")
    assert done.stdout == "driller ALL=(root) NOPASSWD: /drill/bin/deploy.sh\n"


def test_every_script_of_the_folder_is_installed_but_itself(at: Path) -> None:
    done = bootstrap(at, "--print", "scripts")
    executable = {path.name for path in DEPLOY.iterdir() if path.is_file() and path.stat().st_mode & 0o100}
    sourced = {path.name for path in DEPLOY.glob("*.sh")}
    assert {*done.stdout.split()} == (executable | sourced) - {"bootstrap.sh"}


@pytest.mark.parametrize(("changed", "code", "said"), [
    ({"--address": "http://192.0.2.1"}, 64, "without http://"),
    ({"--domain": "shop.example; id"}, 64, "without http://"),
    ({"--print": "passwords"}, 64, "--print knows"),
    ({"--deploy-key": "two.pub"}, 65, "is not one public key"),
    ({"--deploy-key": "options.pub"}, 65, "is not one public key"),
    ({"--everything": "now"}, 64, "--repository   the repository whose main is deployed"),
    ({"--skip": ""}, 64, "--repository   the repository whose main is deployed"),
    ({"--skip": "firewal"}, 64, "--skip knows: packages engine"),
    ({"--user": "ALL, %sudo"}, 64, "--user a name"),
    ({"--home": "shop"}, 64, "--home must be a full path"),
    ({"--home": '/shop" ssh-ed25519'}, 64, "--home must be a full path"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(at: Path, changed: dict[str, str], code: int, said: str) -> None:
    options = {**NEEDED, **changed}
    done = bootstrap(at, *(word for option in options.items() for word in option))
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr

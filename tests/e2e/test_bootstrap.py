"""bootstrap.sh in a throw-away Debian: twice without harm. Run by scripts/e2e bootstrap.

There is no systemd in it, so that systemctl is a stand-in that writes down what it is asked; the engine and swap, which
would be the host's, are left out.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Final

import pytest
from e2e.deploying import ROOT, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if "COMPOSE_PROJECT_NAME" not in os.environ:
    pytest.skip("needs a Docker engine: scripts/e2e bootstrap runs it", allow_module_level=True)

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("network")]

IMAGE: Final = os.environ.get("PYTHON_IMAGE", "python:3.11-slim-bookworm")  # Debian, and here for every suite
WITHOUT: Final = ("--skip", "engine", "--skip", "swap")
NEEDED: Final = ("--repository", "/given/origin.git", "--deploy-key", "/given/key.pub")
ADDRESSED: Final = ("--address", "192.0.2.1")
SYSTEMCTL: Final = '#!/bin/sh\necho "$*" >>/var/log/systemctl\n[ ! -e /refuses ]\n'
HOME: Final = "/srv/retention"
SSHD: Final = "/etc/ssh/sshd_config.d/10-retention.conf"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an operator has: the project's folder deploy, a repository whose tag is called main, a key."""
    given = tmp_path_factory.mktemp("given")
    given.chmod(0o755)
    run("git", "clone", "--quiet", "--bare", ROOT, given / "origin.git")
    run("git", "update-ref", "refs/heads/main", "HEAD", cwd=given / "origin.git")
    run("git", "tag", "main", "HEAD~1", cwd=given / "origin.git")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "deploy", "-f", given / "key")
    (given / "systemctl").write_text(SYSTEMCTL, encoding="ascii")
    (given / "systemctl").chmod(0o755)
    return given


def mounted(given: Path) -> tuple[str, ...]:
    return ("--volume", f"{given}:/given:ro", "--volume", f"{ROOT}/deploy:/deploy:ro")


class Debian:
    """A container that is a machine as far as it can be one."""

    def __init__(self, given: Path) -> None:
        # NET_ADMIN: of its own network, for the firewall.
        started = ("docker", "run", "--detach", "--init", "--cap-add", "NET_ADMIN", *mounted(given), IMAGE)
        self.id = run(*started, "sleep", "infinity").strip()
        self.said("install", "/given/systemctl", "/usr/local/sbin/systemctl")
        # Somebody who can come in, as on every machine: otherwise root may, by key.
        self.said("install", "-D", "/given/key.pub", "/home/somebody/.ssh/authorized_keys")

    def ran(self, *command: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        inside = ("docker", "exec", "--user", user, self.id, *command)
        return subprocess.run(inside, capture_output=True, text=True, check=False, timeout=600)

    def said(self, *command: str) -> str:
        done = self.ran(*command)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def bootstrap(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.ran("/deploy/bootstrap.sh", *WITHOUT, *NEEDED, *options)

    def state(self) -> str:
        """Every file that bootstrap may have written, with its owner, mode and bytes."""
        found = f"find {HOME} /etc/ssh /etc/sudoers.d /etc/docker /etc/systemd/system /home /etc/ufw -type f"
        return self.said(
            "sh", "-c", f"{found} | sort | xargs stat -c '%U:%G %a %Y %n'; {found} | sort | xargs sha256sum"
        )


@pytest.fixture(scope="module")
def debian(given: Path) -> Iterator[Debian]:
    """A machine that was made ready once."""
    debian = Debian(given)
    try:
        done = debian.bootstrap(*ADDRESSED)
        assert done.returncode == 0, done.stdout + done.stderr
        yield debian
    finally:
        run("docker", "rm", "--force", "--volumes", debian.id)


def test_a_plan_changes_nothing(given: Path) -> None:
    """Where nothing can be written, it says all the same what it would do."""
    command = (
        "docker",
        "run",
        "--rm",
        "--read-only",
        "--network",
        "none",
        *mounted(given),
        IMAGE,
        "/deploy/bootstrap.sh",
    )
    said = run(*command, "--plan", *NEEDED, *ADDRESSED)
    assert "packages: would make" in said
    assert "key: would make" in said
    assert "repository: would make" in said


def test_a_second_time_changes_nothing(debian: Debian) -> None:
    before = debian.state()
    done = debian.bootstrap(*ADDRESSED)
    assert done.returncode == 0, done.stdout + done.stderr
    items = [line for line in done.stdout.splitlines() if ": " in line and "ready" not in line]
    assert [line for line in items if "SKIPPED" not in line and not line.endswith(": is so")] == []
    assert len(items) >= 15
    assert debian.state() == before


def test_the_key_and_its_user_can_do_one_thing(debian: Debian) -> None:
    public = debian.said("cat", "/given/key.pub")
    gate = f'restrict,command="{HOME}/bin/deploy-gate" {public}'
    assert debian.said("cat", "/home/deploy/.ssh/authorized_keys") == gate
    assert debian.said("id", "-nG", "deploy") == "deploy\n"
    listed = debian.said("sudo", "-l", "-U", "deploy")
    assert listed.split("commands on")[1].count("NOPASSWD") == 1
    assert f"(root) NOPASSWD: {HOME}/bin/deploy.sh" in listed
    for command in (
        "mv /home/deploy/.ssh /home/deploy/away",
        "touch /home/deploy/.ssh/x",
        f"touch {HOME}/bin/deploy.sh",
    ):
        assert debian.ran("sh", "-c", command, user="deploy").returncode, command
    assert debian.ran("cat", f"{HOME}/secrets/admin_key", user="deploy").returncode


def test_sshd_takes_keys_alone(debian: Debian) -> None:
    effective = debian.said("/usr/sbin/sshd", "-T").splitlines()
    assert {"passwordauthentication no", "kbdinteractiveauthentication no", "permitrootlogin no"} <= {*effective}


def test_the_firewall_lets_ssh_and_the_edge_in(debian: Debian) -> None:
    status = debian.said("ufw", "status", "verbose")
    assert "Status: active" in status
    assert "deny (incoming)" in status
    assert {line.split("/tcp")[0] for line in status.splitlines() if "ALLOW IN" in line and "v6" not in line} == {
        "22", "80", "443",
    }  # fmt: skip


def test_keys_are_made_on_the_machine_for_the_api_alone(debian: Debian) -> None:
    assert (
        debian.said("stat", "-c", "%U %g %a", f"{HOME}/keys", f"{HOME}/keys/api_keys")
        == "root 10003 750\nroot 10003 440\n"
    )
    assert (
        debian.said("stat", "-c", "%U %a", f"{HOME}/secrets/admin_key", f"{HOME}/secrets/smoke_header")
        == "root 400\n" * 2
    )
    names = [line.split()[:2] for line in debian.said("cat", f"{HOME}/keys/api_keys").splitlines()]
    assert names == [["deploy", "read"], ["owner", "admin"]]


def test_main_is_the_branch_and_no_tag(debian: Debian) -> None:
    refs = debian.said("git", "-C", f"{HOME}/repository", "for-each-ref", "--format=%(refname)").split()
    assert refs == ["refs/heads/main"]


def test_a_build_is_bounded_by_a_slice_that_was_started(debian: Debian) -> None:
    asked = debian.said("cat", "/var/log/systemctl").splitlines()
    assert "restart retentionbuild.slice" in asked
    assert "BUILD_CGROUP=retentionbuild.slice" in debian.said("cat", f"{HOME}/production.env").splitlines()


def test_a_backup_is_made_every_night(debian: Debian) -> None:
    unit = debian.said("cat", "/etc/systemd/system/retention-backup.service")
    (begun,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    debian.said("test", "-x", begun)
    asked = debian.said("cat", "/var/log/systemctl").splitlines()
    assert "enable --quiet --now retention-backup.timer" in asked


def test_settings_that_others_wrote_stay(debian: Debian) -> None:
    debian.said("sh", "-c", f"echo MIN_FREE_MB=3000 >>{HOME}/production.env")
    done = debian.bootstrap("--domain", "shop.example")
    assert done.returncode == 0, done.stdout + done.stderr
    settings = debian.said("cat", f"{HOME}/production.env").splitlines()
    assert sorted(line for line in settings if not line.startswith("#")) == [
        "BUILD_CGROUP=retentionbuild.slice", "DOMAIN=shop.example", "MIN_FREE_MB=3000", "PUBLIC_ADDRESS=192.0.2.1",
    ]  # fmt: skip
    assert len(settings) == 5
    assert "shop.example ssh-ed25519 AAAA" in done.stdout


def test_what_sshd_had_stays_when_it_refuses(debian: Debian) -> None:
    ours = debian.said("cat", SSHD)
    debian.said("sh", "-c", f"echo 'X11Forwarding no' >{SSHD} && touch /refuses")
    try:
        done = debian.bootstrap()
        assert done.returncode == 70, done.stdout
        assert "taken back" in done.stderr
        assert debian.said("cat", SSHD) == "X11Forwarding no\n"
    finally:
        debian.said("rm", "/refuses")
    assert debian.bootstrap().returncode == 0
    assert debian.said("cat", SSHD) == ours


def test_a_repository_that_cannot_be_reached_costs_the_old_one_nothing(debian: Debian) -> None:
    done = debian.bootstrap("--repository", "/given/nowhere.git")
    assert done.returncode
    assert debian.said("git", "-C", f"{HOME}/repository", "rev-parse", "main")


def test_nobody_but_root_is_let_begin(debian: Debian) -> None:
    done = debian.ran("/deploy/bootstrap.sh", *NEEDED, user="deploy")
    assert done.returncode == 77
    assert "must be root" in done.stderr

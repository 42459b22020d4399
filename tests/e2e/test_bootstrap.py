"""bootstrap.sh in a throw-away Debian: twice without harm. Run by scripts/e2e bootstrap.

There is no systemd in it: what would be started is written, and one test has a stand-in for systemctl. Docker's own
packages are out of reach, so that every run sees what an item that fails costs the others.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import pytest
from e2e.debian import ADDRESSED, HOME, ITEMS, NEEDED, Debian, given_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if "COMPOSE_PROJECT_NAME" not in os.environ:
    pytest.skip("needs a Docker engine: scripts/e2e bootstrap runs it", allow_module_level=True)

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

UNITS: Final = "/etc/systemd/system"
DAEMON: Final = "/etc/docker/daemon.json"
UNREADABLE: Final = "/etc/ssh/sshd_config.d/99-nonsense.conf"
SSHD: Final = "/etc/ssh/sshd_config.d/10-retention.conf"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return given_to(tmp_path_factory.mktemp("given"))


@pytest.fixture(scope="module")
def debian(given: Path) -> Iterator[Debian]:
    """A machine that was made ready, by a first run that some items failed in, and a second when that was mended."""
    with Debian(given) as debian:
        # A key that does not make an admin lets nobody back in.
        debian.said("useradd", "--create-home", "somebody")
        debian.said("install", "-D", "/given/key.pub", "/home/somebody/.ssh/authorized_keys")
        first = debian.bootstrap(*ADDRESSED)
        assert first.returncode == 70, first.stdout + first.stderr
        assert "failed: engine sshd." in first.stderr
        assert "download.docker.com cannot be reached" in first.stderr
        assert "has a key to log in with" in first.stderr
        assert "not started: no systemd here" in first.stdout
        debian.said("usermod", "--append", "--groups", "sudo", "somebody")
        made = [line.split()[0] for line in debian.again(*ADDRESSED).splitlines() if " making " in line]
        assert made == ["sshd"]
        yield debian


def test_a_plan_finds_what_is_there_for_an_ordinary_user_too(debian: Debian) -> None:
    """A user's PATH has no sbin, where sshd is."""
    done = debian.ran("env", "PATH=/usr/bin:/bin", "/deploy/bootstrap.sh", "--plan", user="deploy")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^packages +ready ", done.stdout, re.MULTILINE)
    assert re.search(r"^gate +ready ", done.stdout, re.MULTILINE)


def test_a_second_time_changes_nothing(debian: Debian) -> None:
    before = debian.state()
    states = re.findall(r"^([a-z]+) +(ready|making|SKIPPED) ", debian.again(*ADDRESSED), re.MULTILINE)
    assert len(states) == ITEMS
    assert {item for item, state in states if state != "ready"} == {"engine", "swap"}
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
    assert debian.said("find", "/home/deploy", "-not", "-user", "root") == ""
    debian.said("usermod", "--append", "--groups", "sudo", "deploy")
    debian.again()
    assert debian.said("id", "-nG", "deploy") == "deploy\n"


@pytest.mark.parametrize("made", [
    "useradd --create-home --groups sudo anothers",
    "useradd --create-home anothers && install -D /given/key.pub /home/anothers/.ssh/authorized_keys",
    "useradd --create-home --system anothers",
    "useradd --create-home anothers && echo anothers:secret | chpasswd",
])  # fmt: skip
def test_a_user_who_is_somebody_is_not_taken(debian: Debian, made: str) -> None:
    debian.said("sh", "-c", made)
    before = debian.said("sh", "-c", "id anothers; ls -lR /home/anothers")
    try:
        done = debian.bootstrap("--user", "anothers")
        assert (done.returncode, done.stdout) == (77, "")
        assert "choose another with --user" in done.stderr
        assert debian.said("sh", "-c", "id anothers; ls -lR /home/anothers") == before
    finally:
        debian.said("sh", "-c", "userdel --remove anothers 2>&1")


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


def test_the_firewall_does_not_shut_a_door_that_it_cannot_see(debian: Debian) -> None:
    """What sshd listens at is asked of sshd."""
    debian.said("ufw", "disable")
    debian.said("sh", "-c", f"echo Nonsense >{UNREADABLE}")
    try:
        done = debian.bootstrap("--skip", "engine")
        assert done.returncode == 70
        assert "failed: firewall." in done.stderr
        assert debian.said("ufw", "status") == "Status: inactive\n"
    finally:
        debian.said("rm", UNREADABLE)
        debian.again()


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


def test_what_is_written_is_started_by_systemd(debian: Debian) -> None:
    """A stand-in writes down what it is asked; swap would be the host's."""
    debian.said("mkdir", "--parents", "/run/systemd/system")
    debian.said("install", "/given/systemctl", "/usr/local/sbin/systemctl")
    debian.said("rm", DAEMON, SSHD, f"{UNITS}/retentionbuild.slice", f"{UNITS}/retention-backup.timer")
    try:
        debian.again("--skip", "swap")
        asked = {*debian.said("cat", "/var/log/systemctl").splitlines()}
    finally:
        debian.said("rm", "--recursive", "/run/systemd", "/usr/local/sbin/systemctl")
    assert asked >= {"enable --quiet docker", "restart docker", "try-reload-or-restart ssh", "daemon-reload"}
    assert asked >= {"enable --quiet retentionbuild.slice", "restart retentionbuild.slice"}
    assert asked >= {"enable --quiet --now retention-backup.timer"}


def test_a_build_is_bounded_by_the_slice(debian: Debian) -> None:
    assert "MemoryMax=600M" in debian.said("cat", f"{UNITS}/retentionbuild.slice").splitlines()
    assert "BUILD_CGROUP=retentionbuild.slice" in debian.said("cat", f"{HOME}/production.env").splitlines()


def test_a_backup_is_made_every_night(debian: Debian) -> None:
    unit = debian.said("cat", f"{UNITS}/retention-backup.service")
    (begun,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    debian.said("test", "-x", begun)


def test_settings_that_others_wrote_stay(debian: Debian) -> None:
    debian.said("sh", "-c", f"echo MIN_FREE_MB=3000 >>{HOME}/production.env")
    said = debian.again("--domain", "shop.example")
    settings = debian.said("cat", f"{HOME}/production.env").splitlines()
    assert sorted(line for line in settings if not line.startswith("#")) == [
        "BUILD_CGROUP=retentionbuild.slice", "DOMAIN=shop.example", "MIN_FREE_MB=3000", "PUBLIC_ADDRESS=192.0.2.1",
    ]  # fmt: skip
    assert len(settings) == 5
    assert "shop.example ssh-ed25519 AAAA" in said


def test_what_sshd_had_stays_when_it_refuses(debian: Debian) -> None:
    ours = debian.said("cat", SSHD)
    before_ours = "/etc/ssh/sshd_config.d/00-passwords.conf"  # the first word counts
    debian.said("sh", "-c", f"echo 'X11Forwarding no' >{SSHD}; echo PasswordAuthentication yes >{before_ours}")
    try:
        done = debian.bootstrap("--skip", "engine")
        assert done.returncode == 70, done.stdout
        assert "they were undone" in done.stderr
        assert debian.said("cat", SSHD) == "X11Forwarding no\n"
    finally:
        debian.said("rm", before_ours)
    debian.again()
    assert debian.said("cat", SSHD) == ours


def test_settings_of_the_engine_that_cannot_be_read_stay(debian: Debian) -> None:
    ours = debian.said("cat", DAEMON)
    debian.said("sh", "-c", f"echo '{{' >{DAEMON}")
    try:
        done = debian.bootstrap("--skip", "engine")
        assert done.returncode == 70
        assert "failed: daemon." in done.stderr
        assert debian.said("cat", DAEMON) == "{\n"
    finally:
        debian.said("rm", DAEMON)
    debian.again()
    assert debian.said("cat", DAEMON) == ours


def test_a_repository_that_cannot_be_reached_costs_the_old_one_nothing(debian: Debian) -> None:
    done = debian.bootstrap("--skip", "engine", "--repository", "/given/nowhere.git")
    assert done.returncode == 70
    assert "failed: repository." in done.stderr
    assert debian.said("git", "-C", f"{HOME}/repository", "rev-parse", "main")


def test_a_full_disk_is_no_place_to_begin(debian: Debian) -> None:
    """But what is ready takes a new key or domain all the same."""
    debian.said("sh", "-c", "printf '#!/bin/sh\necho 100\n' >/usr/local/bin/df && chmod 755 /usr/local/bin/df")
    try:
        done = debian.bootstrap(*ADDRESSED, "--home", "/elsewhere")
        assert (done.returncode, done.stdout) == (73, "")
        debian.again()
    finally:
        debian.said("rm", "/usr/local/bin/df")


@pytest.mark.parametrize(("options", "user", "code", "said"), [
    (NEEDED, "deploy", 77, "must be root"),
    (NEEDED[:2], "root", 64, "--repository and --deploy-key are needed"),
    (NEEDED[2:], "root", 64, "--repository and --deploy-key are needed"),
    ((*NEEDED, "--home", "/elsewhere"), "root", 64, "--domain or --address is needed"),
])  # fmt: skip
def test_what_is_needed_is_asked_for(debian: Debian, options: tuple[str, ...], user: str, code: int, said: str) -> None:
    done = debian.ran("/deploy/bootstrap.sh", *options, user=user)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr

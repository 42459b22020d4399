"""What a machine must have for a deploy, and what runs on it besides. Run by scripts/e2e."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from e2e.deploying import Machine, run

if TYPE_CHECKING:
    from e2e.revisions import Origin

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

USAGE, NO_MEMORY, UNKNOWN, NO_DISK, BUSY, NO_SETTINGS = 64, 69, 70, 73, 75, 78


@pytest.mark.parametrize(("setting", "code", "cause"), [
    ("MIN_FREE_MB", NO_DISK, "MB are free under"),
    ("MIN_MEMORY_MB", NO_MEMORY, "MB of memory and swap are free"),
])  # fmt: skip
def test_a_machine_without_room_is_left_as_it_is(machine: Machine, setting: str, code: int, cause: str) -> None:
    before = machine.serves()
    with machine.settings(**{setting: "999999999"}):
        done = machine.deploy(before)
    assert done.returncode == code, done.stdout
    assert cause in done.stdout
    assert machine.serves() == before


def test_where_no_log_can_be_written_a_deploy_is_heard_of_and_gone_back_from(machine: Machine, origin: Origin) -> None:
    before, sha = machine.serves(), origin.good()
    assert machine.deploy(sha).returncode == 0
    with machine.full_log(), machine.settings(MIN_FREE_MB="999999999"):
        done = machine.deploy(sha)
        back = machine.ssh("rollback")
    assert done.returncode == NO_DISK, done.stdout
    assert "MB are free under" in done.stdout
    assert back.returncode == 0, back.stdout
    assert "log/deploys cannot be written" in back.stdout
    assert machine.serves() == before


@pytest.mark.parametrize(("mute", "heal"), [
    (("pause",), ("unpause",)),
    (("exec", "sh", "-c", "mv /live/colour /live/kept"), ("exec", "sh", "-c", "mv /live/kept /live/colour")),
    (("exec", "sh", "-c", "cp /live/colour /live/kept; : >/live/colour"),
     ("exec", "sh", "-c", "mv /live/kept /live/colour")),
])  # fmt: skip
def test_nothing_is_taken_away_while_the_edge_does_not_say_whom_it_asks(
    machine: Machine, mute: tuple[str, ...], heal: tuple[str, ...]
) -> None:
    before, running, edge = machine.serves(), machine.containers(), machine.container("edge")
    run("docker", mute[0], edge, *mute[1:])
    try:
        refused = [machine.deploy(before), machine.ssh("rollback")]
        status = machine.ssh("status")
    finally:
        run("docker", heal[0], edge, *heal[1:])
    for done in refused:
        assert done.returncode == UNKNOWN, done.stdout
        assert "the edge does not name a colour" in done.stdout
    assert status.returncode == 0
    assert "serves:  unknown" in status.stdout
    assert machine.containers() == running
    assert machine.serves() == before


@pytest.mark.parametrize("value", ["a b", "'a"])
def test_settings_that_cannot_be_read_are_named(machine: Machine, value: str) -> None:
    before = machine.serves()
    with machine.settings(ALLOWED_HOSTS=value, DRAIN_S="1"):
        done = machine.deploy(before)
    assert done.returncode == NO_SETTINGS, done.stdout
    assert f"{machine.home}/production.env cannot be read" in done.stdout
    assert machine.serves() == before


def test_changed_answers_come_where_it_is_said_and_go_where_one_goes_back(machine: Machine, origin: Origin) -> None:
    before, changed = machine.serves(), origin.broken("turns the verdict over")
    command = (machine.home / "bin/deploy.sh", "--accept-changed-answers", changed)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert machine.serves() == changed
    back = machine.ssh("rollback")
    assert back.returncode == 0, back.stdout + back.stderr
    assert "as accepted: prediction.churn_prediction" in done.stdout
    assert machine.serves() == before


def test_what_is_said_besides_is_not_ignored(machine: Machine) -> None:
    sha, script = machine.serves(), machine.home / "bin/deploy.sh"
    for words in ((sha, "now"), ("--rollback", "now"), ("--accept-changed-answers", sha, "now"), ()):
        done = subprocess.run([script, *words], capture_output=True, text=True, check=False)
        assert done.returncode == USAGE, done.stdout
        assert "deploy.sh SHA" in done.stderr


def test_nothing_is_deployed_beside_a_training(machine: Machine) -> None:
    before = machine.serves()
    labels = (f"com.docker.compose.project={machine.project}", "com.docker.compose.service=trainer")
    at_work = run(
        *("docker", "run", "--detach", "--rm", *(f"--label={label}" for label in labels)),
        *("--entrypoint", "sleep", f"retention-trainer:{before}", "120"),
    ).strip()
    try:
        done = machine.deploy(before)
    finally:
        run("docker", "rm", "--force", at_work)
    assert done.returncode == BUSY, done.stdout
    assert "the trainer is running" in done.stdout


def test_a_job_is_built_again_when_its_image_was_cleared_away(machine: Machine) -> None:
    """As deploy.sh builds it, for the next deploys to find and to clear away."""
    image = f"retention-trainer:{machine.serves()}"
    run("docker", "rmi", "--force", image)
    assert "champion" in run(machine.home / "bin/compose", "run", "--rm", "trainer", "list")
    labels = run("docker", "image", "inspect", "--format", "{{json .Config.Labels}}", image)
    assert f'"retention.project":"{machine.project}"' in labels


def test_scripts_that_a_deploy_does_not_bring_are_named(machine: Machine, origin: Origin) -> None:
    """What a deploy brings is the release; bin/ is bootstrap's."""
    done = machine.deploy(origin.good({"deploy/rollback.sh": ("# Go back", "# Go right back")}))
    assert done.returncode == 0
    assert "WARNING: scripts on this machine differ from the release: rollback.sh;" in done.stdout
    origin.good({"deploy/rollback.sh": ("# Go right back", "# Go back")})

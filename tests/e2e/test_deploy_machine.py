"""What a machine must have for a deploy, and what runs on it besides. Run by scripts/e2e."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from e2e.deploying import Machine, run

if TYPE_CHECKING:
    from e2e.revisions import Origin

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("network")]

BUSY, NO_DISK, NO_MEMORY = 75, 73, 69


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
    assert "the trainer is at work" in done.stdout


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
    assert "WARNING: this machine has other scripts than the release: rollback.sh;" in done.stdout
    origin.good({"deploy/rollback.sh": ("# Go right back", "# Go back")})

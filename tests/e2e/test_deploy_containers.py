"""Every container that a deploy makes is looked over, those of seconds too. Run by scripts/e2e deploy."""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from e2e.hardening import container_faults, run, service_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from e2e.deploying import Machine, Origin

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("network")]

COMPOSED, MADE = "com.docker.compose.project", "retention.project"


def test_every_container_that_a_deploy_makes_is_hardened(machine: Machine, origin: Origin) -> None:
    revisions = [origin.good(), *map(origin.broken, ("has a mongod that ends", "has a bad page for the edge"))]
    with made_for(machine.project) as made:
        codes = [machine.deploy(sha).returncode for sha in revisions]
    assert codes == [0, 65, 65]
    faults = {f"{service_of(each)} {each['Path']}": container_faults(each) for each in made}
    assert {name: found for name, found in faults.items() if found} == {}
    by_itself = {
        " ".join([each["Path"], *each["Args"][:1]]) for each in made if COMPOSED not in each["Config"]["Labels"]
    }
    assert by_itself == {"start-mongod", "caddy run", "sh -c", "caddy validate"}, "those of seconds were seen"


@contextmanager
def made_for(project: str) -> Iterator[list[dict[str, Any]]]:
    """Collect what the engine knows of each container made for a project; one gone before it was asked fails."""
    of_made = ("--filter", "type=container", "--filter", "event=create", "--since", str(int(time.time())))
    command = ["docker", "events", *of_made, "--format", "{{json .Actor}}"]
    made: list[dict[str, Any]] = []
    with ThreadPoolExecutor() as pool, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as told:
        assert told.stdout
        looking = pool.submit(_look, told.stdout, project, made)
        try:
            yield made
        finally:
            told.terminate()
    looking.result()


def _look(told: Iterable[str], project: str, made: list[dict[str, Any]]) -> None:
    for line in told:
        actor = json.loads(line)
        if project in {actor["Attributes"].get(COMPOSED), actor["Attributes"].get(MADE)}:
            made += json.loads(run("docker", "inspect", actor["ID"]))

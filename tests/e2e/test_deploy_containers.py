"""Every container that a deploy makes is looked over, those of seconds too. Run by scripts/e2e deploy."""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from e2e.hardening import container_faults, service_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from e2e.deploying import Machine, Origin

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

COMPOSED, MADE = "com.docker.compose.project", "retention.project"
OF_SECONDS = {"start-mongod", "caddy run", "sh -c", "caddy validate"}


def test_every_container_that_a_deploy_makes_is_hardened(machine: Machine, origin: Origin) -> None:
    of_seconds: set[str] = set()
    for _ in range(3):  # one may be gone before it can be asked about
        revisions = [origin.good(), *map(origin.broken, ("has a mongod that ends", "has a bad page for the edge"))]
        with made_for(machine.project) as made:
            codes = [machine.deploy(sha).returncode for sha in revisions]
        assert codes == [0, 65, 65]
        faults = {f"{service_of(each)} {each['Path']}": container_faults(each) for each in made}
        assert {name: found for name, found in faults.items() if found} == {}
        alone = [each for each in made if COMPOSED not in each["Config"]["Labels"]]
        of_seconds |= {" ".join([each["Path"], *each["Args"][:1]]) for each in alone}
        if of_seconds == OF_SECONDS:
            break
    assert of_seconds == OF_SECONDS


@contextmanager
def made_for(project: str) -> Iterator[list[dict[str, Any]]]:
    """Collect what the engine knows of each container made for a project, but of one that was gone before."""
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
            told_of = subprocess.run(["docker", "inspect", actor["ID"]], capture_output=True, text=True, check=False)
            made += json.loads(told_of.stdout) if told_of.returncode == 0 else []

"""The machine that the drills of a deploy share: it was empty, and its first deploy was refused."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from e2e.deploying import Machine, Origin, Visitors, free_port

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator


@dataclass
class First:
    """The first deploy that a machine has seen, of a revision that cannot load the data, and what was there then."""

    done: subprocess.CompletedProcess[str]
    serves: str
    colours: list[str]
    again: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    """In a folder that others may pass through: pytest's own are closed to the user who deploys."""
    if "VM_SSH_CONFIG" not in os.environ or "COMPOSE_PROJECT_NAME" not in os.environ:
        pytest.skip("needs a Docker engine and an sshd: scripts/e2e deploy runs it")
    with TemporaryDirectory(prefix="retention-deploy-") as folder:
        yield Origin(Path(folder))


@pytest.fixture(scope="session")
def used_machine(origin: Origin) -> Iterator[tuple[Machine, First]]:
    machine = Machine(origin.bare.parent, origin, free_port())
    try:
        done = machine.deploy(origin.broken("loads no data"))
        was = (machine.serves(), machine.colours())
        yield machine, First(done, *was, again=machine.deploy(origin.good()))
    finally:
        machine.gone()


@pytest.fixture(scope="session")
def first(used_machine: tuple[Machine, First]) -> First:
    return used_machine[1]


@pytest.fixture
def machine(used_machine: tuple[Machine, First]) -> Machine:
    """A machine that serves."""
    machine, first = used_machine
    assert first.again.returncode == 0, first.again.stdout + first.again.stderr
    return machine


@pytest.fixture
def visitors(machine: Machine) -> Iterator[Visitors]:
    """50 requests a second for the length of the test, none of which may fail."""
    with Visitors(machine.url, machine.key) as visitors:
        yield visitors
    print(f"{visitors.sent} requests, {len(visitors.failures)} failed, the slowest {visitors.slowest_s * 1000:.0f} ms")  # noqa: T201
    assert not visitors.failures, "\n".join(visitors.failures[:20])

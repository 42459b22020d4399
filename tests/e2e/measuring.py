"""A Compose project, asked and measured from outside: what a stack takes while its jobs run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import httpx
from e2e.hardening import run

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 120
SERVING = ("mongo", "blue", "edge")
JOBS = ("seeder", "trainer")
# Of cgroups of version 2 or 1.
LOOK = """
cd /sys/fs/cgroup
cat memory.peak 2>/dev/null || cat memory/memory.max_usage_in_bytes
cat memory.events memory/memory.oom_control 2>/dev/null | sed -n 's/^oom_kill //p'
"""


class Project:
    """A Compose project of these files; gone in the end, its volumes too."""

    def __init__(self, name: str, *files: str | Path) -> None:
        self.name = f"{os.environ['COMPOSE_PROJECT_NAME']}-{name}"
        self._files = [f"--file={file}" for file in ("docker-compose.yml", *files)]

    def compose(self, *arguments: str) -> str:
        """Run docker compose for it; return what it said."""
        where = ("--project-directory", str(ROOT), "--project-name", self.name)
        files = [each.replace("--file=", f"--file={ROOT}/") for each in self._files]
        return run("docker", "compose", "--progress", "quiet", *where, *files, *arguments)

    def down(self) -> None:
        """Stop and remove all of it."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5")


def ask(url: str, key: str) -> None:
    """Ask about 500 customers through the edge, when it is ready."""
    deadline = time.monotonic() + READY_WITHIN_S
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=5) as client:
        while client.get("/readyz").status_code != httpx.codes.OK:
            assert time.monotonic() < deadline, "production is not ready"
            time.sleep(0.2)
        statuses = {
            client.post("/predict_churn_by_id", json={"customer_id": customer_id}).status_code
            for customer_id in range(12_300, 12_800)
        }
        assert statuses <= {httpx.codes.OK, httpx.codes.NOT_FOUND}


def memory_of(project: Project, service: str) -> tuple[float, int]:
    """Return MiB at its peak so far, the files that the kernel kept for it included, and how often it was killed."""
    peak, *killed = project.compose("exec", "-T", service, "sh", "-c", LOOK).split()
    return int(peak) / 2**20, int(killed[0])


def peak_of_job(project: Project, job: str) -> float:
    """Run a job to its good end; return MiB at its peak, seen until a moment before it."""
    project.compose("up", "--detach", "--no-deps", job)
    peak_mib = 0.0
    while True:
        try:
            peak_mib = memory_of(project, job)[0]
        except (AssertionError, ValueError):  # it has ended
            break
    assert run("docker", "wait", f"{project.name}-{job}-1").strip() == "0", project.compose("logs", job)
    return peak_mib

"""Every container of the developer's stack and of production, looked over; the look itself, with a fault for each rule.

Production runs through seeding and training within its limits: what it takes is printed. Run by scripts/e2e.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from e2e import hardening
from e2e.hardening import RULES, container_faults, containers_of, image_faults, process_faults, run, service_of
from e2e.measuring import JOBS, ROOT, SERVING, Project, ask, memory_of, peak_of_job
from e2e.planted import PLANTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

if "COMPOSE_PROJECT_NAME" not in os.environ:
    pytest.skip("needs a Docker engine: scripts/e2e runs it", allow_module_level=True)

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

PROJECT = os.environ["COMPOSE_PROJECT_NAME"]
BUILT = ("init", "mongo", "seeder", "trainer", "inference")
BASE = {"init", "mongo-check", "mongo", "mongo-users", "seeder", "trainer", "inference"}
PRODUCTION = {"init", "mongo-check", "mongo", "mongo-users", "seeder", "trainer", "blue", "edge"}
BUDGET_MIB = 780  # of 1,024: the rest is the kernel's, the engine's and sshd's


@pytest.fixture(scope="module")
def images() -> None:
    """Every image of the stack, built from this checkout."""
    Project("images").compose("build")


@pytest.fixture(scope="module")
def developers(images: None) -> Iterator[list[dict[str, Any]]]:  # noqa: ARG001 - they are there
    """The containers that `docker compose up` starts, made and not started."""
    project = Project("base")
    try:
        project.compose("up", "--no-start", "--no-build", "--pull", "never")
        yield containers_of(project.name)
    finally:
        project.down()


@pytest.fixture(scope="module")
def planted(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:  # noqa: ARG001
    """A container for each fault in PLANTED, and one without; made and not started."""
    file = tmp_path_factory.mktemp("planted") / "compose.yml"
    like = f"extends: {{file: {ROOT}/docker-compose.yml, service: inference}}"
    foreign = os.environ.get("PYTHON_IMAGE", "python:3.11-slim-bookworm")
    lines = ["services:", f"  sound: {{{like}}}"]
    for number, fault in enumerate(PLANTED):
        words = fault.removeprefix("{").removesuffix("}") if fault.startswith("{") else fault
        lines.append(f"  fault-{number}: {{{like}, {words.replace('{image}', foreign)}}}")
    file.write_text("\n".join(lines), encoding="utf-8")
    project = Project("planted", os.path.relpath(file, ROOT))
    try:
        names = [line.split(":")[0].strip() for line in lines[1:]]
        project.compose("create", "--no-build", "--pull", "never", *names)
        yield containers_of(project.name)
    finally:
        project.down()


class Production:
    """Production's stack, seeded, trained and asked, and what its containers took meanwhile."""

    def __init__(self, project: Project, key: str, peaks_mib: dict[str, float]) -> None:
        self.project = project
        self.peaks_mib = peaks_mib | {service: memory_of(project, service)[0] for service in SERVING}
        self.kills = {service: memory_of(project, service)[1] for service in SERVING}
        self.containers = containers_of(project.name)
        made = run("docker", "run", "--rm", "--volume", f"{project.name}_secrets:/secrets:ro", "--entrypoint", "sh",
                   "retention-init", "-c", "cat /secrets/*/*").split()  # fmt: skip
        self.secrets = {text.split(":")[2].split("@")[0] if "@" in text else text for text in made} | {key}


@pytest.fixture(scope="module")
def production(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:  # noqa: ARG001
    """What deploy.sh starts, with one colour of the API, behind the edge."""
    keys = tmp_path_factory.mktemp("keys")
    for folder in (keys, keys.parent, keys.parent.parent):
        folder.chmod(0o755)
    key, line = run(str(ROOT / "deploy/make-key"), "hardening", "read").splitlines()
    (keys / "api_keys").write_text(f"{line}\n", encoding="ascii")
    tag = secrets.token_hex(6)
    run("docker", "build", "--quiet", "--tag", f"retention-edge:{tag}", "--build-arg",
        f"CADDY_IMAGE={os.environ.get('CADDY_IMAGE', 'caddy:2')}", str(ROOT / "deploy/edge"))  # fmt: skip
    for name in BUILT:
        run("docker", "tag", f"retention-{name}", f"retention-{name}:{tag}")
    project = Project("prod", "deploy/compose.prod.yml")
    with pytest.MonkeyPatch.context() as patch, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        settings = {
            "RELEASE": tag, "MONGO_RELEASE": tag, "EDGE_RELEASE": tag, "API_KEYS_DIR": str(keys),
            "HTTP_PORT": url.removeprefix("http://"), "HTTPS_PORT": "127.0.0.1:",
        }  # fmt: skip
        for name, value in settings.items():
            patch.setenv(name, value)
        free.close()
        try:
            project.compose("up", "--detach", "blue", "edge")
            start = time.monotonic()
            peaks = {job: peak_of_job(project, job) for job in JOBS}
            print(f"seeded and trained in {time.monotonic() - start:.0f} s")  # noqa: T201
            ask(url, key)
            yield Production(project, key, peaks)
        finally:
            project.down()
            # A deploy that clears up on the same engine may have been first.
            tags = [f"retention-{name}:{tag}" for name in (*BUILT, "edge")]
            subprocess.run(["docker", "image", "rm", *tags], capture_output=True, check=False)


# The look itself


def test_a_sound_container_breaks_no_rule(planted: list[dict[str, Any]]) -> None:
    (sound,) = [container for container in planted if service_of(container) == "sound"]
    assert container_faults(sound) == []


@pytest.mark.parametrize(("number", "rule"), [*enumerate(PLANTED.values())], ids=list(PLANTED))
def test_a_planted_fault_is_found_and_nothing_else(planted: list[dict[str, Any]], number: int, rule: str) -> None:
    (faulty,) = [container for container in planted if service_of(container) == f"fault-{number}"]
    assert container_faults(faulty) == [rule]


def test_there_is_a_planted_fault_for_every_rule() -> None:
    assert {*PLANTED.values()} == {*RULES}


def test_a_process_with_all_that_it_must_not_have_is_found(images: None) -> None:  # noqa: ARG001
    careless = ("--user", "0", "--security-opt", "seccomp=unconfined", "--env", "ADMIN_PASSWORD=hunter2")
    container_id = run(
        "docker", "run", "--detach", "--rm", *careless, "--entrypoint", "sleep", "retention-init", "60"
    ).strip()
    try:
        assert process_faults(container_id) == [
            "runs as nobody", "runs without capabilities", "gets no new privileges", "runs under seccomp",
            "was given no secret",
        ]  # fmt: skip
    finally:
        run("docker", "kill", container_id)


def test_a_container_that_takes_too_much_is_told(images: None) -> None:  # noqa: ARG001
    container_id = run("docker", "run", "--detach", "--memory", "32m", "--memory-swap", "32m", "--entrypoint", "python",
                       "retention-init", "-c", "bytearray(2**28)").strip()  # fmt: skip
    try:
        assert run("docker", "wait", container_id).strip() == "137"
        assert run("docker", "inspect", "--format", "{{.State.OOMKilled}}", container_id).strip() == "true"
    finally:
        run("docker", "rm", "--force", container_id)


def test_an_image_with_a_secret_an_installer_and_root_is_found(images: None, tmp_path: Path) -> None:  # noqa: ARG001
    (tmp_path / "Dockerfile").write_text(
        "FROM retention-init\nUSER 0\nARG API_TOKEN\nRUN printf '#!/bin/sh' >/usr/bin/gcc && chmod +x /usr/bin/gcc\n",
        encoding="utf-8",
    )
    name = f"{PROJECT}-planted"
    run("docker", "build", "--quiet", "--tag", name, "--build-arg", "API_TOKEN=hunter2", str(tmp_path))
    try:
        assert image_faults(name) == ["no secret in its layers", "made for nobody", "no compiler and no installer"]
        assert image_faults("retention-init", ["make_secrets"]) == []
        assert image_faults("retention-init", ["useradd"]) == ["no secret in its layers"], "of known ones, any word"
    finally:
        run("docker", "image", "rm", name)


# The stacks


def test_every_container_of_a_developer_is_hardened(developers: list[dict[str, Any]]) -> None:
    assert {service_of(container) for container in developers} == BASE
    assert _faults(developers) == {}


def test_every_container_of_production_is_hardened(production: Production) -> None:
    assert {service_of(container) for container in production.containers} == PRODUCTION
    assert _faults(production.containers, production.secrets) == {}


def test_production_publishes_the_edge_alone(production: Production) -> None:
    published = {service_of(each) for each in production.containers if each["HostConfig"]["PortBindings"]}
    assert published == {"edge"}


@pytest.mark.parametrize("service", SERVING)
def test_the_process_of_a_server_is_hardened(production: Production, service: str) -> None:
    (container,) = [each for each in production.containers if service_of(each) == service]
    assert process_faults(container["Id"], production.secrets) == []


@pytest.mark.parametrize("name", [*BUILT, "edge"])
def test_an_image_holds_no_secret_no_compiler_and_no_installer(production: Production, name: str) -> None:
    # By its id: a deploy that clears up on the same engine may have taken the name.
    (image,) = {each["Image"] for each in production.containers if f"-{name}:" in each["Config"]["Image"]}
    assert image_faults(image, production.secrets) == []


def test_no_secret_is_logged(production: Production) -> None:
    logged = production.project.compose("logs")
    assert "retention" in logged
    assert not hardening.has_secret(logged, production.secrets)


def test_production_seeds_trains_and_serves_within_its_budget(production: Production) -> None:
    limits = {service_of(each): each["HostConfig"]["Memory"] / 2**20 for each in production.containers}
    for service, peak in production.peaks_mib.items():
        print(f"{service}: {peak:.0f} MiB of {limits[service]:.0f} at the peak")  # noqa: T201
    # No job runs beside another: the most there can be is the servers' peaks and the larger job's, all at once.
    servers = sum(production.peaks_mib[service] for service in SERVING)
    most = servers + max(production.peaks_mib[job] for job in JOBS)
    print(f"servers {servers:.0f} MiB, with the larger job {most:.0f} of {BUDGET_MIB}")  # noqa: T201
    assert min(production.peaks_mib.values()) > 1, "something was measured"
    assert most <= BUDGET_MIB
    assert production.kills == dict.fromkeys(SERVING, 0)
    assert not [service_of(each) for each in production.containers if each["State"]["OOMKilled"]]
    assert not [service_of(each) for each in production.containers if each["RestartCount"]]


def _faults(containers: Sequence[dict[str, Any]], known: Sequence[str] | set[str] = ()) -> dict[str, list[str]]:
    return {service_of(each): faults for each in containers if (faults := container_faults(each, known))}

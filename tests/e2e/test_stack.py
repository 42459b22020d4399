"""The whole system in containers, as `docker compose up` brings it up. Run by scripts/e2e."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from e2e.database_users import ALLOWED, COLLECTIONS, DATABASES, allowed

if TYPE_CHECKING:
    from collections.abc import Iterator

if "COMPOSE_PROJECT_NAME" not in os.environ:
    pytest.skip("needs a Docker engine: scripts/e2e runs it", allow_module_level=True)

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("network")]

ROOT = Path(__file__).parents[2]
PROBE = Path(__file__).with_name("database_probe.py").read_text(encoding="utf-8")
JOBS = ("init", "mongo-check", "mongo-users", "seeder", "trainer")
SERVERS = ("mongo", "inference")
SERVICES = (*JOBS, *SERVERS)
IMAGES = ("init", "mongo", "seeder", "trainer", "inference")
READY_WITHIN_S = 180
RSS_LIMIT_MB = 90  # of the budget for a machine of 1 GiB
UNAUTHORIZED = 13


class Stack:
    """A compose project: what a person could type, and the API it serves."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.url = f"http://127.0.0.1:{os.environ['PORT']}"
        self.ready_after_s = 0.0

    def compose(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        """Run docker compose for this project; return what it said, both streams when it may fail."""
        return _run(
            "docker", "compose", "--progress", "quiet", "-p", self.project, *arguments, stdin=stdin, check=check
        )

    def inside(self, service: str, *command: str, stdin: str = "") -> str:
        """Run a command where the service runs, or, of a job that has ended, in a container like its own."""
        if service in SERVERS:
            return self.compose("exec", "-T", service, *command, stdin=stdin)
        like_it = ("run", "--rm", "--no-deps", "-T", "--entrypoint", command[0], service, *command[1:])
        return self.compose(*like_it, stdin=stdin)

    def containers(self) -> list[dict[str, Any]]:
        """Return what the engine knows of every container of the project."""
        ids = _run("docker", "ps", "-aq", "--filter", f"label=com.docker.compose.project={self.project}").split()
        described: list[dict[str, Any]] = json.loads(_run("docker", "inspect", *ids))
        return described

    def status(self, path: str) -> int:
        """Return the status code of a GET, 0 when nobody answers."""
        try:
            return httpx.get(f"{self.url}{path}", timeout=2).status_code
        except httpx.TransportError:
            return 0

    def wait_for(self, path: str, *, within_s: float) -> float:
        """Return the seconds until `path` was 200."""
        start = time.monotonic()
        while (waited_s := time.monotonic() - start) < within_s:
            if self.status(path) == httpx.codes.OK:
                return waited_s
            time.sleep(0.1)
        pytest.fail(f"{path} is not 200 after {within_s:.0f} s:\n{self.compose('logs', '--tail', '40', check=False)}")


def _run(*command: str, stdin: str = "", check: bool = True) -> str:
    done = subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False)
    if check and done.returncode:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout if check else done.stdout + done.stderr


@pytest.fixture(scope="module")
def stack() -> Stack:
    """The project, up and ready. scripts/e2e takes it down."""
    stack = Stack(os.environ["COMPOSE_PROJECT_NAME"])
    stack.compose("build")
    start = time.monotonic()
    stack.compose("up", "-d", check=False)
    stack.wait_for("/readyz", within_s=READY_WITHIN_S)
    stack.ready_after_s = time.monotonic() - start
    return stack


@pytest.fixture(scope="module")
def secrets(stack: Stack) -> set[str]:
    """Every password and key that the stack made for itself."""
    contents = stack.inside("init", "sh", "-c", "cat /secrets/*/*").split()
    found = {text.split(":")[2].split("@")[0] if "@" in text else text for text in contents}
    assert len(found) == 7, "four passwords and three keys"
    assert min(map(len, found)) >= 43, "32 random bytes each"
    return found


@pytest.fixture
def killed(stack: Stack) -> Iterator[Stack]:
    """A second project, of MongoDB and its users alone, with volumes of its own."""
    project = Stack(f"{stack.project}-killed")
    yield project
    project.compose("down", "--volumes", "--timeout", "1")


# The API


def test_one_command_brings_up_a_ready_api(stack: Stack) -> None:
    assert stack.ready_after_s < READY_WITHIN_S
    health = httpx.get(f"{stack.url}/health").json()
    assert (health["api"], health["mongo"], health["model"]) == ("running", "connected", "loaded")
    assert health["documents"] > 400_000
    assert health["version"] == os.environ.get("GIT_REVISION", "unknown")
    print(f"ready {stack.ready_after_s:.1f} s after `docker compose up -d`")  # noqa: T201


def test_a_customer_of_the_database_gets_a_prediction(stack: Stack) -> None:
    script = (
        "import os, pathlib, pymongo;"
        "uri = pathlib.Path(os.environ['MONGO_URI_FILE']).read_text().strip();"
        "print(pymongo.MongoClient(uri)[os.environ['DB_NAME']].customers.find_one()['_id'])"
    )
    customer_id = int(stack.inside("inference", "python", "-c", script))
    answer = httpx.post(f"{stack.url}/predict_churn_by_id", json={"customer_id": customer_id})
    assert answer.status_code == httpx.codes.OK
    assert answer.json()["customer_id"] == customer_id
    assert 0 < answer.json()["prediction"]["churn_probability"] < 1


def test_an_unknown_customer_is_not_found(stack: Stack) -> None:
    answer = httpx.post(f"{stack.url}/predict_churn_by_id", json={"customer_id": 999_999_999})
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.json()["code"] == "customer_not_found"


def test_the_api_without_keys_answers_to_the_name_of_this_machine_alone(stack: Stack) -> None:
    refused = httpx.get(f"{stack.url}/health", headers={"Host": "shop.example"})
    assert refused.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.FORBIDDEN}


def test_the_api_needs_at_most_90_mb(stack: Stack) -> None:
    for customer_id in range(12_300, 12_500):
        httpx.post(f"{stack.url}/predict_churn_by_id", json={"customer_id": customer_id})
    status = stack.inside("inference", "cat", "/proc/1/status")
    rss_mb = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    print(f"the API's process: {rss_mb:.0f} MB")  # noqa: T201
    assert rss_mb <= RSS_LIMIT_MB


def test_a_posted_order_is_in_the_next_answer(stack: Stack) -> None:
    line = {"InvoiceNo": "e2e-1", "StockCode": "A", "Quantity": 2, "InvoiceDate": "2011-12-01", "UnitPrice": 1.5}
    posted = httpx.post(f"{stack.url}/transactions", json=[{**line, "CustomerID": 900_000_001}])
    assert (posted.status_code, posted.json()["rows_in"]) == (httpx.codes.OK, 1)
    answer = httpx.post(f"{stack.url}/predict_churn_by_id", json={"customer_id": 900_000_001})
    assert answer.json()["features"]["Monetary"] == 3.0


# Containers


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_has_no_privileges_and_cannot_change_its_image(stack: Stack, service: str) -> None:
    status = stack.inside(service, "cat", "/proc/self/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert "0" not in fields["Gid"].split()
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    assert "Read-only file system" in stack.inside(service, "sh", "-c", "touch /new /usr/new 2>&1; true")


def test_every_container_is_bounded_in_memory_processes_and_logs(stack: Stack) -> None:
    containers = stack.containers()
    assert len(containers) == len(SERVICES)
    for container in containers:
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert not host["Privileged"]
        assert host["CapDrop"] == ["ALL"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert 0 < host["Memory"] <= host["MemorySwap"]
        assert host["PidsLimit"] > 0
        assert host["NanoCpus"] > 0
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
        assert not [mount for mount in container["Mounts"] if mount["Type"] == "bind"]


def test_only_the_api_is_published_and_only_on_loopback(stack: Stack) -> None:
    published = {
        container["Config"]["Labels"]["com.docker.compose.service"]: ports
        for container in stack.containers()
        if (ports := {port: where for port, where in container["HostConfig"]["PortBindings"].items() if where})
    }
    assert published == {"inference": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": os.environ["PORT"]}]}}


def test_the_network_of_the_database_has_no_way_out(stack: Stack) -> None:
    (network,) = json.loads(_run("docker", "network", "inspect", f"{stack.project}_database"))
    assert network["Internal"]


def test_the_image_of_the_api_has_neither_scikit_learn_nor_an_installer(stack: Stack) -> None:
    script = (
        "import importlib.util as u; print([m for m in 'sklearn pandas numpy joblib pip'.split() if u.find_spec(m)])"
    )
    assert stack.inside("inference", "python", "-c", script).strip() == "[]"


@pytest.mark.usefixtures("stack")
def test_what_is_in_an_image_can_be_listed(tmp_path: Path) -> None:
    _run(str(ROOT / "scripts" / "scan"), "--sbom", str(tmp_path), "retention-inference")
    listed = json.loads((tmp_path / "retention-inference.cdx.json").read_bytes())["components"]
    assert {"fastapi", "libc6"} <= {component["name"] for component in listed}


def test_the_api_cannot_change_a_version_and_nobody_else_can_change_a_model(stack: Stack) -> None:
    assert "Read-only file system" in stack.inside("inference", "sh", "-c", "touch /models/versions/new 2>&1; true")
    assert stack.inside("trainer", "find", "/models", "-perm", "-o+w") == ""


# Secrets


def test_no_secret_shows_in_what_the_engine_tells(stack: Stack, secrets: set[str]) -> None:
    told = json.dumps(stack.containers()) + stack.compose("config") + stack.compose("logs")
    for image in IMAGES:
        told += _run("docker", "image", "inspect", f"retention-{image}")
        told += _run("docker", "history", "--no-trunc", f"retention-{image}")
    for server in SERVERS:
        told += stack.inside(server, "sh", "-c", "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "MONGO_URI_FILE" in told
    assert not [secret for secret in secrets if secret in told]


@pytest.mark.parametrize(
    ("service", "readable"),
    [
        ("seeder", {"seeder/mongo_uri", "seeder/identity_key"}),
        ("trainer", {"trainer/mongo_uri", "trainer/model_signing_key"}),
        (
            "inference",
            {
                "inference/mongo_uri",
                "inference/model_signing_key",
                "inference/id_hash_key",
                "inference/identity_key",
            },
        ),
    ],
)
def test_a_service_reads_its_own_secrets_and_no_others(stack: Stack, service: str, readable: set[str]) -> None:
    found = stack.inside(service, "sh", "-c", "cd /secrets; find * -type f -readable 2>/dev/null; true")
    assert set(found.split()) == readable
    assert "denied" in stack.inside(service, "sh", "-c", "ls /secrets/admin 2>&1; true")


def test_the_files_of_secrets_can_be_changed_by_nobody(stack: Stack) -> None:
    """A service reads its own by its group: who may neither own a file nor write its folder cannot change its mode."""
    modes = stack.inside("init", "sh", "-c", "stat -c '%a %u %n' /secrets/*/*").splitlines()
    assert len(modes) == 9
    assert {line.rpartition("/")[0] for line in modes} == {
        "400 10000 /secrets/admin",
        *(f"440 10000 /secrets/{service}" for service in ("seeder", "trainer", "inference")),
    }


def test_a_second_start_keeps_every_secret(stack: Stack, secrets: set[str]) -> None:
    stack.compose("run", "--rm", "init")
    kept = stack.inside("init", "sh", "-c", "cat /secrets/*/*")
    assert all(secret in kept for secret in secrets)


# The database


@pytest.mark.parametrize("user", ALLOWED)
def test_a_database_user_may_do_its_work_and_nothing_else(stack: Stack, user: str) -> None:
    if user == "admin":  # no service has its password
        like_it = ("run", "--rm", "--no-deps", "-T", "--env", f"MONGO_URI_FILE=/secrets/{user}/mongo_uri")
        said = stack.compose(*like_it, "--entrypoint", "python", "mongo-users", "-", *COLLECTIONS, stdin=PROBE)
    else:
        said = stack.inside(user, "python", "-", *COLLECTIONS, stdin=PROBE)
    probed = json.loads(said)
    assert {operation for operation, code in probed["codes"].items() if code != UNAUTHORIZED} == allowed(user)
    assert probed["databases"] == DATABASES[user]
    wrong = {0} if user == "admin" else {0, UNAUTHORIZED}  # it may not even look at a line
    assert not wrong & {*probed["scripts"].values()}, "the server runs no JavaScript for anybody"


def test_nobody_reads_without_a_password(stack: Stack) -> None:
    script = (
        "import pymongo\n"
        "try: pymongo.MongoClient('mongodb://mongo:27017').retention.transactions.find_one()\n"
        "except pymongo.errors.OperationFailure as error: print(error.code)\n"
    )
    assert int(stack.inside("inference", "python", "-", stdin=script)) == UNAUTHORIZED


def test_seeding_again_inserts_nothing(stack: Stack) -> None:
    before = httpx.get(f"{stack.url}/health").json()["documents"]
    assert "nothing to do" in stack.compose("run", "--rm", "--no-deps", "-T", "seeder")
    assert httpx.get(f"{stack.url}/health").json()["documents"] == before


def test_the_api_says_that_the_database_is_away_and_comes_back_with_it(stack: Stack) -> None:
    stack.compose("stop", "mongo")
    assert stack.status("/health") == httpx.codes.SERVICE_UNAVAILABLE
    assert stack.status("/livez") == httpx.codes.OK
    stack.compose("start", "mongo")
    print(f"back after {stack.wait_for('/health', within_s=5):.1f} s")  # noqa: T201


LOGIN = """
import pathlib, urllib.parse, pymongo
for service in ("seeder", "trainer", "inference"):
    uri = urllib.parse.urlsplit(pathlib.Path(f"/secrets/{service}/mongo_uri").read_text().strip())
    client = pymongo.MongoClient("127.0.0.1", username=uri.username, password=uri.password)
    client.retention.transactions.find_one()
    print(service)
"""


@pytest.mark.parametrize("after_s", [0.0, 0.08, 0.16, 0.24, 0.32, 0.4])  # the users are made 0.2 to 0.4 s after it
def test_users_work_although_mongod_and_their_making_were_killed_on_first_start(killed: Stack, after_s: float) -> None:
    killed.compose("up", "--no-start", "mongo-users")
    _run("docker", "start", "--attach", f"{killed.project}-init-1")
    both = [f"{killed.project}-mongo-1", f"{killed.project}-mongo-users-1"]
    _run("docker", "start", *both)
    time.sleep(after_s)
    _run("docker", "kill", *both, check=False)

    killed.compose("up", "--detach", "mongo-users")
    assert _run("docker", "wait", f"{killed.project}-mongo-users-1").strip() == "0"
    assert killed.inside("mongo-users", "python", "-", stdin=LOGIN).split() == ["seeder", "trainer", "inference"]


def test_a_data_volume_of_another_release_line_is_refused_once_with_the_steps(killed: Stack) -> None:
    killed.compose("up", "--detach", "mongo")
    killed.compose("exec", "-T", "mongo", "sh", "-c", "echo 4.4 >/data/db/release-line")
    killed.compose("down")
    said = killed.compose("up", "--no-color", "mongo", check=False)
    assert "mongo-check\" didn't complete successfully: exit 78" in said
    steps = killed.compose("logs", "--no-log-prefix", "mongo-check")
    assert steps.count("written by MongoDB 4.4") == 1
    assert "MONGO_IMAGE=mongo:4.4" in steps
    assert "down --volumes" in steps

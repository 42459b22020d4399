"""Who may ask what: without a key 401, without the scope 403, and the file of keys changes under the running API."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from bundles import VERSION
from fastapi.routing import APIRoute, iter_route_contexts

from inference.app import create_app
from inference.http import keys as keys_module
from inference.http.auth import is_open, scope_of
from inference.http.json_body import JsonRoute
from inference.http.keys import KeyFile, make_key, read_keys
from inference.settings import Settings
from retention.errors import BadConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx
    from serving import Models, Serve

pytestmark = pytest.mark.anyio

ASK = {"customer_id": 12347}
OPEN = ["/livez", "/readyz", "/health", "/metrics", "/docs", "/openapi.json", "/"]
BEYOND_READ = {
    ("POST", "/transactions"): "write",
    ("PUT", "/models/champion"): "admin",
    ("POST", "/model/reload"): "admin",
}


def write(path: Path, *names: str) -> None:
    lines = [f"{name} {name} {sha256(name.encode()).hexdigest()}\n" for name in names]
    path.write_text("".join(["# who may ask\n\n", *lines]))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A file with a key of each scope, whose keys are the scopes' names."""
    path = tmp_path / "api_keys"
    write(path, "read", "write", "admin")
    return path


@pytest.fixture
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "CHECK_EVERY_S", 0)


async def ask(api: httpx.AsyncClient, *keys: str) -> httpx.Response:
    return await api.post("/predict_churn_by_id", json=ASK, headers=[("X-API-Key", key) for key in keys])


@pytest.mark.parametrize(
    "given", [[], [""], ["reed"], ["read "], ["read", "read"], ["read", "admin"], ["é"], [sha256(b"read").hexdigest()]]
)
async def test_without_a_known_key_in_one_header_the_answer_is_a_401(
    serve: Serve, models: Models, key_file: Path, given: list[str]
) -> None:
    models.publish(VERSION)
    async with serve(API_KEYS_FILE=str(key_file)) as api:
        headers = [(b"x-api-key", key.encode("latin-1")) for key in given]
        answer = await api.post("/predict_churn_by_id", json=ASK, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("ApiKey")
    assert "retry-after" not in answer.headers


async def test_a_key_in_the_address_is_none(serve: Serve, key_file: Path) -> None:
    async with serve(API_KEYS_FILE=str(key_file)) as api:
        assert (await api.get("/model?X-API-Key=read&api_key=read")).status_code == 401


async def test_a_key_that_reads_gets_answers_and_may_not_post_lines(
    serve: Serve, models: Models, key_file: Path
) -> None:
    models.publish(VERSION)
    async with serve(API_KEYS_FILE=str(key_file)) as api:
        assert (await ask(api, "read")).status_code == 200
        refused = await api.post("/transactions", json=[], headers={"X-API-Key": "read"})

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path"), BEYOND_READ)
async def test_each_scope_may_do_what_those_before_it_may(serve: Serve, key_file: Path, method: str, path: str) -> None:
    async with serve(API_KEYS_FILE=str(key_file)) as api:
        statuses = {
            key: (await api.request(method, path, json={}, headers={"X-API-Key": key})).status_code
            for key in ("read", "write", "admin")
        }

    let_in = [key for key, status in statuses.items() if status not in {401, 403}]
    assert let_in == ["write", "admin"][BEYOND_READ[method, path] == "admin" :]


async def test_who_goes_on_without_a_key_is_limited_by_address(serve: Serve, key_file: Path) -> None:
    async with serve(API_KEYS_FILE=str(key_file), RATE_LIMIT="3/minute") as api:
        answers = [await ask(api) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[0].headers["x-ratelimit-remaining"] == "2"


@pytest.mark.parametrize("path", OPEN)
async def test_monitors_and_pages_need_no_key(serve: Serve, models: Models, key_file: Path, path: str) -> None:
    models.publish(VERSION)
    async with serve(API_KEYS_FILE=str(key_file)) as api:
        assert (await api.get(path)).status_code == 200


async def test_an_address_that_is_not_there_looks_like_any_other_to_who_has_no_key(
    serve: Serve, key_file: Path
) -> None:
    async with serve(API_KEYS_FILE=str(key_file)) as api:
        there, not_there = await api.get("/model"), await api.get("/nothing-here")
        with_key = await api.get("/nothing-here", headers={"X-API-Key": "read"})

    assert there.status_code == not_there.status_code == 401
    assert with_key.status_code == 404


async def test_without_a_file_of_keys_whoever_reaches_the_port_may_ask(api: httpx.AsyncClient) -> None:
    assert (await ask(api)).status_code == 200
    assert (await ask(api, "any")).status_code == 200


def test_every_route_asks_for_its_scope_and_no_other_for_more_than_read(environ: dict[str, str]) -> None:
    app = create_app(Settings.from_environ(environ), now=lambda: pytest.fail("not asked"))
    every = [context.original_route for context in iter_route_contexts(app.routes)]
    routes = [route for route in every if isinstance(route, APIRoute)]
    asked = {(m, r.path): scope_of(r).name for r in routes for m in r.methods or () if scope_of(r).name != "read"}

    assert asked == BEYOND_READ
    assert all(isinstance(route, JsonRoute) or is_open(route.path) for route in routes)


@pytest.mark.parametrize("required", [False, True])
async def test_the_document_says_which_key_an_address_takes(serve: Serve, key_file: Path, required: bool) -> None:
    async with serve(**({"API_KEYS_FILE": str(key_file)} if required else {})) as api:
        document = (await api.get("/openapi.json")).json()

    assert document["components"]["securitySchemes"]["X-API-Key"]["in"] == "header"
    assert "security" not in document["paths"]["/livez"]["get"]
    asked = document["paths"]["/predict_churn_by_id"]["post"]
    assert asked["security"] == ([{"X-API-Key": []}] if required else [{}, {"X-API-Key": []}])
    assert {"400", "401", "403", "429", "503"} <= set(asked["responses"])
    assert "Scope: `write`" in document["paths"]["/transactions"]["post"]["description"]


@pytest.mark.usefixtures("look_at_once")
async def test_the_file_is_read_anew_when_it_changes(serve: Serve, models: Models, key_file: Path) -> None:
    models.publish(VERSION)
    async with serve(API_KEYS_FILE=str(key_file)) as api:
        write(key_file, "write", "admin")
        assert (await ask(api, "read")).status_code == 401
        write(key_file, "read")
        assert (await ask(api, "read")).status_code == 200
        assert (await ask(api, "write")).status_code == 401


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("what is this\n"),
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"\xff"),
    ],
    ids=["not a line", "gone", "not text"],
)
@pytest.mark.usefixtures("look_at_once")
async def test_a_file_that_cannot_be_read_leaves_the_keys_as_they_were(
    serve: Serve, models: Models, key_file: Path, spoil: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    models.publish(VERSION)
    async with serve(API_KEYS_FILE=str(key_file)) as api:
        spoil(key_file)
        statuses = [(await ask(api, "read")).status_code for _ in range(5)]

    assert statuses == [200] * 5
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


def test_the_file_is_looked_at_once_a_second_at_most(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    looks: list[object] = []
    monkeypatch.setattr(keys_module, "monotonic", lambda: now[0])
    keys = KeyFile(key_file)
    monkeypatch.setattr(keys_module, "_stamp", looks.append)
    for now[0] in (100.0, 100.5, 100.9, 101.0, 101.5, 102.1):
        keys.holder(b"read")

    assert len(looks) == 2


GOOD = sha256(b"x").hexdigest()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("shop", "NAME SCOPES SHA-256"),
        (f"sh/op read {GOOD}", "a name is"),
        (f"shop reed {GOOD}", "scopes are read, contacts, write, admin"),
        (f"shop read, write {GOOD}", "scopes are"),
        (f"shop read {GOOD[:-1]}", "third field"),
        ("shop read my-secret-key", "third field"),
        (f"shop read {GOOD} often", "fourth field"),
        (f"shop read {GOOD}\nshop read {GOOD}", "an earlier line has the same name"),
    ],
)
def test_a_line_that_is_no_key_is_named_and_not_repeated(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# keys\n{line}\n")

    with pytest.raises(BadConfigurationError, match=rf"line {3 if 'earlier' in said else 2} of .*{said}") as raised:
        read_keys(path)
    assert "secret" not in str(raised.value)


def test_a_made_key_is_random_and_its_line_lets_it_in(tmp_path: Path) -> None:
    made = [make_key("shop", "read,write", "600/minute") for _ in range(2)]
    path = tmp_path / "keys"
    path.write_text(made[0][1] + "\n")
    holder = KeyFile(path).holder(made[0][0].encode())

    assert made[0][0] != made[1][0]
    assert len(made[0][0]) == 43  # 256 bits
    assert holder is not None
    assert (holder.name, holder.rank) == ("shop", 1)
    assert holder.limit is not None
    assert holder.limit.requests == 600
    assert made[0][0] not in made[0][1]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "inference", "key", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_adds_a_line_to_the_file_and_prints_the_key_once(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("# ours, cut short")
    path.chmod(0o600)
    run = command("shop", "--scopes", "read,write", "--file", str(path))
    again = command("shop", "--file", str(path))

    assert run.returncode == 0
    assert [key.digest for key in read_keys(path)] == [sha256(run.stdout.strip().encode()).digest()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600  # as it was
    assert (again.returncode, again.stdout) == (78, "")
    assert "already has a key named shop" in again.stderr


def test_the_command_makes_the_file_for_its_group_to_read(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        command("shop", "--file", str(tmp_path / "keys"))
    finally:
        os.umask(old)

    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o640


def test_the_command_prints_the_line_where_no_file_is_named() -> None:
    run = command("shop")

    assert run.stderr.strip() == f"shop read {sha256(run.stdout.strip().encode()).hexdigest()}"


@pytest.mark.parametrize("arguments", [["sh op"], ["shop", "--scopes", "all"], ["shop", "--limit", "often"]])
def test_the_command_refuses_what_would_be_no_line(arguments: list[str]) -> None:
    run = command(*arguments)

    assert (run.returncode, run.stdout) == (78, "")
    assert run.stderr.startswith("inference: ")

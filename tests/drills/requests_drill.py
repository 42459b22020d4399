"""Requests made from the OpenAPI document against a process: none may be answered with a 5xx, or as is not written.

schemathesis makes the thorough ones, with every check that it has, about 50 a second; our own mutations of the
document's examples make the many, about 1,500 a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from drills.keep_alive import KeepAlive
from drills.mutations import endless, operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api_process import Running
    from drills.keep_alive import Request
    from drills.mutations import Operation

CONFIG = Path(__file__).with_name("schemathesis.toml")  # with the reasons for what is left out
PROBLEM = "application/problem+json"
PHASES = "examples,coverage,fuzzing"
_GENERATED = re.compile(r"([\d,]+) generated")


class Conformance(NamedTuple):
    """How many requests were made, and what schemathesis says of the answers."""

    requests: int
    passed: bool
    report: str


def conform(api: Running, folder: Path, *, per_operation: int, seed: int) -> Conformance:
    """Make so many requests of every operation at most, the same for the same seed and build, of a keyed API.

    The page comes last: keys tried in its form are counted with the wrong ones that are tried elsewhere, 30 a minute.
    """
    command = [
        str(Path(sys.executable).with_name("st")), "--no-color", "--config-file", str(CONFIG), "run",
        f"http://127.0.0.1:{api.port}/openapi.json", "--phases", PHASES, "--seed", str(seed),
        "--max-examples", str(per_operation), "--continue-on-failure", "--no-shrink", "--warnings", "off",
        "--workers", "1",  # of threads: Python 3.11 cannot parse source in two (gh-106905), and Hypothesis does
    ]  # fmt: skip
    environ = {"DRILL_API_KEY": _key(api)["x-api-key"], "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis")}
    runs = [
        subprocess.run(
            [*command, which, "/"], cwd=folder, env=os.environ | environ, capture_output=True, text=True, check=False
        )
        for which in ("--exclude-path", "--include-path")
    ]
    made = [int(count.replace(",", "")) for done in runs for count in _GENERATED.findall(done.stdout)]
    said = "\n".join(done.stdout + done.stderr for done in runs)
    return Conformance(sum(made), not any(done.returncode for done in runs), said)


class Mutated(NamedTuple):
    """What came of mutated requests."""

    statuses: Counter[int]
    wrong: Counter[str]

    def __str__(self) -> str:
        statuses = " ".join(f"{status}×{count}" for status, count in sorted(self.statuses.items()))
        return f"{self.statuses.total():,} mutated requests: {statuses}"


async def mutate(api: Running, customer_ids: Sequence[int], *, requests: int, seed: int, at_once: int = 8) -> Mutated:
    """Make so many requests of our own; `wrong` has what was answered with a 5xx, or with a status not written."""
    document = await asyncio.to_thread(lambda: api.http.get("/openapi.json").json())
    made, done = endless(operations(document), seed, customer_ids), Mutated(Counter(), Counter())
    client, left = KeepAlive(api.port, headers=tuple(_key(api).items())), iter(range(requests))

    async def one_after_another() -> None:
        for _ in left:
            await _send(client, *next(made), done)

    await asyncio.gather(*(one_after_another() for _ in range(at_once)))
    await client.close()
    return done


async def _send(client: KeepAlive, operation: Operation, request: Request, done: Mutated) -> None:
    name = f"{operation.method} {operation.path}"
    try:
        answer = await client.ask(request)
    except (OSError, asyncio.IncompleteReadError) as error:
        done.wrong[f"{name}: {error!r}"] += 1
        return
    done.statuses[answer.status] += 1
    # What a hostile value makes of a path may be another path, or none.
    elsewhere = frozenset({404, 405}) if operation.path_names else frozenset()
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status >= 500 or answer.status not in operation.answers.keys() | elsewhere:
        done.wrong[f"{name}: {answer.status} {answer.body[:200]!r}"] += 1
    elif answer.status >= 400 and media_type not in {PROBLEM, *operation.answers.get(answer.status, ())}:
        done.wrong[f"{name}: {answer.status} is no problem"] += 1


def _key(api: Running) -> dict[str, str]:
    return {name: value for name, value in api.http.headers.items() if name == "x-api-key"}


def server_errors(api: Running) -> list[str]:
    """Return the routes that were answered with a 5xx, of the process's own log."""
    lines = (json.loads(line) for line in api.log.read_text().splitlines() if line.startswith("{"))
    return [f"{line['status']} {line['method']} {line['route']}" for line in lines if line.get("status", 0) >= 500]

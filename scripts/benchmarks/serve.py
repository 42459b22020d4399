"""Serving: predictions by id with reasons from one worker, against bare servers and the older system's way."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psutil

from benchmarks.serve_load import Measured, load, post
from benchmarks.serve_ways import ANSWERS, WAYS
from benchmarks.server import BenchError, tree
from benchmarks.shop import Shop, add_shop_arguments, shop
from embedded_mongod import free_port
from retention.store import schema

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

PRODUCT: Final = "product"
CONNECTIONS: Final = (1, 16, 64)
PATH: Final = "/predict_churn_by_id"
BATCH: Final = 1_000
WARM_UP_S: Final = 0.3
START_S: Final = 30
LABELS: Final = {
    "bare_asgi": "bare ASGI app",
    "bare_echo": "bare FastAPI echo of the models",
    "echo": "echo: the API, a fixed response",
    PRODUCT: "the API",
    "older": "the older system's way",
}
Round = dict[int, dict[str, Measured]]  # by number of connections, then by way


class Server(NamedTuple):
    """A process that listens on a loopback port."""

    pid: int
    port: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `scripts/bench serve`."""
    add_shop_arguments(parser)
    parser.add_argument("--seconds", type=float, default=2.0, metavar="N", help="seconds of load for each figure (2)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure in a temporary folder and print the results."""
    with (
        tempfile.TemporaryDirectory(prefix="retention-bench-") as folder,
        shop(options.data, options.rows, Path(folder)) as loaded,
    ):
        loaded.run("-m", "trainer", "train")
        found = _figures(options, measure(loaded, Path(folder), options.runs, options.seconds))
    if not options.json:
        print("\n".join(_table(found)))
    print(json.dumps(found))


def measure(loaded: Shop, folder: Path, runs: int, seconds: float) -> list[Round]:
    """Return, for each round, the speed of each way at each number of connections."""
    customer_ids = [customer["_id"] for customer in loaded.database[schema.CUSTOMERS].find({}, {"_id": 1})]
    random.Random(1).shuffle(customer_ids)  # noqa: S311 - the same order every time
    key = secrets.token_hex(32)
    keys_file, answers_file = folder / "api_keys", folder / "answers.json"
    keys_file.write_text(f"bench read {hashlib.sha256(key.encode()).hexdigest()} 1000000000/minute\n")
    environ = loaded.environ | {"API_KEYS_FILE": str(keys_file), ANSWERS: str(answers_file)}
    bodies = (json.dumps({"customer_id": customer_id}).encode() for customer_id in customer_ids)
    requests = itertools.cycle([post(PATH, body, f"x-api-key: {key}\r\n") for body in bodies])
    with ExitStack() as stack:
        servers = {PRODUCT: stack.enter_context(_serving(environ, "-m", "inference"))}
        answers_file.write_bytes(_answers(servers[PRODUCT].port, customer_ids, key))
        servers |= {way: stack.enter_context(_serving(environ, "-m", "benchmarks.serve_ways", way)) for way in WAYS}
        _pin({server.pid for server in servers.values()})
        return [_round(servers, requests, number, runs, seconds) for number in range(1, runs + 1)]


@contextmanager
def _serving(environ: dict[str, str], *command: str) -> Iterator[Server]:
    port = free_port()
    unread = subprocess.DEVNULL  # the servers still write a log line for each request
    process = subprocess.Popen(
        [sys.executable, *command], env=environ | {"PORT": str(port)}, stdout=unread, stderr=unread
    )
    try:
        deadline = time.monotonic() + START_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"python {' '.join(command)} did not start")
            time.sleep(0.05)
        yield Server(process.pid, port)
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(port: int, customer_ids: list[int], key: str) -> bytes:
    """Return the API's answers for these customers, with reasons."""
    results = []
    for start in range(0, len(customer_ids), BATCH):
        body = json.dumps({"customer_ids": customer_ids[start : start + BATCH], "explain": True}).encode()
        headers = {"Content-Type": "application/json", "X-API-Key": key}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/predict_churn_batch", body, headers)
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - ours
            results += json.loads(answer.read())["results"]
    return json.dumps({"results": results}).encode()


def _pin(servers: set[int]) -> None:
    """Pin the servers, of which one works at a time, to one core, and the database and this process to another."""
    cores = sorted(os.sched_getaffinity(0))
    for pid in tree(os.getpid()):
        core = cores[0] if pid in servers else cores[-1]
        for thread in psutil.Process(pid).threads():
            os.sched_setaffinity(thread.id, {core})


def _round(servers: dict[str, Server], requests: Iterator[bytes], number: int, runs: int, seconds: float) -> Round:
    """Load the ways in turn at each number of connections, so that other work on the machine slows all alike."""
    figures: Round = {}
    for connections in CONNECTIONS:
        figures[connections] = {
            way: load(servers[way].port, requests, connections, seconds=seconds, warm_up_s=WARM_UP_S) for way in LABELS
        }
        rates = ", ".join(f"{way} {measured.per_s:,.0f}" for way, measured in figures[connections].items())
        print(f"round {number} of {runs}, {connections} connections: {rates}/s", file=sys.stderr, flush=True)
    return figures


def _figures(options: argparse.Namespace, rounds: list[Round]) -> dict[str, Any]:
    def ratios(other: str, connections: int) -> list[float]:
        return [each[connections][PRODUCT].per_s / each[connections][other].per_s for each in rounds]

    def at(connections: int, way: str) -> dict[str, float]:
        return {
            name: round(median(getattr(each[connections][way], name) for each in rounds), 3)
            for name in Measured._fields
        }

    rates = {way: {str(connections): at(connections, way) for connections in CONNECTIONS} for way in LABELS}
    return {
        "data": options.data.name if options.data else "an invented shop",
        "runs": len(rounds),
        "seconds": options.seconds,
        "pinned": len(os.sched_getaffinity(0)) == 1,
        "ratio_to_echo": round(median(ratios("echo", 16)), 3),
        "ratio_to_echo_64": round(median(ratios("echo", 64)), 3),
        "ratio_to_bare_echo": round(median(ratios("bare_echo", 16)), 3),
        "ratio_to_bare_echo_64": round(median(ratios("bare_echo", 64)), 3),
        "ratio_to_older_way": round(median(ratios("older", 16)), 2),
        "ratio_to_older_way_64": round(median(ratios("older", 64)), 2),
        "ratios_to_echo": [round(ratio, 3) for ratio in ratios("echo", 16)],
        "ratios_to_echo_64": [round(ratio, 3) for ratio in ratios("echo", 64)],
        "p99_ms": rates[PRODUCT]["16"]["p99_ms"],
        "rates": rates,
    }


def _table(found: dict[str, Any]) -> list[str]:
    cores = "server on one core, load and database on another" if found["pinned"] else "all on one core"
    ratios = (
        f"{found['ratio_to_echo']:.2f} of the echo at 16 and {found['ratio_to_echo_64']:.2f} at 64, "
        f"{found['ratio_to_bare_echo']:.2f} of the bare echo; {found['ratio_to_older_way']:.0f} × the older way"
    )
    return [
        f"predictions by id with reasons, one worker, {found['data']}; medians of {found['runs']} rounds; {cores}",
        f"{'connections':32}" + "".join(f"{connections:>12}{'p50':>8}{'p99 ms':>9}" for connections in CONNECTIONS),
        *(f"{LABELS[way]:32}{_row(figures)}" for way, figures in found["rates"].items()),
        ratios,
    ]


def _row(figures: dict[str, dict[str, float]]) -> str:
    return "".join(f"{each['per_s']:>12,.0f}{each['p50_ms']:>8.1f}{each['p99_ms']:>9.1f}" for each in figures.values())

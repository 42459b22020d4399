"""Customers looked up by id, in batches and on dashboards, as people and their systems do. scripts/load runs it.

Arrivals are open: each request has its time before the first is sent, whatever the answers take, and its latency
counts from that time. Closed users wait for a frozen server, ask less, and report a p99 of 36 ms where it is 2.8 s.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import gevent
from arrivals import (  # type: ignore[import-not-found]  # locust puts this folder on the path
    LATENESS_LIMIT_MS,
    quantile,
    schedule,
    summary,
)
from locust import FastHttpUser, events, task

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from locust.env import Environment

FIRST_ID, LAST_ID = 12_346, 18_287  # of Online Retail; of these ids some are nobody's, which is an answer too
OK = frozenset({200})
WRONG_IDS: tuple[Any, ...] = ("12347", 0, -1, None, 1.5, True)
ZIPF = list(accumulate(1 / rank**1.1 for rank in range(1, LAST_ID - FIRST_ID + 2)))  # some are asked about more often
KEY = {"X-API-Key": os.environ["API_KEY"]} if os.environ.get("API_KEY") else {}
TIMEOUT_S = 60.0  # how far the figures of an overloaded run may reach
VOID = 3  # the exit code
LAST_ANSWERS_S = 5.0  # how long those asked before the end are waited for

measured: dict[str, list[float]] = defaultdict(list)  # ms from when it was due
failed: dict[str, int] = defaultdict(int)
lateness: list[float] = []  # ms by which we sent late
under_way: set[gevent.Greenlet] = set()


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def options(parser: ArgumentParser) -> None:
    """Add ours to locust's."""
    parser.add_argument("--rate", type=float, default=100, help="requests a second, all users together (100)")
    parser.add_argument("--seed", type=int, default=1, help="of the schedule and the questions (1)")
    parser.add_argument("--slo-ms", type=float, default=0, help="fail when the p99 of all is above it (0: do not)")


class Arrivals:
    """The schedule that all users of a run share."""

    def __init__(self, rate_per_s: float, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - any customer will do
        self._due = schedule(rate_per_s, seed)
        self._start = time.perf_counter()

    def __next__(self) -> float:
        """Return when the next request is due, on the clock of perf_counter."""
        return self._start + float(next(self._due))


class Question(NamedTuple):
    """A request, the name that it is counted under, and the statuses that are good answers to it."""

    name: str
    method: str
    path: str
    good: frozenset[int]
    body: Any = None


def question(random: Random) -> Question:
    """Return one of the mix: 70 % by id (of them 15 % nobody's and 5 % wrong), 10 % batches, 15 % dashboards."""
    (kind,) = random.choices(("id", "batch", "dashboard", "health"), (70, 10, 15, 5))
    if kind == "id":
        (known,) = random.choices(("known", "unknown", "wrong"), (80, 15, 5))
        customer_id = {"known": _somebody(random), "unknown": LAST_ID + 10**9, "wrong": random.choice(WRONG_IDS)}[known]
        good = frozenset({422}) if known == "wrong" else frozenset({200, 404})
        return Question("by id", "POST", "/predict_churn_by_id", good, {"customer_id": customer_id})
    if kind == "batch":
        ids = [_somebody(random) for _ in range(100)]
        return Question("batch of 100", "POST", "/predict_churn_batch", OK, {"customer_ids": ids})
    if kind == "dashboard":
        return random.choice((
            Question("summary", "GET", "/clusters/summary", OK),
            Question("list", "GET", "/customers?limit=20", OK),
            Question("profile", "GET", f"/customers/{_somebody(random)}", OK | {404}),
        ))  # fmt: skip
    return Question("health", "GET", "/health", OK)


def _somebody(random: Random) -> int:
    return FIRST_ID + random.choices(range(len(ZIPF)), cum_weights=ZIPF)[0]


class Shopkeeper(FastHttpUser):
    """Takes the next arrival of the schedule, waits for its time, asks, and does not wait for the answer."""

    concurrency = 10_000
    network_timeout = TIMEOUT_S
    connection_timeout = TIMEOUT_S
    arrivals: Arrivals | None = None

    def on_start(self) -> None:
        """Begin the schedule with the first user."""
        if Shopkeeper.arrivals is None:
            chosen = self.environment.parsed_options
            Shopkeeper.arrivals = Arrivals(chosen.rate, chosen.seed)

    @task
    def next_arrival(self) -> None:
        """Ask what comes next, when it is due."""
        assert self.arrivals
        asked, due = question(self.arrivals.random), next(self.arrivals)
        gevent.sleep(max(0.0, due - time.perf_counter()))
        lateness.append((time.perf_counter() - due) * 1000)
        sending = gevent.spawn(self._send, asked, due)
        under_way.add(sending)
        sending.link(under_way.discard)

    def _send(self, asked: Question, due: float) -> None:
        """Send it, and tell locust what it took from when it was due."""
        more = {} if asked.body is None else {"json": asked.body}
        with self.client.request(
            asked.method, asked.path, name=asked.name, headers=KEY, catch_response=True, **more
        ) as answer:
            milliseconds = (time.perf_counter() - due) * 1000
            answer.request_meta["response_time"] = milliseconds
            measured[asked.name].append(milliseconds)
            if answer.status_code in asked.good:
                answer.success()
            else:
                failed[asked.name] += 1
                answer.failure(f"status {answer.status_code}")


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def report(environment: Environment) -> None:
    """Print exact quantiles; fail a run that is void, and one whose p99 is above --slo-ms."""
    gevent.joinall(list(under_way), timeout=LAST_ANSWERS_S)
    if not lateness:
        return
    lines = [str(summary(name, measured[name], failed[name])) for name in sorted(measured)]
    of_all = summary("all", [one for some in measured.values() for one in some], sum(failed.values()))
    late_p99 = quantile(sorted(lateness), 0.99)
    lines += [str(of_all), f"sent late by {late_p99:.2f} ms (p99), {max(lateness):.2f} ms at most"]
    slo_ms: float = vars(environment.parsed_options)["slo_ms"]
    if late_p99 > LATENESS_LIMIT_MS:
        lines.append(f"void: we were late by more than {LATENESS_LIMIT_MS} ms, so these are figures of this machine")
        environment.process_exit_code = VOID
    elif under_way:
        lines.append(f"{len(under_way)} were not answered")
        environment.process_exit_code = 1
    elif slo_ms and of_all.p99 > slo_ms:
        lines.append(f"not met: a p99 of {of_all.p99:.1f} ms where {slo_ms:g} is allowed")
        environment.process_exit_code = 1
    print("\n".join(lines), flush=True)  # noqa: T201 - a command line prints

"""A database that is stopped, frozen, slow or cut off, under a steady 50 requests a second: what is answered, and when.

Latencies are from when a request was due: a client that waits for slow answers would hide them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from drills import fault_proxy
from drills.fault_proxy import FaultProxy, Mode, proxying
from drills.keep_alive import Answer, KeepAlive, Request
from drills.mix import paths_of, questions
from drills.shop_api import fds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from typing import Any

    from api_process import Running
    from drills.shop_api import Shop

RATE_PER_S = 50
SLOWEST_S = 1.0
RECOVERED_S = 5.0
PROBLEM = "application/problem+json"
_GRACE_S = 1.5  # after RECOVERED_S everything asked must be answered well for so long


class Answered(NamedTuple):
    """One request and what came of it; `status` 0 when nothing did."""

    request: Request
    due: float
    seconds: float
    status: int
    wrong: str | None


class Outcome(NamedTuple):
    """What one fault did."""

    fault: str
    statuses: Counter[int]
    slowest_s: float
    recovered_s: float
    late_s: float  # of our own client: what it adds to every figure at most
    threads: int  # more than before
    fds: int
    wrong: list[str]
    bit: bool  # the fault was felt

    @property
    def faults(self) -> list[str]:
        """What must not be."""
        found = [f"{self.fault}: {text}" for text in self.wrong]
        if self.slowest_s > SLOWEST_S:
            found.append(f"{self.fault}: the slowest answer took {self.slowest_s:.2f} s")
        if self.recovered_s > RECOVERED_S:
            found.append(f"{self.fault}: not recovered {RECOVERED_S:.0f} s after its end")
        if self.threads > 2 or self.fds > 5:
            found.append(f"{self.fault}: {self.threads} more threads, {self.fds} more files than before")
        if not self.bit:
            found.append(f"{self.fault}: it was not felt")
        return found

    def __str__(self) -> str:
        statuses = " ".join(f"{status}×{count}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.fault:18} slowest {self.slowest_s:.3f} s, recovered {self.recovered_s:4.1f} s, "
            f"threads {self.threads:+}, files {self.fds:+}, client late {self.late_s * 1000:.0f} ms at most; {statuses}"
        )


@asynccontextmanager
async def stopped(shop: Shop) -> AsyncIterator[None]:
    """SIGTERM to mongod, and the same files and port again."""
    await asyncio.to_thread(shop.server.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(shop.server.start)


@asynccontextmanager
async def frozen(shop: Shop) -> AsyncIterator[None]:
    """SIGSTOP to mongod, and SIGCONT."""
    os.kill(shop.server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(shop.server.pid, signal.SIGCONT)


@asynccontextmanager
async def between(proxy: FaultProxy, mode: Mode) -> AsyncIterator[None]:
    """Whatever a network does."""
    await proxy.become(mode)
    try:
        yield
    finally:
        await proxy.become(fault_proxy.PASS)


MODES = (
    fault_proxy.late(100), fault_proxy.late(1000), fault_proxy.FROZEN, fault_proxy.BLACK_HOLE, fault_proxy.RESET,
    fault_proxy.DEAD, fault_proxy.CUT, fault_proxy.THROTTLED,
)  # fmt: skip


async def drill(
    shop: Shop, *, modes: Sequence[Mode] = MODES, servers: bool = True, hold_s: float, without: Sequence[str] = (),
    say: Callable[[str], object] = print,
) -> list[Outcome]:  # fmt: skip
    """Let each fault last `hold_s` under load; return what each did."""
    async with proxying(shop.mongo_port) as proxy:
        # The proxy serves in this loop: the API is started and stopped beside it.
        context = shop.api(mongo_port=proxy.port, without=without)
        api = await asyncio.to_thread(context.__enter__)
        try:
            document = await asyncio.to_thread(lambda: api.http.get("/openapi.json").json())
            mix = questions(paths_of(document), shop.customer_ids, seed=1)
            faults = [(mode.name, between(proxy, mode)) for mode in modes]
            if servers:
                faults += [("SIGTERM", stopped(shop)), ("SIGSTOP", frozen(shop))]
            # Once before the figures: the driver keeps the threads that it was made to start.
            for mode in (fault_proxy.FROZEN, modes[0]):
                await _under_load(api, mix, between(proxy, mode), hold_s=2)
            outcomes = []
            for name, fault in faults:
                outcomes.append(await _one(api, mix, name, fault, hold_s=hold_s))
                say(str(outcomes[-1]))
            return outcomes
        finally:
            await asyncio.to_thread(context.__exit__, None, None, None)


async def _one(
    api: Running, mix: Iterator[Request], name: str, fault: AbstractAsyncContextManager[None], *, hold_s: float
) -> Outcome:
    threads, files = api.threads(), fds(api)
    answered, began, ended, late_s = await _under_load(api, mix, fault, hold_s=hold_s)
    during = [one for one in answered if began <= one.due < ended and one.request.needs_database]
    bad_after = [one.due for one in answered if one.due >= ended and one.status in {0, 503}]
    return Outcome(
        name,
        Counter(one.status for one in answered),
        max(one.seconds for one in answered),
        max(bad_after, default=ended) - ended,
        late_s,
        api.threads() - threads,
        fds(api) - files,
        sorted({one.wrong for one in answered if one.wrong}),
        any(one.status == 503 or one.seconds > 0.05 for one in during),
    )


async def _under_load(
    api: Running, mix: Iterator[Request], fault: AbstractAsyncContextManager[None], *, hold_s: float
) -> tuple[list[Answered], float, float, float]:
    """Return what was answered, when the fault began and ended, and by how much our client was late at most."""
    answered: list[Answered] = []
    client, over = KeepAlive(api.port), asyncio.Event()
    arrivals = asyncio.create_task(_arrivals(client, mix, answered, over))
    await asyncio.sleep(0.5)
    began = time.perf_counter()
    async with fault:
        await asyncio.sleep(hold_s)
    ended = time.perf_counter()
    await asyncio.sleep(RECOVERED_S + _GRACE_S)
    over.set()
    late_s = await arrivals
    await client.close()
    await asyncio.sleep(0.5)
    return answered, began, ended, late_s


async def _arrivals(client: KeepAlive, mix: Iterator[Request], answered: list[Answered], over: asyncio.Event) -> float:
    """Ask as often as RATE_PER_S says, whatever the answers take; return by how much we were late at most."""
    asked: list[Coroutine[Any, Any, None] | asyncio.Task[None]] = []
    due, late_s = time.perf_counter(), 0.0
    while not over.is_set():
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        late_s = max(late_s, time.perf_counter() - due)
        asked.append(asyncio.create_task(_ask(client, next(mix), due, answered)))
        due += 1 / RATE_PER_S
    await asyncio.gather(*asked)
    return late_s


async def _ask(client: KeepAlive, request: Request, due: float, answered: list[Answered]) -> None:
    try:
        answer = await client.ask(request)
    except (OSError, asyncio.IncompleteReadError) as error:
        answered.append(Answered(request, due, time.perf_counter() - due, 0, f"{request.name}: {error!r}"))
        return
    answered.append(Answered(request, due, time.perf_counter() - due, answer.status, _wrong(request, answer)))


def _wrong(request: Request, answer: Answer) -> str | None:
    """Return what is wrong with the answer to what was asked properly, database or not."""
    if answer.status == 503 and request.needs_database and "retry-after" in answer.headers:
        is_problem = answer.headers["content-type"] == PROBLEM
        # A slow database keeps the places of long questions taken: the next one is told that it is busy.
        known = any(code in answer.body for code in (b"database_unavailable", b"busy"))
        return None if not is_problem or known else f"{request.name}: another 503"
    if answer.status in {200, 404, 422}:
        return None
    return f"{request.name}: {answer.status} {answer.body[:200].decode('latin-1')}"

"""What a process is like after very many requests: its memory, files and threads, and how they go on."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drills.keep_alive import KeepAlive, Request
from drills.mix import paths_of, questions
from drills.shop_api import fds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from api_process import Running

CONNECTIONS = 16
ADDRESSES = 250  # of 127.0.0.0/8, each a client of its own
PER_ADDRESS = 200  # requests, then another address asks
RSS_KB = 110_000
SLOPE_KB = 1_000  # per 100,000 requests
WARM_UP = 20_000
BROKEN = {500, 501, 502, 504}  # 503 is what a machine that is too busy for all of it says, with Retry-After


@dataclass
class Soak:
    """What was answered, and (requests, kB) by and by."""

    statuses: Counter[int] = field(default_factory=Counter)
    samples: list[tuple[int, int]] = field(default_factory=list)
    threads: int = 0  # more than after the warm-up
    fds: int = 0

    @property
    def rss_kb(self) -> int:
        """At the end."""
        return self.samples[-1][1]

    @property
    def slope_kb(self) -> float:
        """By how much it grows per 100,000 requests, by least squares after the warm-up."""
        return 100_000 * slope(self.samples)

    @property
    def faults(self) -> list[str]:
        """What must not be."""
        found = [f"{count} answers were {status}" for status, count in self.statuses.items() if status in BROKEN]
        if self.rss_kb > RSS_KB:
            found.append(f"{self.rss_kb} kB of memory")
        if self.slope_kb > SLOPE_KB:
            found.append(f"it grows by {self.slope_kb:.0f} kB per 100,000 requests")
        if self.threads > 2 or self.fds > 5:
            found.append(f"{self.threads} more threads and {self.fds} more files than after the warm-up")
        return found

    def __str__(self) -> str:
        statuses = " ".join(f"{status}×{count}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.statuses.total():,} requests: {self.rss_kb / 1000:.1f} MB,"
            f" {self.slope_kb / 1000:+.2f} MB per 100,000,"
            f" threads {self.threads:+}, files {self.fds:+}; {statuses}"
        )


def slope(samples: Sequence[tuple[int, int]]) -> float:
    """Return how much the second figure grows with the first, by least squares."""
    mean_x = sum(x for x, _ in samples) / len(samples)
    mean_y = sum(y for _, y in samples) / len(samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / sum((x - mean_x) ** 2 for x, _ in samples)


async def soak(
    api: Running, customer_ids: Sequence[int], *, requests: int, warm_up: int = WARM_UP,
    say: Callable[[str], object] = str,
) -> Soak:  # fmt: skip
    """Ask so much after a warm-up, over CONNECTIONS at a time, and watch the process fifty times."""
    document = await asyncio.to_thread(lambda: api.http.get("/openapi.json").json())
    mix = questions(paths_of(document), customer_ids, seed=1, posts=True)
    soaked, client = Soak(), KeepAlive(api.port)
    await _ask(client, mix, warm_up, 0, Counter())
    await asyncio.sleep(0.5)
    threads, files = api.threads(), fds(api)
    asked, part = 0, max(1, requests // 50)
    while asked < requests:
        await _ask(client, mix, part, asked, soaked.statuses)
        asked += part
        soaked.samples.append((asked, api.rss_kb()))
        say(f"{asked:,} requests, {soaked.rss_kb / 1000:.1f} MB")
    await asyncio.sleep(0.5)
    soaked.threads, soaked.fds = api.threads() - threads, fds(api) - files
    return soaked


async def _ask(client: KeepAlive, mix: Iterator[Request], count: int, asked: int, statuses: Counter[int]) -> None:
    numbers = iter(range(asked, asked + count))

    async def one_after_another() -> None:
        for number in numbers:
            address = f"127.0.1.{1 + number // PER_ADDRESS % ADDRESSES}"
            statuses[(await client.ask(next(mix), address=address)).status] += 1

    await asyncio.gather(*(one_after_another() for _ in range(CONNECTIONS)))
    await client.close()  # who asks from other addresses next has no use for them

"""Visitors: so many requests a second, whatever is done to the machine meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import Final, Self

import httpx

RATE_HZ: Final = 50


@dataclass
class Visitors:
    """So many requests a second, as long as the block lasts, whether or not the ones before are answered."""

    url: str
    key: str
    sent: int = 0
    failures: list[str] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    slowest_s: float = 0.0
    failed_at_s: list[float] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stop, self._begun = threading.Event(), time.monotonic()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._visit()))
        self._thread.start()
        return self

    @property
    def gap_s(self) -> float:
        """Return the seconds from the first request that failed to the last."""
        return max(self.failed_at_s) - min(self.failed_at_s) if self.failed_at_s else 0.0

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _visit(self) -> None:
        start, asked = time.monotonic(), set()
        async with httpx.AsyncClient(base_url=self.url, headers={"X-API-Key": self.key}, timeout=10) as client:
            while not self._stop.is_set():
                task = asyncio.create_task(self._ask(client, self.sent))
                asked.add(task)
                task.add_done_callback(asked.discard)
                self.sent += 1
                await asyncio.sleep(max(0.0, start + self.sent / RATE_HZ - time.monotonic()))
            await asyncio.gather(*asked)

    async def _ask(self, client: httpx.AsyncClient, number: int) -> None:
        begun = time.monotonic()
        try:
            if number % 2:
                answer = await client.get("/readyz")
            else:
                answer = await client.post("/predict_churn_by_id", json={"customer_id": 12_346 + number % 100})
            if answer.status_code not in {httpx.codes.OK, httpx.codes.NOT_FOUND}:
                self._failed(begun, f"{answer.status_code} {answer.text[:200]}")
            self.marks.add(answer.headers.get("x-drill", ""))
        except httpx.TransportError as error:
            self._failed(begun, repr(error))
        self.slowest_s = max(self.slowest_s, time.monotonic() - begun)

    def _failed(self, begun: float, how: str) -> None:
        self.failed_at_s += [begun - self._begun, time.monotonic() - self._begun]
        self.failures.append(f"after {begun - self._begun:.1f} s: {how}")

"""Posted transaction lines: stored, derived, scored and counted."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from inference.transaction.posts import Post, Reply, read_post
from inference.transaction.reading import ShopFacts
from retention.lines.rules import latest_instant
from retention.store.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inference.metrics import Metrics
    from inference.model.live_bundle import LiveBundle
    from inference.prediction.references import References
    from inference.prediction.repository import Customers
    from inference.score.service import Scores
    from inference.transaction.repository import Transactions
    from inference.transaction.requests import Rows
    from inference.transaction.responses import Ingested


class TransactionService(NamedTuple):
    """Adds posted lines."""

    transactions: Transactions
    scores: Scores
    live: LiveBundle
    metrics: Metrics
    now: Callable[[], datetime]
    customers: Customers
    people: References
    defaults: Shop  # before the first load

    async def add(self, rows: Rows, body: bytes, idempotency_key: str | None) -> Reply:
        """Add the rows and refresh every customer they touch; a repeated request gets its first answer."""
        post: Post = await read_post(rows, body, idempotency_key, self.now(), await self._facts())
        reply = await self.transactions.add(post)
        await self.scores.rescore(self.live.loaded, reply.touched)
        if not reply.replayed:
            self.metrics.posted(_outcomes(reply.answer))
        return reply

    async def _facts(self) -> ShopFacts:
        """Return what holds for the shop, at most a second old."""
        state = await self.customers.state()
        shop = state.shop or (self.defaults if state.clock is None else Shop.legacy(self.defaults.currency))
        wall_clock = self.now().astimezone(ZoneInfo(shop.time_zone)).replace(tzinfo=UTC)
        return ShopFacts(shop, state.clock, latest_instant(wall_clock), self.people.identity_key)


def _outcomes(ledger: Ingested) -> dict[tuple[str, str], int]:
    """Return the lines of a request by result and reason."""
    quarantined = {("quarantined", reason): count for reason, count in ledger["quarantined"].items()}
    return {
        ("inserted", ""): ledger["inserted"],
        ("duplicate", ""): ledger["duplicate"],
        ("erased", ""): ledger["erased"],
        **quarantined,
    }

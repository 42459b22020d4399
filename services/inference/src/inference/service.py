"""What the routes stand on: the customers, the model, the clock, joined into answers."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from inference.answers import customer_answer, feature_answer
from inference.model_card import ModelCard, model_card
from inference.posts import read_post
from retention.clock import DAY, day_start, rfc3339
from retention.errors import NoChampionError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from inference.live_bundle import LiveBundle
    from inference.lookup import Customers, DataState
    from inference.posts import Reply
    from inference.questions import CustomerQuestion, FeatureQuestion
    from inference.rows import Rows
    from inference.schemas import Check, CustomerAnswer, FeatureAnswer, Health, Readiness
    from inference.settings import Settings
    from inference.store import Transactions


class Service(NamedTuple):
    """Made once by create_app; nothing in it changes but the model and the data themselves."""

    settings: Settings
    customers: Customers
    transactions: Transactions
    live: LiveBundle
    now: Callable[[], datetime]

    async def about_customer(self, question: CustomerQuestion, request_id: str) -> CustomerAnswer:
        """Return the answer about one customer, from the bundle that is live when it is asked."""
        bundle = self.live.bundle
        state = await self.customers.state()
        # Without an instant: the clock, or a later one that this customer is stored as of since lines were posted.
        as_of, or_later = (question.as_of, False) if question.as_of else (self._clock(state), True)
        features = await self.customers.features(question.customer_id, as_of, or_later=or_later)
        data_age_days = self._data_age_days(state)
        return customer_answer(
            bundle,
            question.customer_id,
            features,
            explain=question.explain,
            meta={
                "as_of": rfc3339(features["as_of"]),
                "model_version": bundle.version,
                "data_age_days": data_age_days,
                "stale": data_age_days > self.settings.stale_after_days,
                "currency": self.settings.currency,
                "request_id": request_id,
            },
        )

    def about_features(self, question: FeatureQuestion, request_id: str) -> FeatureAnswer:
        """Return the answer about figures; it needs no database."""
        bundle = self.live.bundle
        return feature_answer(
            bundle,
            question.given(),
            meta={
                "model_version": bundle.version,
                "currency": self.settings.currency,
                "request_id": request_id,
            },
        )

    def about_model(self) -> ModelCard:
        """Return what there is to know of the model that answers; it needs no database."""
        return model_card(self.live.bundle, champion_since=self.live.champion_since)

    async def add_lines(self, rows: Rows, body: bytes, key: str | None) -> Reply:
        """Add the lines of a request and return what became of each; the customers that they touch are fresh then."""
        post = await read_post(rows, body, key, self.now())
        del rows  # 2 MB that the documents replace
        return await self.transactions.add(post)

    def _clock(self, state: DataState) -> datetime:
        if self.settings.clock == "data" and state.clock is not None:
            return state.clock
        return day_start(self.now())

    def _data_age_days(self, state: DataState) -> int:
        since = state.clock if self.settings.clock == "wall" else state.loaded_at or state.clock
        return 0 if since is None else max(0, (self.now() - since) // DAY)

    async def readiness(self) -> Readiness:
        """Return whether predictions can be answered, asking the database now."""
        mongo, model = await asyncio.gather(_check(self.customers.ping), _check(self._has_model))
        ready = mongo["ok"] and model["ok"]
        return {"status": "ready" if ready else "not_ready", "checks": {"mongo": mongo, "model": model}}

    async def health(self) -> Health:
        """Return readiness, and what a monitor likes to see beside it."""
        readiness, documents = await asyncio.gather(self.readiness(), self._documents())
        loaded = self.live.loaded
        return {
            **readiness,
            "api": "running",
            "mongo": "connected" if readiness["checks"]["mongo"]["ok"] else "unavailable",
            "model": "absent" if loaded is None else "loaded",
            "model_version": loaded and loaded.version,
            "stale_reason": self.live.stale_reason,
            "documents": documents,
            "version": self.settings.git_revision,
        }

    async def _has_model(self) -> None:
        _ = self.live.bundle

    async def _documents(self) -> int | None:
        try:
            return await self.customers.count()
        except UnavailableError:
            return None


async def _check(ask: Callable[[], Awaitable[None]]) -> Check:
    started = perf_counter()
    try:
        await ask()
        ok = True
    except (UnavailableError, NoChampionError):
        ok = False
    return {"ok": ok, "milliseconds": round((perf_counter() - started) * 1000, 2)}

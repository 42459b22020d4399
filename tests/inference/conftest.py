"""An API over customers in memory and a small signed bundle; every part can be swapped for one that misbehaves."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from bundles import KEY, VERSION
from serving import (
    NOW,
    ORDERS,
    InMemoryContacts,
    InMemoryCustomers,
    InMemoryLoads,
    InMemoryRanking,
    InMemoryScores,
    InMemoryTransactions,
    Models,
    Serve,
)

from inference.app import create_app
from inference.settings import Settings
from retention.registry.versions import Registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from inference.customer.repository import Contacts, Ranking
    from inference.health.repository import Loads
    from inference.prediction.repository import Customers
    from inference.score.service import Scores
    from inference.transaction.repository import Transactions


class Accounted(httpx.ASGITransport):
    """Gives an answer once it is counted and logged, too, which is done in the loop's next turn."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        await asyncio.sleep(0)
        return answer


@pytest.fixture
def models(tmp_path: Path) -> Models:
    """An empty models volume."""
    key_file = tmp_path / "key"
    key_file.write_bytes(KEY + b"\n")
    return Models(Registry(tmp_path / "models"), key_file)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def environ(models: Models) -> dict[str, str]:
    return {
        "MONGO_URI": "mongodb://127.0.0.1:1/",
        "MODELS_DIR": str(models.registry.live_dir.parent),
        "MODEL_SIGNING_KEY_FILE": str(models.key_file),
        "ALLOWED_HOSTS": "test,[::1]",
        "GIT_REVISION": "abc1234",
    }


@pytest.fixture
def serve(environ: dict[str, str], models: Models) -> Serve:
    """Serve the API, started and stopped as a server would, over given customers and settings."""

    @asynccontextmanager
    async def serving(
        customers: Customers | None = None,
        transactions: Transactions | None = None,
        *,
        ranking: Ranking | None = None,
        contacts: Contacts | None = None,
        scores: Scores | None = None,
        loads: Loads | None = None,
        **variables: str,
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(
            Settings.from_environ(environ | variables),
            now=lambda: NOW,
            customers=customers or InMemoryCustomers(ORDERS),
            transactions=transactions or InMemoryTransactions(),
            ranking=ranking or InMemoryRanking(),
            contacts=contacts or InMemoryContacts(),
            scores=scores or InMemoryScores(),
            loads=loads or InMemoryLoads(),
            registry=models.registry,
        )
        transport = Accounted(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as api,
        ):
            yield api

    return serving


@pytest.fixture
async def api(serve: Serve, models: Models) -> AsyncIterator[httpx.AsyncClient]:
    """The API with a model and customers."""
    models.publish(VERSION)
    async with serve() as client:
        yield client

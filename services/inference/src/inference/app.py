"""The application: built by create_app, never by an import."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from inference.customer.endpoints import router as customers_router
from inference.customer.repository import MongoRanking
from inference.database.connection import Connection
from inference.dependencies import Service
from inference.docs import openapi, pages
from inference.health.endpoints import router as health
from inference.health.metrics import Metrics
from inference.health.repository import MongoLoads
from inference.health.service import ASKED_AGE_S, ask_as_a_prediction_does
from inference.http.auth import Access
from inference.http.keys import KeyFile
from inference.http.overload import Places
from inference.http.problem_handlers import answer_with_problems
from inference.http.request_log import RequestLog
from inference.http.security import Guard, cross_origin
from inference.http.turns import Turns
from inference.model.endpoints import router as models
from inference.model.live_bundle import LiveBundle
from inference.model.repository import Versions
from inference.prediction.endpoints import router as predictions
from inference.prediction.legacy_endpoints import router as older_systems
from inference.prediction.repository import MongoCustomers, Shared
from inference.score.service import MongoScores
from inference.transaction.endpoints import router as transactions_router
from inference.transaction.repository import MongoTransactions
from inference.web.endpoints import router as web
from retention.registry.versions import Registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from fastapi.telemetry import TelemetryConfig

    from inference.customer.repository import Ranking
    from inference.health.repository import Loads
    from inference.prediction.repository import Customers
    from inference.score.service import Scores
    from inference.settings import Settings
    from inference.transaction.repository import Transactions


# In the order of the documentation.
ROUTERS: Final = (predictions, customers_router, transactions_router, models, older_systems, health, web)

# FastAPI's own would tell a collector paths, queries and the words of exceptions: who a customer is. See http.tracing.
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False,
}  # fmt: skip


def create_app(
    settings: Settings,
    *,
    now: Callable[[], datetime],
    customers: Customers | None = None,
    transactions: Transactions | None = None,
    ranking: Ranking | None = None,
    scores: Scores | None = None,
    loads: Loads | None = None,
    registry: Registry | None = None,
) -> FastAPI:
    """Return the application; it starts without a database and without a model, and is ready when both are there.

    Raises BadConfigurationError when MONGO_URI is not an address, or API_KEYS_FILE has a line that is no key.
    """
    access = Access(KeyFile(settings.api_keys_file) if settings.api_keys_file else None, settings.rate_limit)
    metrics, registry = Metrics(), registry or Registry(settings.models_dir)
    live = LiveBundle(registry, settings.signing_key_file, count=metrics.loaded)
    connection = Connection(settings)
    service = Service(
        settings=settings,
        customers=customers or MongoCustomers(connection),
        transactions=transactions or MongoTransactions(connection),
        ranking=ranking or MongoRanking(connection),
        scores=scores or MongoScores(connection, live, registry),
        live=live,
        versions=Versions(registry, settings.signing_key_file, live),
        loads=loads or MongoLoads(connection),
        metrics=metrics,
        now=now,
        turns=Turns(),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await live.refresh()
        tasks = [
            asyncio.create_task(live.follow(poll_s=settings.model_poll_s)),
            asyncio.create_task(service.transactions.keep_healing()),
            asyncio.create_task(service.scores.reconcile_forever()),
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        connection.close()

    app = FastAPI(
        title="Retention",
        version=settings.git_revision[:7],
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
        lifespan=lifespan,
        middleware=[
            Middleware(RequestLog, id_hash_key=settings.id_hash_key, count=metrics.answered),
            *_where_wanted(settings),
            Middleware(Guard, allowed_hosts=settings.allowed_hosts, access=access),
        ],
    )
    app.state.service = service
    app.state.access = access
    app.state.ask_database = Shared(lambda: ask_as_a_prediction_does(service), age_s=ASKED_AGE_S)
    app.state.places = Places(settings.requests_at_once)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    answer_with_problems(app)
    for router in ROUTERS:  # as they are: an included router matches every request once more
        app.router.routes.extend(router.routes)
    pages.serve(app)
    return app


def _where_wanted(settings: Settings) -> list[Middleware]:
    """Return what is not there by default, and then costs a request nothing."""
    wanted = [cross_origin(settings.cors_origins)] if settings.cors_origins else []
    if settings.tracing:
        from inference.http.tracing import Tracing  # noqa: PLC0415 - 5 MB, for those alone who want it

        wanted.insert(0, Middleware(Tracing, version=settings.git_revision[:7]))
    return wanted

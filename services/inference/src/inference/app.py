"""The application: built by create_app, never by an import."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from inference.customer.endpoints import router as customer
from inference.customer.repository import MongoContacts, MongoRanking
from inference.customer.service import CustomerService
from inference.database.connection import Connection
from inference.database.shared import SharedAnswer
from inference.database.shop import Labels
from inference.docs import openapi, pages
from inference.health.endpoints import router as health
from inference.health.exposition import Exposition
from inference.health.repository import MongoLoads
from inference.health.service import PROBE_AGE_S, HealthService, probe_database
from inference.http.admission import Admission
from inference.http.auth import Auth
from inference.http.guard import Guard
from inference.http.headers import cross_origin
from inference.http.keys import KeyFile
from inference.http.problem_handlers import add_problem_handlers
from inference.http.request_log import RequestLog
from inference.metrics import Metrics
from inference.model.endpoints import router as model
from inference.model.live_bundle import LiveBundle
from inference.model.repository import Versions
from inference.model.service import ModelService
from inference.prediction.batch import BatchService
from inference.prediction.endpoints import router as prediction
from inference.prediction.legacy_endpoints import router as legacy
from inference.prediction.meta import DataClock
from inference.prediction.references import References
from inference.prediction.repository import MongoCustomers
from inference.prediction.service import PredictionService
from inference.score.service import MongoScores
from inference.transaction.endpoints import router as transaction
from inference.transaction.repository import MongoTransactions
from inference.transaction.service import TransactionService
from inference.web.endpoints import mount_files
from inference.web.endpoints import router as web
from retention.registry.versions import Registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from fastapi.telemetry import TelemetryConfig

    from inference.customer.repository import Contacts, Ranking
    from inference.health.repository import Loads
    from inference.prediction.repository import Customers
    from inference.score.service import Scores
    from inference.settings import Settings
    from inference.transaction.repository import Transactions


# In the order of the documentation.
ROUTERS: Final = (prediction, customer, transaction, model, legacy, health, web)

# FastAPI's own telemetry would send paths, queries and exception texts, which identify customers. See http/tracing.py.
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
    contacts: Contacts | None = None,
    scores: Scores | None = None,
    loads: Loads | None = None,
    registry: Registry | None = None,
) -> FastAPI:
    """Return the application. It starts without a database and without a model, and is ready once both are there.

    Raises BadConfigurationError for an invalid MONGO_URI or an invalid line in API_KEYS_FILE.
    """
    metrics, registry = Metrics(), registry or Registry(settings.models_dir)
    admission = Admission(settings.requests_at_once)
    auth = Auth(KeyFile(settings.api_keys_file) if settings.api_keys_file else None, settings.rate_limit)
    live = LiveBundle(registry, settings.signing_key_file, count=metrics.loaded)
    versions = Versions(registry, settings.signing_key_file, live)
    connection = Connection(settings)
    labels = Labels(settings.time_zone, settings.currency)
    customers = customers or MongoCustomers(connection)
    transactions = transactions or MongoTransactions(
        connection, labels.before_the_first_load, keep_references=settings.keep_references
    )
    ranking = ranking or MongoRanking(connection)
    contacts = contacts or MongoContacts(connection)
    scores = scores or MongoScores(connection, lambda: live.loaded, registry)
    loads = loads or MongoLoads(connection)
    clock = DataClock(settings.clock, settings.stale_after_days, labels, now)
    probe = SharedAnswer(lambda: probe_database(customers, clock), age_s=PROBE_AGE_S)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await live.refresh()
        tasks = [
            asyncio.create_task(live.follow(poll_s=settings.model_poll_s)),
            asyncio.create_task(transactions.keep_healing()),
            asyncio.create_task(scores.reconcile_forever()),
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
            *_optional(settings),
            Middleware(Guard, allowed_hosts=settings.allowed_hosts, auth=auth, admission=admission),
        ],
    )
    people = References(settings.identity_key)
    predictions = PredictionService(customers, live, clock, metrics, people)
    app.state.auth, app.state.admission, app.state.metrics = auth, admission, metrics
    app.state.predictions = predictions
    app.state.batches = BatchService(predictions, admission.large_answers)
    app.state.customers = CustomerService(predictions, ranking, admission.large_answers, contacts)
    app.state.transactions = TransactionService(
        transactions, scores, live, metrics, now, customers, people, labels.before_the_first_load
    )
    app.state.models = ModelService(live, versions, scores, admission.champion_moves, now)
    app.state.health = HealthService(customers, live, probe, settings.git_revision)
    app.state.exposition = Exposition(metrics, live, versions, loads, probe, settings.git_revision)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    add_problem_handlers(app)
    for router in ROUTERS:  # their routes directly: an included router would match every request a second time
        app.router.routes.extend(router.routes)
    auth.protect(app.routes)
    mount_files(app)
    pages.serve(app)
    return app


def _optional(settings: Settings) -> list[Middleware]:
    """Return the middleware of optional features; while they are off, requests cost nothing extra."""
    optional = [cross_origin(settings.cors_origins)] if settings.cors_origins else []
    if settings.tracing:
        from inference.http.tracing import Tracing  # noqa: PLC0415 - 5 MB, only if configured

        optional.insert(0, Middleware(Tracing, version=settings.git_revision[:7]))
    return optional

"""The application: built by create_app, never by an import."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from inference.connection import Connection
from inference.documentation import openapi, pages
from inference.errors import answer_with_problems
from inference.health.routes import router as health
from inference.http.request_log import RequestLog
from inference.http.security import Guard, SecurityHeaders
from inference.models.live_bundle import LiveBundle
from inference.models.routes import router as models
from inference.predictions.lookup import MongoCustomers
from inference.predictions.routes import router as predictions
from inference.service import Service
from inference.transactions.routes import router as transactions_router
from inference.transactions.store import MongoTransactions
from inference.web.routes import router as web
from retention.registry import Registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from inference.predictions.lookup import Customers
    from inference.settings import Settings
    from inference.transactions.store import Transactions


ROUTERS: Final = (predictions, transactions_router, models, health, web)  # in the order of the documentation


def create_app(
    settings: Settings,
    *,
    now: Callable[[], datetime],
    customers: Customers | None = None,
    transactions: Transactions | None = None,
    registry: Registry | None = None,
) -> FastAPI:
    """Return the application; it starts without a database and without a model, and is ready when both are there.

    Raises BadConfigurationError when MONGO_URI is not an address.
    """
    live = LiveBundle(registry or Registry(settings.models_dir), settings.signing_key_file)
    connection = Connection(settings)
    service = Service(
        settings, customers or MongoCustomers(connection), transactions or MongoTransactions(connection), live, now
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await live.refresh()
        tasks = [
            asyncio.create_task(live.follow(poll_s=settings.model_poll_s)),
            asyncio.create_task(service.transactions.keep_healing()),
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
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(RequestLog),
            Middleware(Guard, allowed_hosts=settings.allowed_hosts),
        ],
    )
    app.state.service = service
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    answer_with_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    pages.serve(app)
    return app

"""OpenTelemetry spans, one per request. Imported only where OTEL_EXPORTER_OTLP_ENDPOINT is set.

Our own, because the instrumentation of FastAPI and Starlette records paths and queries, which identify customers.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EXPORT_TIMEOUT_S: Final = 2.0  # also at shutdown: an unreachable exporter delays nothing
_SERVER_ERROR: Final = 500


class Tracing:
    """Makes a server span of each request, a child of its `traceparent`, and exports spans in batches from a thread.

    A span has the method, the route's template and the status: nothing that identifies a customer.
    """

    def __init__(self, app: ASGIApp, *, version: str, processor: SpanProcessor | None = None) -> None:
        self._app = app
        resource = Resource.create({"service.name": "retention-inference", "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter(timeout=_EXPORT_TIMEOUT_S)))
        self._tracer = self._provider.get_tracer(__name__)
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request to its end; at shutdown, export the remaining spans."""
        if scope["type"] == "http":
            await self._traced(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            await asyncio.to_thread(self._provider.shutdown)

    async def _traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in {b"traceparent", b"tracestate"}
        }
        method = scope["method"]
        attributes = {"http.request.method": method}
        with self._tracer.start_as_current_span(
            method,
            context=self._propagator.extract(carrier),
            kind=SpanKind.SERVER,
            attributes=attributes,
            record_exception=False,  # its text may quote the request,
            set_status_on_exception=False,  # and so may a status made from it
        ) as span:

            async def send_traced(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= _SERVER_ERROR:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            try:
                await self._app(scope, receive, send_traced)
            except BaseException:
                span.set_status(StatusCode.ERROR)
                raise
            finally:
                route = getattr(scope.get("route"), "path_format", "unmatched")
                span.set_attribute("http.route", route)
                span.update_name(f"{method} {route}")

"""Prometheus counters of this process. No label identifies a customer or contains the client's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LoadResult: TypeAlias = Literal["loaded", "refused", "unreadable"]

# A look-up takes 1 ms; only a large body or a move of the champion may take more than a second.
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_TENTHS: Final = tuple(tenth / 10 for tenth in range(1, 11))
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "other"  # unknown methods
UNSTATED: Final = "unstated"  # the evidence of answers that do not state it


class Metrics:
    """The counters of one application, on a registry of its own: tests make many applications.

    Label children are looked up once and kept: counting a request and its prediction takes about 5 µs.
    """

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # they would double the series
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "http_request_duration_seconds", "Time from a request's head to the end of its answer.", ("route",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._predictions = Counter(
            "churn_predictions", "Churn probabilities answered.", ("model_version", "evidence"), registry=self.registry
        )
        self._probability = Histogram(
            "churn_prediction_probability", "Distribution of the answered churn probabilities.", buckets=_TENTHS,
            registry=self.registry,
        )  # fmt: skip
        self._loads = Counter(
            "churn_model_loads", "Model load attempts; unreadable champions are retried.", ("result",),
            registry=self.registry,
        )  # fmt: skip
        self.posted_rows: dict[tuple[str, str], int] = {}  # rows of requests, by result and reason
        ProcessCollector(registry=self.registry)
        for result in get_args(LoadResult):
            self._loads.labels(result)  # so that the first refusal is an increase
        self._of_answers: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}
        self._of_predictions: dict[tuple[str, str], Callable[[], None]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is the template of its path, or one word for all unmatched paths."""
        known = self._of_answers.get((method, route, status))
        if known is None:
            name = method if method in _METHODS else _OTHER
            known = (self._requests.labels(name, route, str(status)).inc, self._seconds.labels(route).observe)
            if name is method:  # unknown methods are not kept
                self._of_answers[method, route, status] = known
        increase, observe = known
        increase()
        observe(seconds)

    def predicted(self, model_version: str, evidence: str, probability: float) -> None:
        """Count one answered probability."""
        increase = self._of_predictions.get((model_version, evidence))
        if increase is None:
            increase = self._predictions.labels(model_version, evidence).inc
            self._of_predictions[model_version, evidence] = increase
        increase()
        self._probability.observe(probability)

    def loaded(self, result: LoadResult) -> None:
        """Count an attempt to load a champion."""
        self._loads.labels(result).inc()

    def posted(self, rows: Mapping[tuple[str, str], int]) -> None:
        """Count the rows of a new request, by result and reason."""
        for key, count in rows.items():
            self.posted_rows[key] = self.posted_rows.get(key, 0) + count

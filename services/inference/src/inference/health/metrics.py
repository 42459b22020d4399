"""What this process counts as it answers, for Prometheus. No label says who a customer is, and none is the client's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from inference.model.live_bundle import LoadResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from inference.prediction.responses import PlainPrediction, Prediction
    from inference.transaction.responses import Ingested

# A look-up takes 1 ms; nothing may take more than a second, but a large body or a move of the champion.
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_TENTHS: Final = tuple(tenth / 10 for tenth in range(1, 11))
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "other"  # methods that clients make up
_UNSTATED: Final = "unstated"


class Metrics:
    """The counters of one application, on a registry of its own: an application may be made many times.

    A label's child is looked up once and kept: counting a prediction and its request takes about 5 µs.
    """

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "http_request_duration_seconds", "From a request's head to the end of its answer.", ("route",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._predictions = Counter(
            "churn_predictions", "Probabilities answered.", ("model_version", "evidence"), registry=self.registry
        )
        self._probability = Histogram(
            "churn_prediction_probability", "The probabilities answered.", buckets=_TENTHS, registry=self.registry
        )
        self._loads = Counter(
            "churn_model_loads", "Champions that were read: unreadable ones are tried again.", ("result",),
            registry=self.registry,
        )  # fmt: skip
        self.posted_rows: dict[tuple[str, str], int] = {}  # of requests, by result and reason
        ProcessCollector(registry=self.registry)
        for result in get_args(LoadResult):
            self._loads.labels(result)  # so that the first refusal is an increase
        self._of_answers: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}
        self._of_predictions: dict[tuple[str, str], Callable[[], None]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is the template of its path, or one word for all paths that have none."""
        known = self._of_answers.get((method, route, status))
        if known is None:
            name = method if method in _METHODS else _OTHER
            known = (self._requests.labels(name, route, str(status)).inc, self._seconds.labels(route).observe)
            if name is method:  # what clients make up is not kept
                self._of_answers[method, route, status] = known
        increase, observe = known
        increase()
        observe(seconds)

    def predicted(self, model_version: str, prediction: Prediction) -> None:
        """Count one probability that is answered, whichever question it answers."""
        self._predicted(model_version, prediction["evidence"], prediction["churn_probability"])

    def predicted_plainly(self, model_version: str, prediction: PlainPrediction) -> None:
        """Count one in an older system's words, which say nothing of evidence."""
        self._predicted(model_version, _UNSTATED, prediction["probability"])

    def _predicted(self, model_version: str, evidence: str, probability: float) -> None:
        increase = self._of_predictions.get((model_version, evidence))
        if increase is None:
            increase = self._predictions.labels(model_version, evidence).inc
            self._of_predictions[model_version, evidence] = increase
        increase()
        self._probability.observe(probability)

    def loaded(self, result: LoadResult) -> None:
        """Count a champion that was read."""
        self._loads.labels(result).inc()

    def posted(self, ledger: Ingested) -> None:
        """Count the lines of a request that was answered for the first time, by what became of them."""
        rows = {("inserted", ""): ledger["inserted"], ("duplicate", ""): ledger["duplicate"]}
        rows |= {("erased", ""): ledger["erased"]}
        rows |= {("quarantined", reason): count for reason, count in ledger["quarantined"].items()}
        for key, count in rows.items():
            self.posted_rows[key] = self.posted_rows.get(key, 0) + count

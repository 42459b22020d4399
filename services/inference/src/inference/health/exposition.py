"""The Prometheus exposition: the counters of this process, and figures read at each scrape."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from inference.model.manifest_summary import summarise
from retention.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

    from inference.health.repository import Loaded, Loads
    from inference.metrics import Metrics
    from inference.model.live_bundle import LiveBundle
    from inference.model.repository import Versions
    from retention.registry.bundle import Bundle

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


class Exposition(NamedTuple):
    """Everything that `GET /metrics` reports."""

    metrics: Metrics
    live: LiveBundle
    versions: Versions
    loads: Loads
    probe: Callable[[], Awaitable[None]]  # of the database, shared
    git_revision: str

    async def text(self) -> bytes:
        """Return every metric. Unknown figures are left out: a monitor sees a gap, never a wrong figure."""
        up, loaded, runs = await asyncio.gather(self._is_up(), self._loaded(), self.versions.runs())
        families = [
            *_build(self.git_revision),
            *_model(self.live.loaded),
            *_runs(runs),
            *_data(loaded, self.metrics.posted_rows),
            GaugeMetricFamily("churn_database_up", "Whether the database answers.", value=float(up)),
        ]
        return await asyncio.to_thread(generate_latest, _Scrape(self.metrics.registry, families))

    async def _is_up(self) -> bool:
        try:
            await self.probe()
        except UnavailableError:
            return False
        return True

    async def _loaded(self) -> Loaded | None:
        try:
            return await self.loads.loaded()
        except UnavailableError:
            return None


class _Scrape(Collector):
    """The counters of the process, followed by the families read for this scrape."""

    def __init__(self, counted: Collector, families: Iterable[Metric]) -> None:
        self._counted = counted
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        yield from self._counted.collect()
        yield from self._families


def _build(git_revision: str) -> Iterator[Metric]:
    yield InfoMetricFamily("churn_build", "The running code.", value={"revision": git_revision})


def _model(bundle: Bundle | None) -> Iterator[Metric]:
    if bundle is None:
        return
    summary = summarise(bundle.manifest)
    info = {
        "version": bundle.version,
        "grade": summary["grade"] or "",
        "horizon_days": str(bundle.churn.horizon_days),
    }
    yield InfoMetricFamily("churn_model", "The live model.", value=info)
    if trained_at := summary["created_at"]:
        text = "When the live model was trained."
        seconds = datetime.fromisoformat(trained_at).timestamp()
        yield GaugeMetricFamily("churn_model_trained_timestamp_seconds", text, value=seconds)


def _runs(runs: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    text = "Training runs that published a version, seen since the start."
    family = CounterMetricFamily("churn_training_runs", text, labels=("result", "grade"))
    for (result, grade), count in sorted(runs.items()):
        family.add_metric((result, grade), count)
    yield family


def _data(loaded: Loaded | None, posted: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    if loaded is None:
        return
    text = "Rows by outcome: of all files, and of requests since the start."
    family = CounterMetricFamily("churn_ingest_rows", text, labels=("result", "reason"))
    for result, reason in sorted({*loaded.rows, *posted}):
        count = loaded.rows.get((result, reason), 0) + posted.get((result, reason), 0)
        family.add_metric((result, reason), count)
    yield family
    if loaded.last_transaction_at is not None:
        text = "The instant of the last transaction."
        seconds = loaded.last_transaction_at.timestamp()
        yield GaugeMetricFamily("churn_data_last_transaction_timestamp_seconds", text, value=seconds)

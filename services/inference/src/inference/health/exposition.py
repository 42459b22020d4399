"""The text that Prometheus reads: what this process counted, and what is known elsewhere, asked when it is wanted."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Final

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from inference.model.manifest_summary import headline
from retention.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

    from inference.dependencies import Service
    from inference.health.repository import Loaded
    from retention.registry.bundle import Bundle

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


async def exposition(service: Service, ask_database: Callable[[], Awaitable[None]]) -> bytes:
    """Return every metric. What cannot be known now is left out: a monitor sees a gap, and never a wrong figure."""
    up, loaded, runs = await asyncio.gather(_is_up(ask_database), _loaded(service), service.versions.runs())
    families = [
        *_build(service.settings.git_revision),
        *_model(service.live.loaded),
        *_runs(runs),
        *_data(loaded, service.metrics.posted_rows),
        GaugeMetricFamily("churn_database_up", "Whether the database answers.", value=float(up)),
    ]
    return await asyncio.to_thread(generate_latest, _Scrape(service.metrics.registry, families))


class _Scrape(Collector):
    """One answer: the counters of the process, then what was asked for it."""

    def __init__(self, counted: Collector, families: Iterable[Metric]) -> None:
        self._counted = counted
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        yield from self._counted.collect()
        yield from self._families


async def _is_up(ask_database: Callable[[], Awaitable[None]]) -> bool:
    try:
        await ask_database()
    except UnavailableError:
        return False
    return True


async def _loaded(service: Service) -> Loaded | None:
    try:
        return await service.loads.loaded()
    except UnavailableError:
        return None


def _build(git_revision: str) -> Iterator[Metric]:
    yield InfoMetricFamily("churn_build", "The code that answers.", value={"revision": git_revision})


def _model(bundle: Bundle | None) -> Iterator[Metric]:
    if bundle is None:
        return
    said = headline(bundle.manifest)
    info = {
        "version": bundle.version,
        "grade": said["grade"] or "",
        "horizon_days": str(bundle.churn.horizon_days),
    }
    yield InfoMetricFamily("churn_model", "The model that answers.", value=info)
    if trained_at := said["created_at"]:
        words = "When the model that answers was trained."
        seconds = datetime.fromisoformat(trained_at).timestamp()
        yield GaugeMetricFamily("churn_model_trained_timestamp_seconds", words, value=seconds)


def _runs(runs: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    words = "Training runs that published a version, seen on the volume since the start."
    family = CounterMetricFamily("churn_training_runs", words, labels=("result", "grade"))
    for (result, grade), count in sorted(runs.items()):
        family.add_metric((result, grade), count)
    yield family


def _data(loaded: Loaded | None, posted: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    if loaded is None:
        return
    words = "Rows by what became of them: of files ever, of requests since the start."
    family = CounterMetricFamily("churn_ingest_rows", words, labels=("result", "reason"))
    for result, reason in sorted({*loaded.rows, *posted}):
        count = loaded.rows.get((result, reason), 0) + posted.get((result, reason), 0)
        family.add_metric((result, reason), count)
    yield family
    if loaded.last_transaction_at is not None:
        words = "The instant of the last transaction."
        seconds = loaded.last_transaction_at.timestamp()
        yield GaugeMetricFamily("churn_data_last_transaction_timestamp_seconds", words, value=seconds)

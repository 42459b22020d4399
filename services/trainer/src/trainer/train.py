"""The training run: load → window → fit → evaluate → gate → report → publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from retention.clock import rfc3339
from retention.registry.bundle import Bundle, read_signing_key
from retention.registry.versions import Registry, new_version
from trainer import gate
from trainer.artefacts import bundle_files
from trainer.champion import champion_probability, has_origin, read_champion
from trainer.evaluation.challenger import evaluate_challenger
from trainer.manifest import model_manifest
from trainer.models import fit_models
from trainer.provenance import run_origin
from trainer.publish import publish
from trainer.segments.analysis import analyse_segments
from trainer.segments.descriptions import read_descriptions
from trainer.segments.predictive_gain import predictive_gain
from trainer.timing import StageTimer
from trainer.training_data import load_training_data
from trainer.windows import choose_windows

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trainer.evaluation.challenger import Evaluation
    from trainer.gate import Verdict
    from trainer.repository import Store
    from trainer.settings import Settings
    from trainer.training_data import TrainingData


class Trained(NamedTuple):
    """The champion after the run: its version, its manifest, and whether this run made it."""

    version: str
    manifest: dict[str, Any]
    fresh: bool


def train(
    store: Store, settings: Settings, *, now: datetime, horizon_days: int, force: bool, say: Callable[[str], Any]
) -> Trained:
    """Train on the store's data as of its clock and promote the result.

    Does nothing when the champion has the same data, code, settings and horizon, unless `force`. NotEnoughDataError
    when there is too little data. A version the gate refuses is published for its report, then GateRefusedError is
    raised. In both cases the champion is unchanged.
    """
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    descriptions = read_descriptions(settings.segments, settings.segments_file)
    with registry.training_lock():
        origin = run_origin(store, settings, descriptions, horizon_days)
        champion = read_champion(registry, key)
        if isinstance(champion, Bundle) and has_origin(champion, origin) and not force:
            return Trained(champion.version, champion.manifest, fresh=False)

        stage = StageTimer(say)
        with stage("read"):
            windows = choose_windows(store.first_order_day(), store.clock(), horizon_days)
            data = load_training_data(store, windows)
        with stage("fit"):
            models = fit_models(data, descriptions, settings.threshold)
        with stage("evaluate"):
            evaluation = evaluate_challenger(models, data, settings.threshold)
            verdict = _gate(data, evaluation, champion)
        for check in verdict.checks:
            say(f"{'passed' if check.passed else 'FAILED':<12}{check.reason}")
        with stage("segments"):
            segments = analyse_segments(models.segments, data.customers, data.test)
            gain = predictive_gain(data.training, models.selection, horizon_days, len(descriptions))
        manifest = {
            "version": new_version(now, settings.git_revision),
            "created_at": rfc3339(now),
            "git_revision": settings.git_revision,
            **origin,
            **model_manifest(data, models, evaluation, verdict),
            "segments": segments.to_json(),
            "segment_knowledge": gain,
        }
        with stage("report"):
            from trainer.report.from_run import report_files  # noqa: PLC0415 - matplotlib: 30 MB, needed only here

            cohorts = store.cohorts(windows.clock)
            report = report_files(manifest, data, models, evaluation, segments, cohorts, settings.currency)
        with stage("publish"):
            files = {**bundle_files(models, data), **report}
            published_at = now + stage.elapsed
            bundle = publish(registry, key, manifest=manifest, files=files, verdict=verdict, at=published_at)
        return Trained(bundle.version, bundle.manifest, fresh=True)


def _gate(data: TrainingData, evaluation: Evaluation, champion: Bundle | str) -> Verdict:
    baselines = evaluation.baselines
    return gate.check_challenger(
        data.test.churned.to_numpy(),
        evaluation.probability,
        feature_only=baselines["feature_only"].score,
        longest_silent_first=baselines["longest_silent_first"].score,
        champion=champion_probability(champion, data),
    )

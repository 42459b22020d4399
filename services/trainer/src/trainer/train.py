"""The training run, as a story: windows → examples → fit → evaluate → gate → report → publish → promote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from threadpoolctl import threadpool_limits

from retention.clock import rfc3339
from retention.errors import BundleRefusedError, NoChampionError, NotPermittedError
from retention.registry.bundle import Bundle, read_bundle, read_signing_key, write_bundle
from retention.registry.versions import Registry, new_version
from trainer import gate, publish
from trainer.churn.choose import Choice, choose
from trainer.churn.fit import fit_churn
from trainer.churn.vectorised import churn_probability, feature_only_probability
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.grade import grade
from trainer.evaluation.rivals import Rival, fit_rivals
from trainer.readiness import check_readiness, history_horizons
from trainer.segments.fit import fit_segments
from trainer.segments.knowledge import segment_gain
from trainer.segments.names import fingerprint, read_descriptions
from trainer.segments.segmentation import segmentation
from trainer.stages import Stages
from trainer.windows import Examples, Windows, choose_windows, examples_at, training_examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trainer.evaluation.metrics import Floats
    from trainer.gate import Verdict
    from trainer.repository import Store
    from trainer.settings import Settings


class Trained(NamedTuple):
    """The outcome: the champion's version, its manifest, and whether this run made it."""

    version: str
    manifest: dict[str, Any]
    fresh: bool


class Data(NamedTuple):
    """What is learned from and judged by, and what the data was ready for."""

    clock: datetime
    windows: Windows
    horizons: float  # how many of them the history is long
    learn: Examples
    test: Examples
    readiness: list[dict[str, Any]]


class Judged(NamedTuple):
    """The models, what they said of the test window, and what is to be thought of it."""

    models: publish.Models
    probability: Floats
    rivals: dict[str, Rival]
    results: dict[str, Any]
    verdict: Verdict


def train(
    store: Store, settings: Settings, *, now: datetime, horizon_days: int, force: bool, say: Callable[[str], Any]
) -> Trained:
    """Train on the store's data as of its clock and make the result the champion.

    Does nothing when the champion comes from the same data, code, settings and horizon, unless `force`. Raises
    NotEnoughDataError when there is too little to learn from. A version that the gate refuses is published, so that
    its report can be read, and GateRefusedError raised. In both cases the champion is left alone.
    """
    descriptions = read_descriptions(settings.segments, settings.segments_file)
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    with registry.training_lock():
        origin = {
            "data_fingerprint": store.fingerprint(),
            "code_fingerprint": publish.code_fingerprint(),
            "settings_fingerprint": f"{fingerprint(descriptions)} {settings.threshold!r} {settings.currency}",
            "horizon_days": horizon_days,
        }
        champion = _champion(registry, key)
        if isinstance(champion, Bundle) and not force and _is_from(champion, origin):
            return Trained(champion.version, champion.manifest, fresh=False)

        stage = Stages(say)
        with stage("read"):
            data = _read(store, horizon_days)
            customers = store.customers(data.clock)
        with stage("fit"), threadpool_limits(1):  # more threads sum in another order: other last bits
            choice = choose(data.learn, horizon_days)
            churn = fit_churn(data.learn, choice.features, choice.regularisation, settings.threshold, horizon_days)
            models = publish.Models(churn, fit_segments(customers, descriptions), customers, data.clock)
        with stage("evaluate"):
            judged = _judge(models, data, champion, settings, horizon_days)
        for check in judged.verdict.checks:
            say(f"{'passed' if check.passed else 'FAILED':<12}{check.reason}")
        with stage("segments"):
            segments = segmentation(models, data.test)
            knowledge = segment_gain(data.learn, choice, horizon_days, len(descriptions))
        manifest = {
            "version": new_version(now, settings.git_revision),
            "created_at": rfc3339(now),
            "git_revision": settings.git_revision,
            **origin,
            **_manifest(data, choice, judged),
            "segments": segments.to_json(),
            "segment_knowledge": knowledge,
        }
        with stage("report"):
            from trainer.report import write_report  # noqa: PLC0415 - the plotting library's 30 MB come when they are due
            from trainer.report.data import report_data  # noqa: PLC0415

            cohorts = store.cohorts(data.clock)
            report = write_report(report_data(manifest, data, judged, segments, cohorts, settings.currency))
        with stage("publish"):
            files = {**publish.bundle_files(models), **report}
            return _publish(registry, key, manifest, files, judged.verdict, now + stage.elapsed)


def _champion(registry: Registry, key: bytes) -> Bundle | str:
    """Return the champion, or why there is none to compare with."""
    try:
        return read_bundle(registry.folder(registry.champion()), key)
    except NoChampionError:
        return "there is none"
    except (BundleRefusedError, NotPermittedError) as error:
        return str(error)


def _read(store: Store, horizon_days: int) -> Data:
    clock, first_order_day = store.clock(), store.first_order_day()
    windows = choose_windows(first_order_day, clock, horizon_days)
    learn, test = training_examples(store, windows), examples_at(store, windows.test, horizon_days)
    horizons = history_horizons(first_order_day, clock, horizon_days)
    order_days = store.order_days(windows.test, clock)
    return Data(
        clock, windows, horizons, learn, test, check_readiness(learn, test, horizons=horizons, order_days=order_days)
    )


def _judge(models: publish.Models, data: Data, champion: Bundle | str, settings: Settings, horizon_days: int) -> Judged:
    """Evaluate on the untouched window, beside the rivals and, where it predicts the same thing, the champion."""
    test, churn = data.test, models.churn
    probability = churn_probability(churn.by_id, test.features)
    rivals = fit_rivals(data.learn, test)
    beside = rivals | {"feature_only": Rival(feature_only_probability(churn.feature_only, test.features))}
    verdict = gate.check_challenger(
        test.churned.to_numpy(),
        probability,
        feature_only=beside["feature_only"].score,
        longest_silent_first=rivals["longest_silent_first"].score,
        champion=_champion_says(champion, data),
    )
    results = evaluate(
        test,
        probability,
        threshold=churn.by_id.threshold,
        policy=settings.threshold,
        rivals=beside,
        horizon_days=horizon_days,
    )
    return Judged(models, probability, beside, results, verdict)


def _is_from(champion: Bundle, origin: dict[str, Any]) -> bool:
    return all(champion.manifest.get(name) == value for name, value in origin.items())


def _champion_says(champion: Bundle | str, data: Data) -> Floats | str:
    """Return the champion's probabilities of the test customers, or why they would be no fair comparison."""
    if isinstance(champion, str):
        return champion
    if champion.churn.horizon_days != data.windows.horizon_days:
        return f"it looks {champion.churn.horizon_days} days ahead, this one {data.windows.horizon_days}"
    learned_until = max(champion.manifest["windows"]["training_as_of"])
    if learned_until > rfc3339(max(data.windows.training)):
        return f"it learned from what became of customers after {learned_until}, which is in this test window"
    return churn_probability(champion.churn, data.test.features)


def _manifest(data: Data, choice: Choice, judged: Judged) -> dict[str, Any]:
    models, metrics = judged.models, judged.results["metrics"]
    by_id = models.churn.by_id
    return {
        "clock": rfc3339(data.clock),
        "windows": data.windows.to_json(),
        "rows": {
            "training": len(data.learn.churned), "test": len(data.test.churned), "customers": len(models.customers),
        },
        "readiness": data.readiness,
        "features": list(by_id.features),
        "choice": choice._asdict(),
        "threshold": {"value": by_id.threshold, "policy": models.churn.policy},
        **judged.results,
        "gate": judged.verdict.to_json(),
        "grade": grade(metrics, horizons=data.horizons) if judged.verdict.passed else None,
        "library_versions": publish.installed_versions(),
        "golden_predictions": publish.golden_predictions(models),
    }  # fmt: skip


def _publish(
    registry: Registry, key: bytes, manifest: dict[str, Any], files: dict[str, bytes], verdict: Verdict, now: datetime
) -> Trained:
    """Publish whatever the verdict; promote what passed, once it reads back sound."""
    version = manifest["version"]
    folder = registry.publish(version, lambda folder: write_bundle(folder, manifest, files, key))
    bundle = read_bundle(folder, key)
    if verdict.passed:
        registry.promote(version, at=now, reason=verdict.reason)
    registry.prune(key=key)
    verdict.require(version)
    return Trained(version, bundle.manifest, fresh=True)

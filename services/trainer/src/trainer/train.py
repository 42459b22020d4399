"""The training run, as a story: windows → examples → fit → evaluate → gate → publish → promote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from retention.bundle import read_bundle, read_signing_key, write_bundle
from retention.churn import FeatureOnlyModel
from retention.clock import rfc3339
from retention.errors import BundleRefusedError, NoChampionError
from retention.registry import Registry, new_version
from trainer import fit, gate, publish
from trainer.assume import fit_assumptions
from trainer.evaluate import evaluate
from trainer.segment import fit_segments
from trainer.windows import choose_windows, examples_at, training_examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trainer.settings import Settings
    from trainer.store import Store


class Trained(NamedTuple):
    """The outcome: the champion's version, its manifest, and whether this run made it."""

    version: str
    manifest: dict[str, Any]
    fresh: bool


def train(
    store: Store, settings: Settings, *, now: datetime, horizon_days: int, force: bool, say: Callable[[str], Any]
) -> Trained:
    """Train on the store's data as of its clock and make the result the champion.

    Does nothing when the champion comes from the same data, code and horizon, unless `force`. Raises
    NotEnoughDataError or GateRefusedError, and leaves the champion alone, when there is nothing good enough.
    """
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    with registry.training_lock():
        origin = {
            "data_fingerprint": store.fingerprint(),
            "code_fingerprint": publish.code_fingerprint(),
            "horizon_days": horizon_days,
        }
        champion = None if force else _champion_from(origin, registry, key)
        return champion or _train(store, settings, registry, key, origin, now, say)


def _train(
    store: Store,
    settings: Settings,
    registry: Registry,
    key: bytes,
    origin: dict[str, Any],
    now: datetime,
    say: Callable[[str], Any],
) -> Trained:
    clock, horizon_days = store.clock(), origin["horizon_days"]
    windows = choose_windows(store.first_order_day(), clock, horizon_days)
    learn, test = training_examples(store, windows), examples_at(store, windows.test, horizon_days)
    gate.check_readiness(learn, "training windows")
    gate.check_readiness(test, "test window")
    say(f"{len(learn.churned):,} examples at {len(windows.training)} cut-offs, {len(test.churned):,} for the test")

    by_id = fit.fit_churn(learn, fit.choose_features(learn), horizon_days)
    small = fit.fit_churn(learn, fit.FEATURE_ONLY_FEATURES, horizon_days)
    feature_only = FeatureOnlyModel(small.formula, fit_assumptions(learn.features))
    customers = store.customers(clock)
    models = publish.Models(by_id, feature_only, fit_segments(customers), customers, clock)

    results = evaluate(by_id, small, learn, test)
    reason = gate.check_challenger(results["metrics"], results["comparison"]["longest_silent_first"])

    version = new_version(now, settings.git_revision)
    manifest = {
        "version": version,
        "created_at": rfc3339(now),
        "git_revision": settings.git_revision,
        **origin,
        "clock": rfc3339(clock),
        "windows": windows.to_json(),
        "rows": {"training": len(learn.churned), "test": len(test.churned), "customers": len(customers)},
        "features": list(by_id.formula.features),
        "threshold": {"value": by_id.formula.threshold, "policy": f"recall ≥ {fit.RECALL:.2f} out of fold"},
        **results,
        "library_versions": publish.installed_versions(),
        "golden_predictions": publish.golden_predictions(models),
    }
    files = publish.bundle_files(models)
    folder = registry.publish(version, lambda folder: write_bundle(folder, manifest, files, key))
    bundle = read_bundle(folder, key)
    registry.promote(version, at=now, reason=reason)
    return Trained(version, bundle.manifest, fresh=True)


def _champion_from(origin: dict[str, Any], registry: Registry, key: bytes) -> Trained | None:
    """Return the champion if it is sound and from this origin."""
    try:
        bundle = read_bundle(registry.folder(registry.champion()), key)
    except (NoChampionError, BundleRefusedError):
        return None
    same = all(bundle.manifest.get(name) == value for name, value in origin.items())
    return Trained(bundle.version, bundle.manifest, fresh=False) if same else None

"""Publishes a version: writes it, reads it back, promotes it if the gate passed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retention.registry.bundle import Bundle, read_bundle, write_bundle

if TYPE_CHECKING:
    from datetime import datetime

    from retention.registry.versions import Registry
    from trainer.gate import Verdict


def publish(
    registry: Registry, key: bytes, *, manifest: dict[str, Any], files: dict[str, bytes], verdict: Verdict, at: datetime
) -> Bundle:
    """Publish the version and return it; GateRefusedError, after publishing, when the gate refused it."""
    version = manifest["version"]
    folder = registry.publish(version, lambda folder: write_bundle(folder, manifest, files, key))
    bundle = read_bundle(folder, key)
    if verdict.passed:
        registry.promote(version, at=at, reason=verdict.reason)
    registry.prune(key=key)
    verdict.require(version)
    return bundle

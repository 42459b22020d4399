"""The commands on versions: list, report, promote, roll back. They need no database and no scikit-learn."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from retention.errors import BundleRefusedError, CannotWriteError, NoChampionError, NoInputError
from retention.registry.bundle import read_bundle, read_signing_key
from retention.registry.versions import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from trainer.settings import Settings

_HEADINGS: Final = ("VERSION", "CREATED", "GRADE", "ROC-AUC", "")


@dataclass(frozen=True)
class VersionSummary:
    """One version as `list` shows it; for an unsound one only the reason is known."""

    version: str
    champion: bool
    created_at: str | None = None  # RFC 3339
    grade: str | None = None
    roc_auc: dict[str, float] | None = None  # value, low, high
    refused: str | None = None  # the reason it is unsound

    def to_json(self) -> dict[str, Any]:
        """Return the summary as `list --json` prints it."""
        return asdict(self)


def list_versions(settings: Settings) -> list[VersionSummary]:
    """Return all versions, newest first, including unsound ones and a champion whose folder is missing."""
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    try:
        champion = {registry.champion()}
    except NoChampionError:
        champion = set()
    versions = sorted({*registry.versions(), *champion}, reverse=True)
    return [_summary(registry, version, key, champion=version in champion) for version in versions]


def table(versions: Sequence[VersionSummary]) -> list[str]:
    """Return the versions as aligned lines under a heading; a star marks the champion."""
    if not versions:
        return ["no versions yet: run 'python -m trainer train'"]
    rows = [("", *_HEADINGS), *(("*" if version.champion else "", *_cells(version)) for version in versions)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def promote(settings: Settings, version: str, *, at: datetime, reason: str) -> str:
    """Make `version` the champion and return the line to print; raises for an unknown or unsound version."""
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    before = registry.promote_by_hand(version, key=key, at=at, reason=_with_reason("promoted by hand", reason))
    return f"champion     {version}" + ("" if version != before else " (already the champion: nothing to do)")


def rollback(settings: Settings, *, at: datetime, reason: str) -> str:
    """Make the previous champion the champion again and return the line to print."""
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    return f"champion     {registry.rollback(key=key, at=at, reason=_with_reason('by hand', reason))} (rolled back)"


def report(settings: Settings, version: str | None) -> Path:
    """Return the report of `version`, by default the champion's; raises for an unknown or unsound version."""
    registry, key = Registry(settings.models_dir), read_signing_key(settings.signing_key_file)
    version = version or registry.champion()
    if version not in registry.versions():
        raise NoInputError(f"no version {version!r}: see 'python -m trainer list'")
    read_bundle(registry.folder(version), key)
    page = registry.folder(version) / "report.html"
    if not page.exists():
        raise NoInputError(f"version {version} has no report: see 'python -m trainer list' for others")
    return page


def copy_report(page: Path, target: Path) -> str:
    """Copy the report to `target` and return the line to print."""
    try:
        target.write_bytes(page.read_bytes())
    except OSError as error:
        raise CannotWriteError(f"cannot write {target}: {error.strerror}") from error
    return f"report       {target}"


def _with_reason(what: str, reason: str) -> str:
    return f"{what}: {reason}" if reason else what


def _summary(registry: Registry, version: str, key: bytes, *, champion: bool) -> VersionSummary:
    try:
        manifest = read_bundle(registry.folder(version), key).manifest
    except BundleRefusedError as error:
        return VersionSummary(version, champion, refused=str(error).removeprefix(f"{version}: "))
    return VersionSummary(
        version,
        champion,
        created_at=manifest.get("created_at"),
        grade=(manifest.get("grade") or {}).get("grade"),
        roc_auc=manifest.get("metrics", {}).get("roc_auc"),
    )


def _cells(summary: VersionSummary) -> tuple[str, str, str, str, str]:
    auc = "{value:.3f} ({low:.3f} to {high:.3f})".format(**summary.roc_auc) if summary.roc_auc else "-"
    state = "champion" if summary.champion else ""
    if summary.refused:
        state = f"{state} UNSOUND: {summary.refused}".lstrip()
    return summary.version, summary.created_at or "-", summary.grade or "-", auc, state

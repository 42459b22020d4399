"""The versions on the models volume: the summary of each manifest, and whether the version is sound."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from inference.errors import NotVerifiableError, VersionNotFoundError, VersionRefusedError
from inference.model.manifest_summary import ManifestSummary, run_labels, summarise
from retention.errors import (
    BadConfigurationError,
    BundleRefusedError,
    CannotWriteError,
    NoInputError,
    NotPermittedError,
    RetentionError,
)
from retention.registry.bundle import MANIFEST, read_bundle, read_signing_key
from retention.registry.champion_log import NO_VERSION, Move, moves

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from inference.model import responses as schemas
    from inference.model.live_bundle import LiveBundle
    from retention.registry.versions import Registry

logger = logging.getLogger(__name__)

Stamp: TypeAlias = "tuple[tuple[str, int, int, int], ...]"

MOVES: Final = 20  # shown in the history: a year of monthly promotions, and rollbacks


class Seen(NamedTuple):
    """What was found in a version's folder when it was last read."""

    stamp: Stamp
    summary: ManifestSummary
    sound: bool | Literal["unknown"]
    reason: str | None


class Versions:
    """Reads each version once, in a thread, and again when one of its files or the signing key changes.

    Hashing a version takes 10 ms: it has 2 MB, mostly its report.
    """

    def __init__(self, registry: Registry, signing_key_file: Path, live: LiveBundle) -> None:
        self._registry = registry
        self._key_file = signing_key_file
        self._live = live
        self._reading = asyncio.Lock()  # concurrent requests do not read the same files
        self._seen: dict[str, Seen] = {}
        self._runs: dict[str, tuple[str, str]] = {}  # also of deleted versions: a counter must not decrease

    async def listed(self) -> schemas.VersionList:
        """Return all versions, newest first, broken ones as unsound, and the last changes of the champion."""
        async with self._reading:
            champion, history = await asyncio.to_thread(self._read_all)
            seen = sorted(self._seen.items(), reverse=True)
        serving = self._live.loaded and self._live.loaded.version
        return {
            "versions": [
                {
                    "version": version,
                    **found.summary,
                    "champion": version == champion,
                    "serving": version == serving,
                    "sound": found.sound,
                    "reason": found.reason,
                }
                for version, found in seen
            ],
            "history": [_shown(move) for move in reversed(history)],
        }

    async def promote(self, version: str, *, at: datetime, by: str) -> tuple[str | None, bool]:
        """Make `version` the champion; return the previous one and whether it changed.

        After VersionNotFoundError, VersionRefusedError, NotVerifiableError, LockedError and CannotWriteError nothing
        has changed.
        """
        return await asyncio.to_thread(self._promote, version, at, by)

    def _promote(self, version: str, at: datetime, by: str) -> tuple[str | None, bool]:
        try:
            key = read_signing_key(self._key_file)
            before = self._registry.promote_by_hand(version, key=key, at=at, reason=f"api: {by}")
        except NoInputError as error:
            raise VersionNotFoundError from error
        except (BundleRefusedError, BadConfigurationError, RecursionError) as error:
            unfit = VersionRefusedError if _is_broken(error) else NotVerifiableError
            raise unfit(self._live.without_paths(error)) from error
        except (CannotWriteError, NotPermittedError) as error:
            logger.error("the champion cannot be changed", extra={"reason": str(error)})  # noqa: TRY400 - the reason is enough
            raise
        return before, before != version

    async def runs(self) -> dict[tuple[str, str], int]:
        """Return the number of training runs seen since the start, by gate result and grade."""
        async with self._reading:
            await asyncio.to_thread(self._find_runs)
            return dict(Counter(self._runs.values()))

    def _read_all(self) -> tuple[str | None, list[Move]]:
        """Read new versions; return the champion and its last moves."""
        self._seen = {version: self._read(version) for version in self._published()}
        try:
            return self._champion(), moves(self._registry.live_dir / "champion.log")[-MOVES:]
        except OSError:
            return self._champion(), []

    def _champion(self) -> str | None:
        try:
            return self._registry.champion()
        except RetentionError:
            return None

    def _find_runs(self) -> None:
        for version in self._published():
            if version not in self._runs and (manifest := _manifest(self._registry.folder(version))):
                self._runs[version] = run_labels(summarise(manifest))

    def _published(self) -> list[str]:
        try:
            return self._registry.versions()
        except OSError:
            return []

    def _read(self, version: str) -> Seen:
        folder, known = self._registry.folder(version), self._seen.get(version)
        stamp = _stamp(folder, self._key_file)
        if known and known.stamp == stamp and known.sound != "unknown":
            return known
        summary = summarise(_manifest(folder))
        try:
            read_bundle(folder, read_signing_key(self._key_file))
        except (RetentionError, OSError, RecursionError) as error:
            return Seen(stamp, summary, False if _is_broken(error) else "unknown", self._live.without_paths(error))
        return Seen(stamp, summary, sound=True, reason=None)


def _is_broken(error: Exception) -> bool:
    """Return whether the bundle is broken; False if it or the key merely cannot be read now."""
    unreadable = isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError)
    return isinstance(error, BundleRefusedError | RecursionError) and not unreadable


def _stamp(folder: Path, key_file: Path) -> Stamp:
    """Return a value that changes with any file of the folder or the key; () if they cannot be read."""
    try:
        found = sorted((str(path), path.lstat()) for path in (*folder.rglob("*"), key_file))
    except OSError:
        return ()
    return tuple((name, status.st_mtime_ns, status.st_size, status.st_ino) for name, status in found)


def _manifest(folder: Path) -> object:
    try:
        return json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _shown(move: Move) -> schemas.ChampionMove:
    before = None if move.before == NO_VERSION else move.before
    return {"at": move.at, "from": before, "to": move.version, "reason": move.reason}

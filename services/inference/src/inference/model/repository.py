"""The versions on the models volume: what each says of itself, and whether it could answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from inference.model.manifest_summary import Headline, headline, run
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

MOVES: Final = 20  # of the champion, that are shown: a year of monthly ones, and the ways back


class VersionNotFoundError(RetentionError):
    """No version of this name is published."""


class _UnfitError(RetentionError):
    """The version is there and cannot answer. `errors` says why, without paths."""

    code: str

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.errors = [{"pointer": "#/version", "code": self.code, "detail": reason}]


class VersionRefusedError(_UnfitError):
    """It is not sound; the champion stays."""

    code = "version_refused"


class NotVerifiableError(_UnfitError):
    """It, or the key that it is signed with, cannot be read now; the champion stays."""

    code = "not_verifiable"


class ChampionNotLoadedError(_UnfitError):
    """It is the champion, and cannot be loaded here; the model of before goes on answering."""

    code = "champion_not_loaded"


class Seen(NamedTuple):
    """What was found in a version's folder, the last time that anything in it was another."""

    stamp: Stamp
    said: Headline
    sound: bool | Literal["unknown"]
    reason: str | None


class Versions:
    """Reads each version once, in a thread, and again when a file of it or the signing key is another.

    A version has 2 MB, most of them a report to be hashed: 10 ms each.
    """

    def __init__(self, registry: Registry, signing_key_file: Path, live: LiveBundle) -> None:
        self._registry = registry
        self._key_file = signing_key_file
        self._live = live
        self.moving = asyncio.Lock()  # held by who moves the champion, until it is loaded here
        self._reading = asyncio.Lock()  # several who ask together do not read the same files
        self._seen: dict[str, Seen] = {}
        self._runs: dict[str, tuple[str, str]] = {}  # also of versions that are gone: a count must not go back

    async def listed(self) -> schemas.Versions:
        """Return every version, newest first, a broken one as unsound; and the last moves of the champion."""
        async with self._reading:
            champion, history = await asyncio.to_thread(self._look)
            seen = sorted(self._seen.items(), reverse=True)
        serving = self._live.loaded and self._live.loaded.version
        return {
            "versions": [
                {
                    "version": version,
                    **found.said,
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
        """Make `version` the champion; return the one before, and whether it was another.

        VersionNotFoundError, VersionRefusedError, NotVerifiableError, LockedError, CannotWriteError: nothing changed.
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
            logger.error("the champion cannot be moved", extra={"reason": str(error)})  # noqa: TRY400 - it says it all
            raise
        return before, before != version

    async def runs(self) -> dict[tuple[str, str], int]:
        """Return how many training runs' versions were seen since the start, by the gate's result and the grade."""
        async with self._reading:
            await asyncio.to_thread(self._look_for_runs)
            return dict(Counter(self._runs.values()))

    def _look(self) -> tuple[str | None, list[Move]]:
        """Read what is new; return the champion and its last moves."""
        self._seen = {version: self._read(version) for version in self._there()}
        try:
            return self._champion(), moves(self._registry.live_dir / "champion.log")[-MOVES:]
        except OSError:
            return self._champion(), []

    def _champion(self) -> str | None:
        try:
            return self._registry.champion()
        except RetentionError:
            return None

    def _look_for_runs(self) -> None:
        for version in self._there():
            if version not in self._runs and (manifest := _manifest(self._registry.folder(version))):
                self._runs[version] = run(headline(manifest))

    def _there(self) -> list[str]:
        try:
            return self._registry.versions()
        except OSError:
            return []

    def _read(self, version: str) -> Seen:
        folder, known = self._registry.folder(version), self._seen.get(version)
        stamp = _stamp(folder, self._key_file)
        if known and known.stamp == stamp and known.sound != "unknown":
            return known
        said = headline(_manifest(folder))
        try:
            read_bundle(folder, read_signing_key(self._key_file))
        except (RetentionError, OSError, RecursionError) as error:
            return Seen(stamp, said, False if _is_broken(error) else "unknown", self._live.without_paths(error))
        return Seen(stamp, said, sound=True, reason=None)


def _is_broken(error: Exception) -> bool:
    """Tell a bundle that is not what it should be from one, or a key, that cannot be read now."""
    unreadable = isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, FileNotFoundError)
    return isinstance(error, BundleRefusedError | RecursionError) and not unreadable


def _stamp(folder: Path, key_file: Path) -> Stamp:
    """Return what changes when anything in the folder, or the key, does; () when it cannot be looked at."""
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

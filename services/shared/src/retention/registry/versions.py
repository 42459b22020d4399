"""The registry of models: immutable versions on a volume, and which of them is the champion.

`live/.lock` is held for a whole training run, which takes minutes; moving the champion has a lock of its own.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retention.errors import BundleRefusedError, LockedError, NoChampionError, NoInputError
from retention.registry.bundle import read_bundle
from retention.registry.champion import ChampionPointer
from retention.registry.champion_log import NO_VERSION, ROLLED_BACK, VERSION
from retention.registry.files import make_directory_durably, sync_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

KEPT: Final = 5
_TEMPORARY: Final = ".tmp-"


def new_version(created_at: datetime, git_revision: str) -> str:
    """Return a version's name: its time and its code revision (seven zeros when that is unknown)."""
    revision = git_revision[:7] if re.match(r"[0-9a-f]{7}", git_revision) else "0" * 7
    return f"{created_at:%Y%m%dT%H%M%SZ}-{revision}"


class Registry:
    """The models volume: only the trainer writes `versions/`; the trainer, the API and people write `live/`."""

    def __init__(self, models_dir: Path) -> None:
        self.versions_dir = models_dir / "versions"
        self.live_dir = models_dir / "live"
        self._pointer = ChampionPointer(models_dir)

    def champion(self) -> str:
        """Return the live version; NoChampionError when there is none."""
        return self._pointer.read()

    def folder(self, version: str) -> Path:
        """Return the folder of `version`."""
        return self.versions_dir / version

    def versions(self) -> list[str]:
        """Return the published versions, oldest first."""
        return sorted(
            path.name for path in self.versions_dir.glob("*") if VERSION.fullmatch(path.name) and path.is_dir()
        )

    def publish(self, version: str, write: Callable[[Path], None]) -> Path:
        """Let `write` fill a temporary folder, as write_bundle does, then rename it to `version`, durably.

        The caller holds `training_lock`, so no other run is writing, and leftovers of killed runs are removed first.
        """
        with self._pointer.writing():
            make_directory_durably(self.versions_dir)
            self._remove_leftovers()
            folder = self.folder(version)
            if folder.exists():
                raise LockedError(
                    f"version {version} exists already: versions are never changed; try again in a second"
                )
            temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=self.versions_dir))
            try:
                temporary.chmod(0o755)  # before the last fsync of the folder, in `write`
                write(temporary)
                temporary.rename(folder)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
            sync_directory(self.versions_dir)
            return folder

    def promote(self, version: str, *, at: datetime, reason: str) -> None:
        """Make `version`, which the caller has verified, the champion; readers see the old one or the new one."""
        with self._pointer.lock():
            self._pointer.move(version, at, reason)

    def promote_by_hand(self, version: str, *, key: bytes, at: datetime, reason: str) -> str | None:
        """Verify `version` and make it the champion; return the champion before, None when there was none.

        The present champion is verified too, but its promotion is not logged again. Raises NoInputError for an unknown
        version and BundleRefusedError for an unsound one.
        """
        with self._pointer.lock():
            if version not in self.versions():
                raise NoInputError(f"there is no version {version!r}: see 'python -m trainer list'")
            read_bundle(self.folder(version), key)
            before = self._pointer.read_or_dash()
            if version != before:
                self._pointer.move(version, at, reason)
            return None if before == NO_VERSION else before

    def rollback(self, *, key: bytes, at: datetime, reason: str) -> str:
        """Make the previous champion the champion again and return it; NoChampionError when there is none.

        Missing and unsound versions are skipped. A second rollback goes one champion further back, never forth again;
        `promote_by_hand` can.
        """
        with self._pointer.lock():
            champion = self.champion()
            version = self._rollback_target(champion, key)
            if version is None:
                raise NoChampionError(
                    f"no sound version was champion before {champion}, which stays: choose one of 'python -m trainer "
                    "list' and promote it"
                )
            self._pointer.move(version, at, f"{ROLLED_BACK}: {reason}")
            return version

    def prune(self, *, key: bytes) -> list[str]:
        """Delete all versions but the last five, the champion and the target of a rollback; return those deleted.

        The rollback target is kept because five refused challengers in a row would otherwise leave a bad champion with
        no way back. Unsound versions count among the five: with the wrong key all are unsound. Without a champion
        nothing is deleted. The caller holds `training_lock`; the champion cannot move meanwhile. A version is renamed
        before it is deleted, so it is never half there: a reader in the middle of it is refused, and tries again.
        """
        with self._pointer.writing():
            with self._pointer.lock():
                superfluous = self._superfluous(key)
                for version in superfluous:
                    self.folder(version).rename(self.versions_dir / f"{_TEMPORARY}{version}")
                if superfluous:
                    sync_directory(self.versions_dir)  # after a power cut no half-empty folder has its old name
            self._remove_leftovers()
            return superfluous

    @contextmanager
    def training_lock(self) -> Iterator[None]:
        """Hold the lock of the only training run; LockedError when another run has it. It dies with its holder."""
        lock = self.live_dir / ".lock"
        busy = f"another training run holds {lock}: try again when it is done"
        with self._pointer.lock_on(lock, wait_s=0, busy=busy):
            yield

    def _rollback_target(self, champion: str, key: bytes) -> str | None:
        """Return the latest earlier champion that still exists and is sound."""
        existing = set(self.versions()) - {champion}
        earlier = self._pointer.earlier(champion)
        return next((version for version in earlier if version in existing and self._is_sound(version, key)), None)

    def _superfluous(self, key: bytes) -> list[str]:
        try:
            champion = self.champion()
        except NoChampionError:
            return []
        versions = self.versions()
        keep = {*versions[-KEPT:], champion, self._rollback_target(champion, key)}
        return [version for version in versions if version not in keep]

    def _is_sound(self, version: str, key: bytes) -> bool:
        try:
            read_bundle(self.folder(version), key)
        except BundleRefusedError:
            return False
        return True

    def _remove_leftovers(self) -> None:
        for leftover in self.versions_dir.glob(f"{_TEMPORARY}*"):
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover)
            else:  # not ours, but it would make every later run fail
                leftover.unlink()

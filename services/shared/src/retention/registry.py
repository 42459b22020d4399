"""Versions on a volume and the pointer that says which one is live. Immutable folders, atomic pointer, one lock."""

from __future__ import annotations

import fcntl
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retention.clock import rfc3339
from retention.errors import CannotWriteError, LockedError, NoChampionError
from retention.files import append_durably, replace_durably, sync_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

VERSION: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{7}")
_TEMPORARY: Final = ".tmp-"


def new_version(created_at: datetime, git_revision: str) -> str:
    """Return the name of a version: when, and from which code (seven zeros when the revision is unknown)."""
    revision = git_revision[:7] if re.match(r"[0-9a-f]{7}", git_revision) else "0" * 7
    return f"{created_at:%Y%m%dT%H%M%SZ}-{revision}"


class Registry:
    """The models volume: `versions/` is written by the trainer alone, `live/` by whoever moves the champion."""

    def __init__(self, models_dir: Path) -> None:
        self.versions_dir = models_dir / "versions"
        self.live_dir = models_dir / "live"

    def champion(self) -> str:
        """Return the live version; NoChampionError when none was promoted yet."""
        try:
            version = (self.live_dir / "champion").read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            version = ""
        if version and not VERSION.fullmatch(version):
            raise NoChampionError(f"{self.live_dir / 'champion'} names no version: promote one, or run the trainer")
        if not version:
            raise NoChampionError(f"no champion in {self.live_dir}: run the trainer ('python -m trainer train')")
        return version

    def folder(self, version: str) -> Path:
        """Return where `version` lives."""
        return self.versions_dir / version

    def versions(self) -> list[str]:
        """Return the published versions, oldest first."""
        return sorted(path.name for path in self.versions_dir.glob("*") if VERSION.fullmatch(path.name))

    def publish(self, version: str, write: Callable[[Path], None]) -> Path:
        """Let `write` fill a folder, then give it its name in one step; what a killed run left behind is removed."""
        with self._writing():
            self.versions_dir.mkdir(parents=True, exist_ok=True)
            for stale in self.versions_dir.glob(f"{_TEMPORARY}*"):
                shutil.rmtree(stale)
            folder = self.folder(version)
            if folder.exists():
                raise LockedError(
                    f"version {version} exists already: versions are never changed; try again in a second"
                )
            temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=self.versions_dir))
            try:
                write(temporary)
                temporary.chmod(0o755)
                temporary.rename(folder)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
            sync_directory(self.versions_dir)
            return folder

    def promote(self, version: str, *, at: datetime, reason: str) -> None:
        """Make `version` the champion and append to the log; readers see the old or the new, never neither."""
        previous = self._champion_or_dash()
        with self._writing():
            log = self.live_dir / "champion.log"
            append_durably(log, b"")  # before anything moves: can it be written at all?
            replace_durably(self.live_dir / "champion", f"{version}\n".encode())
            append_durably(log, f"{rfc3339(at)} {previous} {version} {reason}\n".encode())

    @contextmanager
    def training_lock(self) -> Iterator[None]:
        """Hold the one trainer's lock; LockedError when another run has it. It dies with its holder."""
        with self._writing():
            self.live_dir.mkdir(parents=True, exist_ok=True)
            lock = (self.live_dir / ".lock").open("a", encoding="ascii")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockedError(f"another training run holds {lock.name}: try again when it is done") from None
            yield

    def _champion_or_dash(self) -> str:
        try:
            return self.champion()
        except (NoChampionError, OSError):
            return "-"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CannotWriteError(
                f"cannot write {error.filename or self.versions_dir}: {error.strerror}; "
                f"the champion is {self._champion_or_dash()}"
            ) from error

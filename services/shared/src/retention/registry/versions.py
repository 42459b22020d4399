"""Versions on a volume and the pointer that says which one is live. Immutable folders, atomic pointer, two locks.

`live/.lock` is held for a whole training run, minutes long. `live/champion.log` is the lock of the moment in which the
champion moves, so that a person or the API can move it while a run is going on. Both die with their holder.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retention.clock import rfc3339
from retention.errors import (
    BundleRefusedError,
    CannotWriteError,
    LockedError,
    NoChampionError,
    NoInputError,
    NotPermittedError,
)
from retention.registry.bundle import read_bundle
from retention.registry.champion_log import NO_VERSION, ROLLED_BACK, VERSION, Move, earlier_champions, moves, taken_back
from retention.registry.files import (
    append_line_durably,
    locked,
    make_directory_durably,
    replace_durably,
    sync_directory,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

KEPT: Final = 5
_MOVE_WAIT_S: Final = 10  # a move takes milliseconds; a frozen process must not hang the API for ever
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
        self._log = self.live_dir / "champion.log"

    def champion(self) -> str:
        """Return the live version; NoChampionError when none was promoted yet."""
        try:
            version = (self.live_dir / "champion").read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            version = ""
        except OSError as error:
            raise NotPermittedError(f"cannot read {error.filename}: {error.strerror}") from error
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
        return sorted(
            path.name for path in self.versions_dir.glob("*") if VERSION.fullmatch(path.name) and path.is_dir()
        )

    def publish(self, version: str, write: Callable[[Path], None]) -> Path:
        """Let `write` fill a folder durably, as write_bundle does, then give it its name in one step, durably too.

        The caller holds `training_lock`. So nobody else is writing, and what a killed run left is removed at once.
        """
        with self._writing():
            make_directory_durably(self.versions_dir)
            self._sweep()
            folder = self.folder(version)
            if folder.exists():
                raise LockedError(
                    f"version {version} exists already: versions are never changed; try again in a second"
                )
            temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=self.versions_dir))
            try:
                temporary.chmod(0o755)  # before the last fsync of the folder, which `write` does
                write(temporary)
                temporary.rename(folder)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
            sync_directory(self.versions_dir)
            return folder

    def promote(self, version: str, *, at: datetime, reason: str) -> None:
        """Make `version`, which the caller has verified, the champion, and log it; readers see the old or the new."""
        with self._moving():
            self._move(version, at, reason)

    def promote_by_hand(self, version: str, *, key: bytes, at: datetime, reason: str) -> str | None:
        """Make the version that somebody chose the champion; return the one before, None when there was none.

        When it is champion already, that is the version itself, which is verified too, and no line is logged.
        NoInputError when there is no such version, BundleRefusedError with the reason when it is not sound.
        """
        with self._moving():
            if version not in self.versions():
                raise NoInputError(f"there is no version {version!r}: see 'python -m trainer list'")
            read_bundle(self.folder(version), key)
            before = self._champion_or_dash()
            if version != before:
                self._move(version, at, reason)
            return None if before == NO_VERSION else before

    def rollback(self, *, key: bytes, at: datetime, reason: str) -> str:
        """Make the champion before this one the champion again, and return it; NoChampionError when there is none.

        Versions that are gone or not sound are passed over, and what was gone back from is forgotten: twice in a row
        goes two champions back, never forth again (that is what `promote_by_hand` is for).
        """
        with self._moving():
            champion = self.champion()
            version = self._before(champion, key)
            if version is None:
                raise NoChampionError(
                    f"no sound version was champion before {champion}, which stays: choose one of 'python -m trainer "
                    "list' and promote it"
                )
            self._move(version, at, f"{ROLLED_BACK}: {reason}")
            return version

    def prune(self, *, key: bytes) -> list[str]:
        """Delete all but the last five versions, the champion and the one `rollback` would go to; return the deleted.

        Without the last, five refused challengers in a row would leave a bad champion with no way back. Soundness does
        not count here: with the wrong key every version is unsound. Without a champion nothing is deleted.
        The caller holds `training_lock`; the champion cannot move to what is being deleted. A deleted version loses its
        name first, so none is ever half there; a reader that is just in it is refused, and asks for the champion again.
        """
        with self._writing():
            with self._moving():
                superfluous = self._superfluous(key)
                for version in superfluous:
                    self.folder(version).rename(self.versions_dir / f"{_TEMPORARY}{version}")
                if superfluous:
                    sync_directory(self.versions_dir)  # a power cut must not bring a name back to a folder half empty
            self._sweep()
            return superfluous

    @contextmanager
    def training_lock(self) -> Iterator[None]:
        """Hold the one trainer's lock; LockedError when another run has it. It dies with its holder."""
        lock = self.live_dir / ".lock"
        with self._locked(lock, wait_s=0, busy=f"another training run holds {lock}: try again when it is done"):
            yield

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """Hold the lock of the champion's moves, the log's own: who may not write the log may not move the champion."""
        busy = f"somebody else has been moving the champion for {_MOVE_WAIT_S} s ({self._log} is locked): try again"
        with self._locked(self._log, wait_s=_MOVE_WAIT_S, busy=busy), self._writing():
            yield

    @contextmanager
    def _locked(self, file: Path, *, wait_s: float, busy: str) -> Iterator[None]:
        with ExitStack() as lock:
            with self._writing():
                make_directory_durably(self.live_dir)
                lock.enter_context(locked(file, wait_s=wait_s, busy=busy))
            yield

    def _move(self, version: str, at: datetime, reason: str) -> None:
        """Log the move, then make it: one that is cut short in between is taken back by the next."""
        self._take_back(at)
        try:
            append_line_durably(self._log, Move(rfc3339(at), self._champion_or_dash(), version, reason).line())
            replace_durably(self.live_dir / "champion", f"{version}\n".encode())
        except OSError:
            with suppress(OSError):
                self._take_back(at)
            raise

    def _take_back(self, at: datetime) -> None:
        for move in taken_back(moves(self._log), self._champion_or_dash(), rfc3339(at)):
            append_line_durably(self._log, move.line())

    def _before(self, champion: str, key: bytes) -> str | None:
        """Return the latest earlier champion that is still there and sound."""
        logged, there = moves(self._log), set(self.versions()) - {champion}
        earlier = earlier_champions([*logged, *taken_back(logged, champion, NO_VERSION)])
        return next((version for version in earlier if version in there and self._is_sound(version, key)), None)

    def _superfluous(self, key: bytes) -> list[str]:
        try:
            champion = self.champion()
        except NoChampionError:
            return []
        versions = self.versions()
        keep = {*versions[-KEPT:], champion, self._before(champion, key)}
        return [version for version in versions if version not in keep]

    def _is_sound(self, version: str, key: bytes) -> bool:
        try:
            read_bundle(self.folder(version), key)
        except BundleRefusedError:
            return False
        return True

    def _sweep(self) -> None:
        for stale in self.versions_dir.glob(f"{_TEMPORARY}*"):
            if stale.is_dir() and not stale.is_symlink():
                shutil.rmtree(stale)
            else:  # ours are folders, but whatever it is it must not stop every run to come
                stale.unlink()

    def _champion_or_dash(self) -> str:
        try:
            return self.champion()
        except (NoChampionError, NotPermittedError):
            return NO_VERSION

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CannotWriteError(
                f"cannot write {error.filename or self.versions_dir.parent}: {error.strerror}: make room, or let this "
                f"user write there, and run it again; the champion is {self._champion_or_dash()}"
            ) from error

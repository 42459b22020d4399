"""The champion pointer: the file `live/champion` names the live version.

A move is logged before it is made, under a lock that dies with its holder. The lock is the log itself: a user who may
not write the log may not move the champion. A person or the API can move it during a training run.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from retention.clock import rfc3339
from retention.errors import CannotWriteError, NoChampionError, NotPermittedError
from retention.registry.champion_log import NO_VERSION, VERSION, Move, earlier_champions, missing_reversal, moves
from retention.registry.files import append_line_durably, locked, make_directory_durably, replace_durably

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

_MOVE_WAIT_S: Final = 10  # a move takes milliseconds; a frozen process must not block the API for ever


class ChampionPointer:
    """Reads, locks and moves the champion of the volume `models_dir`."""

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._live_dir = models_dir / "live"
        self._file = self._live_dir / "champion"
        self._log = self._live_dir / "champion.log"

    def read(self) -> str:
        """Return the live version; NoChampionError when there is none."""
        try:
            version = self._file.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            version = ""
        except OSError as error:
            raise NotPermittedError(f"cannot read {error.filename}: {error.strerror}") from error
        if version and not VERSION.fullmatch(version):
            raise NoChampionError(f"{self._file} names no version: promote one, or run the trainer")
        if not version:
            raise NoChampionError(f"no champion in {self._live_dir}: run the trainer ('python -m trainer train')")
        return version

    def read_or_dash(self) -> str:
        """Return the live version, or '-' when there is none or it cannot be read."""
        try:
            return self.read()
        except (NoChampionError, NotPermittedError):
            return NO_VERSION

    def move(self, version: str, at: datetime, reason: str) -> None:
        """Log the move, then make it. The caller holds `lock`; the next move reverses one that was interrupted."""
        self._log_missing_reversal(at)
        try:
            append_line_durably(self._log, Move(rfc3339(at), self.read_or_dash(), version, reason).line())
            replace_durably(self._file, f"{version}\n".encode())
        except OSError:
            with suppress(OSError):
                self._log_missing_reversal(at)
            raise

    def earlier(self, champion: str) -> list[str]:
        """Return the champions before `champion`, the present one, latest first."""
        logged = moves(self._log)
        return earlier_champions([*logged, *missing_reversal(logged, champion, NO_VERSION)])

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock of the champion's moves; LockedError after _MOVE_WAIT_S."""
        busy = f"another process has been moving the champion for {_MOVE_WAIT_S} s ({self._log} is locked): try again"
        with self.lock_on(self._log, wait_s=_MOVE_WAIT_S, busy=busy), self.writing():
            yield

    @contextmanager
    def lock_on(self, file: Path, *, wait_s: float, busy: str) -> Iterator[None]:
        """Hold the lock on a file in `live/`, made if it is missing; LockedError(`busy`) after `wait_s`."""
        with ExitStack() as lock:
            with self.writing():
                make_directory_durably(self._live_dir)
                lock.enter_context(locked(file, wait_s=wait_s, busy=busy))
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn an OSError into a CannotWriteError that names the file and the champion, which is unchanged."""
        try:
            yield
        except OSError as error:
            raise CannotWriteError(
                f"cannot write {error.filename or self._models_dir}: {error.strerror}: make room, or let this user "
                f"write there, and run it again; the champion is {self.read_or_dash()}"
            ) from error

    def _log_missing_reversal(self, at: datetime) -> None:
        for move in missing_reversal(moves(self._log), self.read_or_dash(), rfc3339(at)):
            append_line_durably(self._log, move.line())

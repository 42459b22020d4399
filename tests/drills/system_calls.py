"""The system calls that change files, noted one by one; the n-th of them fails, or is the last."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

CHANGES: Final = ("open", "write", "fsync", "mkdir", "chmod", "fchmod", "rename", "replace", "unlink", "rmdir")


def full_disk() -> None:
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def kill() -> None:
    """`kill -9` of this very process: no handler, no context is left in order."""
    os.kill(os.getpid(), signal.SIGKILL)


class SystemCalls:
    """Notes (name, path) of each call; instead of the n-th, `happens`, after half of the content if it is a write."""

    def __init__(self, patch: pytest.MonkeyPatch, *, nth: int = 0, happens: Callable[[], None] = full_disk) -> None:
        self.made: list[tuple[str, Path]] = []
        self._nth, self._happens = nth, happens
        for name in CHANGES:
            patch.setattr(os, name, self._noted(name, getattr(os, name)))

    @property
    def reached(self) -> bool:
        """Whether there was an n-th call."""
        return len(self.made) >= self._nth

    def _noted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: Any, *arguments: Any, **more: Any) -> Any:
            path = Path(f"/proc/self/fd/{target}").readlink() if isinstance(target, int) else Path(target)
            self.made.append((name, path))
            if len(self.made) == self._nth:
                if name == "write":
                    real(target, arguments[0][: len(arguments[0]) // 2])
                self._happens()
            return real(target, *arguments, **more)

        return call

"""Seconds and peak memory of each stage of a run."""

from __future__ import annotations

import resource
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class StageTimer:
    """Times named stages and reports each as a line, e.g. `evaluate      1.23 s   187 MB` (peak memory so far)."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._started = time.monotonic()

    @property
    def elapsed(self) -> timedelta:
        """Time since the timer was made."""
        return timedelta(seconds=time.monotonic() - self._started)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time the enclosed block; a block that raises is not reported."""
        started = time.monotonic()
        yield
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        self._say(f"{name:<12}{time.monotonic() - started:6.2f} s {peak_mb:5.0f} MB")

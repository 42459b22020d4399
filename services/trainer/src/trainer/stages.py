"""What each stage of a run took: seconds and peak memory, said as it ends."""

from __future__ import annotations

import resource
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Stages:
    """Times named stages and says each as a line, e.g. `evaluate      1.23 s   187 MB`: the peak until then."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._started = time.monotonic()

    @property
    def elapsed(self) -> timedelta:
        """How long it is since the first stage began."""
        return timedelta(seconds=time.monotonic() - self._started)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time what is done inside; nothing is said of a stage that fails."""
        started = time.monotonic()
        yield
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        self._say(f"{name:<12}{time.monotonic() - started:6.2f} s {peak_mb:5.0f} MB")

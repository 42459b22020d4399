"""Progress of a load or download: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def row_progress(row_count: int) -> Iterator[Callable[[int], Any]]:
    """Show rows done, rows a second and the time left; give a function to call with each number of rows done."""
    if sys.stderr.isatty():
        with tqdm(total=row_count, unit=" rows", unit_scale=True) as bar:
            yield bar.update
        return
    started, done = time.monotonic(), 0

    def add(rows: int) -> None:
        """Print a line for every tenth of the rows."""
        nonlocal done
        tenths_before, done = done * 10 // row_count, done + rows
        if done * 10 // row_count > tenths_before:
            per_second = done / max(time.monotonic() - started, 0.001)
            seconds_left = (row_count - done) / per_second
            _print(f"{done:,} of {row_count:,} rows, {per_second:,.0f} rows/s, {seconds_left:.0f} s left")

    yield add


def download_progress(every_mb: int = 5) -> Callable[[int], Any]:
    """Return a function to call with the size of each block; it prints a line for every so many megabytes."""
    done = 0

    def add(size: int) -> None:
        nonlocal done
        before, done = done, done + size
        if done // (every_mb * 1_000_000) > before // (every_mb * 1_000_000):
            _print(f"{done / 1_000_000:.0f} MB")

    return add


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()

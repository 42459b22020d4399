"""How far a load came: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def shown(row_count: int) -> Iterator[Callable[[int], Any]]:
    """Show rows, rows a second and the time that remains; yield what is to be told how many more are done."""
    if sys.stderr.isatty():
        with tqdm(total=row_count, unit=" rows", unit_scale=True) as bar:
            yield bar.update
        return
    started, done = time.monotonic(), 0

    def line(rows: int) -> None:
        nonlocal done
        tenths_before, done = done * 10 // row_count, done + rows
        if done * 10 // row_count > tenths_before:
            per_second = done / max(time.monotonic() - started, 0.001)
            remaining = (row_count - done) / per_second
            sys.stdout.write(f"{done:,} of {row_count:,} rows, {per_second:,.0f} rows/s, {remaining:.0f} s to go\n")
            sys.stdout.flush()

    yield line


def megabytes(every: int = 5) -> Callable[[int], Any]:
    """Return what is to be told how many more bytes came; it says so in a line for every so many megabytes."""
    came = 0

    def line(size: int) -> None:
        nonlocal came
        before, came = came, came + size
        if came // (every * 1_000_000) > before // (every * 1_000_000):
            sys.stdout.write(f"{came / 1_000_000:.0f} MB\n")
            sys.stdout.flush()

    return line

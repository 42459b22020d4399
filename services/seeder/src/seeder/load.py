"""The load: rows → documents with ids → chunks in the database, every row accounted for. It can be run again."""

from __future__ import annotations

import gc
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.errors import RetentionError, StoppedError
from retention.lines.documents import LineEncoder
from retention.lines.rules import Rejection, latest_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from datetime import datetime

    from retention.store.ledger import Ledger
    from seeder.sources.source import Source
    from seeder.store import Store


AHEAD: Final = 2  # chunks read while one is written: about 3 MB


class Chunk(NamedTuple):
    """What some consecutive rows became."""

    done: int  # rows before it
    documents: list[bytes]
    rejected: list[tuple[int, Rejection]]  # with the row's number in the input; the first row is 1


def ingest(
    source: Source,
    store: Store,
    ledger: Ledger,
    *,
    chunk_rows: int,
    now: datetime,
    progress: Callable[[int], Any],
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Insert the rows of `source` that are not there yet, quarantine those that cannot be understood, count them all.

    `ledger` is empty, or the account of an earlier run of the same load: the rows it counts are read for their
    occurrence numbers alone. Returns when every row is journaled. Killed at any point, it can be run again.
    Checks `stopping` after each chunk and then raises StoppedError.
    """
    encoded = LineEncoder(source.dates, latest_instant(now)).encode(source.rows())
    done = ledger.read
    deque(islice(encoded, done), maxlen=0)
    progress(done)

    def write(chunk: Chunk) -> None:
        if ledger.read != chunk.done:
            raise RetentionError("a chunk before this one was not written")  # its own error says why
        store.quarantine(source.load_id, chunk.rejected)
        inserted = store.insert(chunk.documents)
        ledger.add(len(chunk.documents), inserted, [rejection for _, rejection in chunk.rejected])
        store.checkpoint(source.load_id, ledger)

    with _fast_threads():
        for chunk in _written(_chunks(encoded, done, chunk_rows), write):
            progress(len(chunk.documents) + len(chunk.rejected))
            if stopping():
                raise StoppedError(f"stopped after {ledger.read:,} rows, all of them safe: run the same command again")
    if ledger.read != source.row_count:
        raise RetentionError(f"{source.row_count:,} rows announced, {ledger.read:,} arrived: did the file change?")


@contextmanager
def _fast_threads() -> Iterator[None]:
    """Switch threads often and collect no garbage: nothing here makes cycles. Saves 0.8 s of a load's 4."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)  # by default a thread that has its answer from the server waits 5 ms
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        sys.setswitchinterval(before)


def _written(chunks: Iterator[Chunk], write: Callable[[Chunk], None]) -> Iterator[Chunk]:
    """Yield each chunk when it is journaled, and read the next ones meanwhile: Python and MongoDB work in parallel."""
    with ThreadPoolExecutor(max_workers=1) as writer:
        writing: deque[tuple[Chunk, Future[None]]] = deque()
        for chunk in chunks:
            writing.append((chunk, writer.submit(write, chunk)))
            if len(writing) > AHEAD:
                yield _first_written(writing)
        while writing:
            yield _first_written(writing)


def _first_written(writing: deque[tuple[Chunk, Future[None]]]) -> Chunk:
    chunk, written = writing.popleft()
    written.result()
    return chunk


def _chunks(encoded: Iterator[bytes | Rejection], done: int, chunk_rows: int) -> Iterator[Chunk]:
    while batch := list(islice(encoded, chunk_rows)):
        rejected = [(row, one) for row, one in enumerate(batch, done + 1) if isinstance(one, Rejection)]
        yield Chunk(done, [one for one in batch if isinstance(one, bytes)], rejected)
        done += len(batch)

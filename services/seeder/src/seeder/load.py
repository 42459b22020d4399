"""The load: rows → documents with ids → chunks in the database, every row accounted for. Runs again without harm."""

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


AHEAD: Final = 2  # chunks that are read while one is written: about 3 MB


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
    """Insert every row of `source` that is not there yet, put aside what cannot be understood, account for it.

    `ledger` is empty, or the account of the rows that an earlier run of the same load has done: they are read for
    their occurrence numbers alone. Returns when all is journaled. Killed at any point, it can simply be run again.
    Checks `stopping` after each chunk and raises StoppedError then.
    """
    encoded = LineEncoder(source.dates, latest_instant(now)).encode(source.rows())
    done = ledger.read
    deque(islice(encoded, done), maxlen=0)
    progress(done)

    def write(chunk: Chunk) -> None:
        if ledger.read != chunk.done:
            raise RetentionError("a chunk before this one was not written")  # which says why; a checkpoint is a count
        store.put_aside(source.load_id, chunk.rejected)
        inserted = store.insert(chunk.documents)
        ledger.add(len(chunk.documents), inserted, [rejection for _, rejection in chunk.rejected])
        store.checkpoint(source.load_id, ledger)

    with _in_a_hurry():
        for chunk in _written(_chunks(encoded, done, chunk_rows), write):
            progress(len(chunk.documents) + len(chunk.rejected))
            if stopping():
                raise StoppedError(f"stopped after {ledger.read:,} rows, all of them safe: run the same command again")
    if ledger.read != source.row_count:
        raise RetentionError(f"{source.row_count:,} rows announced, {ledger.read:,} arrived: did the file change?")


@contextmanager
def _in_a_hurry() -> Iterator[None]:
    """Let the threads change places often, and nobody look for cycles: nothing here makes one. 0.8 s of a load's 4."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)  # 5 ms by default: for so long a thread waits that has an answer from the server
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        sys.setswitchinterval(before)


def _written(chunks: Iterator[Chunk], write: Callable[[Chunk], None]) -> Iterator[Chunk]:
    """Yield each chunk when it is journaled. Others are read meanwhile: Python and MongoDB would take turns else."""
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

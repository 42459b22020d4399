"""The load: rows → lines with ids → chunks in the database, every row accounted for. Runs again without harm."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from retention.errors import RetentionError
from retention.lines import LineIds, LineParser, Rejection, document, latest_instant
from seeder.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from seeder.source import Source
    from seeder.store import Store


class Chunk(NamedTuple):
    """What some consecutive rows became."""

    documents: list[tuple[bytes, dict[str, object]]]
    rejected: list[tuple[int, Rejection]]  # with the row's number in the input; the first row is 1


class StoppedError(RetentionError):
    """A SIGTERM arrived; the chunk under way was finished."""

    exit_code = 143


def load(
    source: Source,
    store: Store,
    *,
    chunk_rows: int,
    now: datetime,
    progress: Callable[[int], Any],
    stopping: Callable[[], bool] = lambda: False,
) -> Ledger:
    """Insert every row of `source` that is not there yet, and put aside what cannot be understood.

    Returns when all of it is journaled. Killed at any point, it can simply be run again. Checks `stopping` after
    each chunk and raises StoppedError then.
    """
    ledger = Ledger()

    def write(chunk: Chunk) -> int:
        store.put_aside(source.load_id, chunk.rejected)
        return store.insert(chunk.documents)

    chunks = _chunks(source.rows(), LineParser(source.dates, latest_instant(now)), chunk_rows)
    for chunk, inserted in _written(chunks, write):
        ledger.inserted += inserted
        ledger.already_there += len(chunk.documents) - inserted
        ledger.quarantined.update(rejection.reason for _, rejection in chunk.rejected)
        progress(len(chunk.documents) + len(chunk.rejected))
        if stopping():
            raise StoppedError(f"stopped after {ledger.read:,} rows, all of them safe: run the same command again")
    if ledger.read != source.row_count:
        raise RetentionError(f"{source.row_count:,} rows announced, {ledger.read:,} arrived: did the file change?")
    return ledger


def _written(chunks: Iterator[Chunk], write: Callable[[Chunk], int]) -> Iterator[tuple[Chunk, int]]:
    """Yield each chunk with how many lines it added, when it is journaled. The next one is parsed meanwhile."""
    with ThreadPoolExecutor(max_workers=1) as writer:
        writing: tuple[Chunk, Future[int]] | None = None
        for chunk in chunks:
            if writing:
                yield writing[0], writing[1].result()
            writing = chunk, writer.submit(write, chunk)
        if writing:
            yield writing[0], writing[1].result()


def _chunks(rows: Iterator[Sequence[object]], parser: LineParser, chunk_rows: int) -> Iterator[Chunk]:
    ids = LineIds()
    row = 0
    while batch := list(islice(rows, chunk_rows)):
        chunk = Chunk([], [])
        for raw in batch:
            row += 1
            parsed = parser.parse(raw)
            if isinstance(parsed, Rejection):
                chunk.rejected.append((row, parsed))
            else:
                chunk.documents.append((ids.next_id(parsed), document(parsed.line)))
        yield chunk

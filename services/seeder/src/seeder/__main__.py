"""`python -m seeder`: loads a file, or invents a shop; both can be run again without harm."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from retention.clock import rfc3339
from retention.errors import BadDataError, CannotWriteError, LockedError, RetentionError, StoppedError
from retention.store.file_loads import File
from seeder.arguments import parser
from seeder.load import ingest
from seeder.progress import download_progress, row_progress
from seeder.quarantine_report import listing, write_csv
from seeder.settings import Settings
from seeder.sources.opening import open_source, synthetic_source
from seeder.sources.uci import cache_file, fetch
from seeder.store import Store, open_store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from retention.store.derivation import Refreshed
    from retention.store.ledger import Ledger
    from seeder.sources.source import Source


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = parser().parse_args(arguments)
    commands = {"load": _load_file, "fetch-uci": _fetch, "synthetic": _invent, "quarantine": _quarantine}
    try:
        return commands[options.command](options)
    except RetentionError as error:
        print(f"seeder: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("seeder: stopped: run the same command again to continue", file=sys.stderr)
        return 130


def _load_file(options: argparse.Namespace) -> int:
    settings = Settings.from_environ(os.environ)  # wrong settings are reported before a file is read
    with open_source(options.file, options.dates) as source:
        return _load_into(settings, source, options)


def _fetch(options: argparse.Namespace) -> int:
    """Download the public file, and load it unless `--to` asks for the file alone."""
    to = options.to or cache_file(os.environ)
    options.file = fetch(options.url, options.sha256, to, progress=download_progress())
    print(f"{options.file}: the published Online Retail workbook")
    return 0 if options.to else _load_file(options)


def _invent(options: argparse.Namespace) -> int:
    if not options.to:
        return _load_into(Settings.from_environ(os.environ), synthetic_source(options.rows, options.seed), options)
    from seeder.sources import synthetic  # noqa: PLC0415 - 25 MB that a file does not need

    try:
        synthetic.write_csv(options.to, options.rows, options.seed)
    except OSError as error:
        raise CannotWriteError(f"cannot write {options.to}: {error.strerror}") from None
    print(f"wrote {options.rows:,} rows to {options.to}")
    return 0


def _quarantine(options: argparse.Namespace) -> int:
    """List the quarantined rows, or write them as CSV."""
    with _store(Settings.from_environ(os.environ)) as store:
        try:
            if options.csv:
                with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as csv_file:
                    write_csv(store, options.load, csv_file, options.limit)
            else:
                for line in islice(listing(store, options.load), options.limit):
                    print(line)
                sys.stdout.flush()
        except BrokenPipeError:  # as `| head` does: what is buffered has nowhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _store(settings: Settings) -> AbstractContextManager[Store]:
    return open_store(settings.mongo_uri, settings.db_name, wait_s=settings.mongo_wait_s, waiting=_say)


def _say(text: str) -> None:
    print(f"seeder: {text}", file=sys.stderr, flush=True)


def _load_into(settings: Settings, source: Source, options: argparse.Namespace) -> int:
    with _store(settings) as store:
        before = None if options.drop else store.with_retry(lambda _: store.loads.dates(source.load_id))
        if before and before != source.dates.order:
            raise BadDataError(f"loaded before with dates {before}: to read them as {source.dates.order}, add --drop")
        finished = None if options.drop else store.loads.finished(source.load_id)
        if finished:
            print(f"{source.description}: loaded already, {finished['read']:,} rows: nothing to do")
            _heal(store, source)
            return 0
        return _load_here(source, store, options)


def _load_here(source: Source, store: Store, options: argparse.Namespace) -> int:
    """Load unless other data is in the way, and print the account."""
    now = datetime.now(UTC)
    of_another_scheme = store.loads.of_another_scheme()
    with store.loads.claim(_record(source), now) as was_dirty:
        others, unfinished = store.loads.others_invented(source.load_id), store.loads.unfinished(source.load_id)
        if source.invented and False in others and not options.drop:
            store.loads.forget(source.load_id)
            if unfinished:
                raise LockedError(f"a load was stopped: run it again, or use --drop: {unfinished[0]}")
            print("real data is loaded, and is not mixed with an invented shop: nothing to do (or use --drop)")
            return 0
        replaced = others == {True} or (source.invented and of_another_scheme)
        if of_another_scheme and not replaced and not options.drop:
            store.loads.forget(source.load_id)
            raise BadDataError("an older version's line ids differ, so each line would be inserted twice: use --drop")
        if options.drop or replaced:
            print("deleting everything first" if options.drop else "replacing the invented shop")
            store.clear(source.load_id)
        print(source.description)
        ledger, refreshed = _load(source, store, options.chunk_rows, now, was_dirty=was_dirty)
    if unfinished and not options.drop:
        print(f"NOTE: another load is unfinished, and its rows are counted too: run it again: {unfinished[0]}")
    print("\n".join(ledger.lines()))
    print(f"orders       {refreshed.orders:>9,}\ncustomers    {refreshed.customers:>9,}")
    print(f"clock        {rfc3339(refreshed.clock)}")
    return 0


def _record(source: Source) -> File:
    return File(source.load_id, source.name, source.size, source.description, source.dates.order, source.invented)


def _load(source: Source, store: Store, chunk_rows: int, now: datetime, *, was_dirty: bool) -> tuple[Ledger, Refreshed]:
    """Load and derive; each step waits for a server that went away, and runs again."""
    store.with_retry(lambda _: store.prepare())
    ledger = store.with_retry(lambda _: store.loads.account(source.load_id))
    dirty = store.with_retry(lambda _: store.loads.dirty(source.load_id))
    if ledger.read:
        print(f"{ledger.read:,} rows were done before it was stopped: continuing from there")
    everything = was_dirty or bool(dirty)  # what other runs touched is not recorded
    with _sigterm() as store.stopping, row_progress(source.row_count) as progress:
        ingest(source, store, ledger, chunk_rows=chunk_rows, now=now, progress=progress, stopping=store.stopping)
    if not ledger.inserted + ledger.already_there:
        store.loads.forget(source.load_id)
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in ledger.quarantined.most_common(3))
        first_row = next(listing(store, source.load_id))  # so that a decimal comma, say, is seen at once
        raise BadDataError(
            f"none of the {ledger.read:,} rows can be understood: {reasons}; {' '.join(first_row.split())}"
        )
    store.with_retry(lambda _: store.make_indexes())
    refreshed = store.with_retry(lambda _: store.refresh(None if everything else store.touched))
    store.with_retry(lambda _: store.loads.cleaned(dirty))
    store.with_retry(lambda _: store.loads.finish(source.load_id, ledger, datetime.now(UTC)))
    return ledger, refreshed


def _heal(store: Store, source: Source) -> None:
    """Derive everything again after a load that was killed before it did, or after another version."""
    dirty = store.loads.dirty(source.load_id)
    if dirty:
        print("an earlier load was stopped: deriving orders and customers from its rows")
        store.make_indexes()
    elif store.is_outdated():
        print("another version derived orders or customers: deriving them again")
    else:
        return
    store.refresh(None)
    store.loads.cleaned(dirty)


@contextmanager
def _sigterm() -> Iterator[Callable[[], bool]]:
    """Let SIGTERM wait for the chunk under way. Outside, it ends the process at once; a rerun continues."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop.is_set
    finally:
        signal.signal(signal.SIGTERM, before)
    if stop.is_set():  # it came after the last chunk
        raise StoppedError("stopped after its last row, before orders and customers: run the same command again")


if __name__ == "__main__":
    sys.exit(main())

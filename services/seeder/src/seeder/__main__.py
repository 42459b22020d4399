"""`python -m seeder`: load a file, or invent a shop; either can be run again without harm."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from retention.clock import rfc3339
from retention.errors import BadDataError, CannotWriteError, LockedError, RetentionError
from seeder import synthetic
from seeder.load import load
from seeder.settings import Settings
from seeder.source import Source, file_source, synthetic_source
from seeder.store import Refreshed, Store, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from seeder.ledger import Ledger

CHUNK_ROWS = 5_000  # about 1.3 MB of documents: well under the 48 MB of a message, and few enough round trips


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except RetentionError as error:
        print(f"seeder: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("seeder: stopped: run the same command again, it goes on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="seeder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    from_file = commands.add_parser("load", help="load a CSV or Parquet file")
    from_file.add_argument("file", type=Path, metavar="FILE")
    from_file.add_argument("--dates", choices=["ymd", "dmy", "mdy"], help="the dates' order, where nothing decides it")
    invented = commands.add_parser("synthetic", help="invent a shop, shaped like Online Retail")
    invented.add_argument("--rows", type=_positive, default=420_000, metavar="N")
    invented.add_argument("--seed", type=_not_negative, default=1, metavar="S")
    invented.add_argument("--to", type=Path, metavar="FILE", help="write a CSV file instead of loading")
    for command in (from_file, invented):
        command.add_argument("--chunk-rows", type=_positive, default=CHUNK_ROWS, metavar="N")
        command.add_argument("--drop", action="store_true", help="delete everything that is there first")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _not_negative(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def _run(options: argparse.Namespace) -> int:
    if options.command == "synthetic" and options.to:
        try:
            synthetic.write_csv(options.to, options.rows, options.seed)
        except OSError as error:
            raise CannotWriteError(f"cannot write {options.to}: {error.strerror}") from None
        print(f"wrote {options.rows:,} rows to {options.to}")
        return 0
    settings = Settings.from_environ(os.environ)
    source = _source(options)
    with open_store(settings.mongo_uri, settings.db_name, wait_s=settings.mongo_wait_s, waiting=print) as store:
        finished = None if options.drop else store.finished_load(source.load_id)
        if finished:
            print(f"{source.description}: loaded already, {finished['read']:,} rows: nothing to do")
            return 0
        now = datetime.now(UTC)
        with store.loading(source, now):
            others, unfinished = store.others_invented(source.load_id), store.unfinished(source.load_id)
            if source.invented and False in others and not options.drop:
                store.forget_load(source.load_id)
                if unfinished:
                    raise LockedError(f"a load was stopped: run it again, or use --drop: {unfinished[0]}")
                print("there is real data, and no invented shop is mixed into it: nothing to do (or use --drop)")
                return 0
            if options.drop or others == {True}:
                print("deleting everything first" if options.drop else "replacing the invented shop")
                store.clear(source.load_id)
            print(source.description)
            ledger, refreshed = _load(source, store, options.chunk_rows, now)
    if unfinished and not options.drop:
        print(f"NOTE: the figures are of half of another load, too: run it again: {unfinished[0]}")
    print("\n".join(ledger.lines()))
    print(f"orders       {refreshed.orders:>9,}\ncustomers    {refreshed.customers:>9,}")
    print(f"clock        {rfc3339(refreshed.clock)}")
    return 0


def _load(source: Source, store: Store, chunk_rows: int, now: datetime) -> tuple[Ledger, Refreshed]:
    store.prepare()
    with _progress(source.row_count) as progress, _sigterm() as stopping:
        ledger = load(source, store, chunk_rows=chunk_rows, now=now, progress=progress, stopping=stopping)
    if not ledger.inserted + ledger.already_there:
        store.forget_load(source.load_id)
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in ledger.quarantined.most_common(3))
        raise BadDataError(f"none of the {ledger.read:,} rows can be understood: {reasons}")
    refreshed = store.refresh()
    store.finish_load(source.load_id, ledger, datetime.now(UTC))
    return ledger, refreshed


def _source(options: argparse.Namespace) -> Source:
    if options.command == "load":
        return file_source(options.file, options.dates)
    return synthetic_source(options.rows, options.seed)


@contextmanager
def _sigterm() -> Iterator[Callable[[], bool]]:
    """Let SIGTERM wait for the chunk under way. Outside, it ends the process at once, and a rerun goes on."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop.is_set
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(row_count: int) -> Iterator[Callable[[int], Any]]:
    """Show a bar on a terminal, and a line for every tenth of the rows elsewhere."""
    if sys.stderr.isatty():
        with tqdm(total=row_count, unit=" rows", unit_scale=True) as bar:
            yield bar.update
        return
    done = 0

    def line(rows: int) -> None:
        nonlocal done
        tenths_before, done = done * 10 // row_count, done + rows
        if done * 10 // row_count > tenths_before:
            print(f"{done:,} of {row_count:,} rows", flush=True)

    yield line


if __name__ == "__main__":
    sys.exit(main())

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
from retention.errors import RetentionError
from seeder import synthetic
from seeder.load import load
from seeder.settings import Settings
from seeder.source import Source, file_source, synthetic_source
from seeder.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CHUNK_ROWS = 5_000  # about 1.3 MB of documents: well under the 48 MB of a message, and few enough round trips


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except RetentionError as error:
        print(f"seeder: {error}", file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="seeder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    from_file = commands.add_parser("load", help="load a CSV or Parquet file")
    from_file.add_argument("file", type=Path, metavar="FILE")
    from_file.add_argument("--dates", choices=["ymd", "dmy", "mdy"], help="the dates' order, where nothing decides it")
    invented = commands.add_parser("synthetic", help="invent a shop, shaped like Online Retail")
    invented.add_argument("--rows", type=_positive, default=420_000, metavar="N")
    invented.add_argument("--seed", type=int, default=1, metavar="S")
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


def _run(options: argparse.Namespace) -> int:
    if options.command == "synthetic" and options.to:
        synthetic.write_csv(options.to, options.rows, options.seed)
        print(f"wrote {options.rows:,} rows to {options.to}")
        return 0
    settings = Settings.from_environ(os.environ)
    source = _source(options)
    with open_store(settings.mongo_uri, settings.db_name, wait_s=settings.mongo_wait_s, waiting=print) as store:
        others = store.others_invented(source.load_id)
        if source.invented and False in others and not options.drop:
            print("there is real data already, and no invented shop is mixed into it: nothing to do (or use --drop)")
            return 0
        if options.drop or others == {True}:
            print("deleting everything first" if options.drop else "replacing the invented shop")
            store.clear()
        finished = store.finished_load(source.load_id)
        if finished:
            print(f"{source.description}: loaded already, {finished['read']:,} rows: nothing to do")
            return 0
        print(source.description)
        now = datetime.now(UTC)
        store.prepare()
        store.start_load(source, now)
        with _progress(source.row_count) as progress:
            ledger = load(
                source, store, chunk_rows=options.chunk_rows, now=now, progress=progress, stopping=_sigterm().is_set
            )
        refreshed = store.refresh()
        store.finish_load(source.load_id, ledger, datetime.now(UTC))
    print("\n".join(ledger.lines()))
    print(f"orders       {refreshed.orders:>9,}\ncustomers    {refreshed.customers:>9,}")
    print(f"clock        {rfc3339(refreshed.clock)}")
    return 0


def _source(options: argparse.Namespace) -> Source:
    if options.command == "load":
        return file_source(options.file, options.dates)
    return synthetic_source(options.rows, options.seed)


def _sigterm() -> threading.Event:
    """Return an event that SIGTERM sets: the chunk under way is finished first."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    return stop


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

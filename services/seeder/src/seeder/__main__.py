"""`python -m seeder`: looks at a file, loads it, or invents a shop; all can be run again without harm."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING

from retention.errors import CannotWriteError, RetentionError
from retention.store.shop import refuse_other_settings
from seeder.arguments import file_options, parser
from seeder.formats import recognise
from seeder.loading import load_source
from seeder.look_screen import look_screen
from seeder.prepare import planned_tables, prepared
from seeder.progress import download_progress
from seeder.quarantine_report import listing, write_csv
from seeder.settings import Settings
from seeder.sources.opening import opened, synthetic_source
from seeder.sources.uci import cache_file, fetch
from seeder.store import open_store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from retention.store.shop import Shop
    from seeder.sources.table import Input
    from seeder.store import Store


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = parser().parse_args(arguments)
    commands = {
        "look": _look,
        "load": _load_file,
        "fetch-uci": _fetch,
        "synthetic": _invent,
        "refresh": _refresh,
        "quarantine": _quarantine,
    }
    try:
        return commands[options.command](options)
    except RetentionError as error:
        print(f"seeder: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("seeder: stopped: run the same command again to continue", file=sys.stderr)
        return 130


def _look(options: argparse.Namespace) -> int:
    """Show what a file holds; writes nothing. If a database is set, it says what it knows about the shop."""
    settings = Settings.from_environ(os.environ, database=False)
    with ExitStack() as stack, _opened(options) as found:
        planned = planned_tables(found, file_options(options))
        store = stack.enter_context(_store(settings)) if settings.mongo_uri else None
        source = prepared(found, planned, file_options(options), settings, _known(settings, store, options))
        print(look_screen(source, store, options))
    return 0


def _load_file(options: argparse.Namespace) -> int:
    settings = Settings.from_environ(os.environ)  # wrong settings are reported before a file is read
    with _opened(options) as found:
        return _load_input(found, settings, options)


def _opened(options: argparse.Namespace) -> AbstractContextManager[Input]:
    return opened(options.file, sheet=getattr(options, "sheet", None), score=recognise.score)


def _load_input(found: Input, settings: Settings, options: argparse.Namespace) -> int:
    planned = planned_tables(found, file_options(options))  # what is wrong with the file is said without a database
    with _store(settings) as store:
        source = prepared(found, planned, file_options(options), settings, _known(settings, store, options))
        return load_source(source, store, options)


def _known(settings: Settings, store: Store | None, options: argparse.Namespace) -> Shop | None:
    """Return what the database says about the shop; BadConfigurationError when a setting says something else."""
    if store is None or getattr(options, "drop", False):
        return None
    known = store.known_shop(settings.currency)
    if known:
        refuse_other_settings(known, time_zone=settings.time_zone, currency=settings.currency)
    return known


def _fetch(options: argparse.Namespace) -> int:
    """Download the public file, and load it unless `--to` asks for the file alone."""
    to = options.to or cache_file(os.environ)
    options.file = fetch(options.url, options.sha256, to, progress=download_progress())
    print(f"{options.file}: the published Online Retail workbook")
    return 0 if options.to else _load_file(options)


def _invent(options: argparse.Namespace) -> int:
    if not options.to:
        return _load_input(synthetic_source(options.rows, options.seed), Settings.from_environ(os.environ), options)
    from seeder.sources import synthetic  # noqa: PLC0415 - 25 MB that a file does not need

    try:
        synthetic.write_csv(options.to, options.rows, options.seed)
    except OSError as error:
        raise CannotWriteError(f"cannot write {options.to}: {error.strerror}") from None
    print(f"wrote {options.rows:,} rows to {options.to}")
    return 0


def _refresh(_: argparse.Namespace) -> int:
    """Bring the database up to this release; nothing to do is fine."""
    settings = Settings.from_environ(os.environ)
    with _store(settings) as store:
        store.upgrade(settings.currency)
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
    return open_store(
        settings.mongo_uri,
        settings.db_name,
        wait_s=settings.mongo_wait_s,
        waiting=_say,
        keep_references=settings.keep_references,
    )


def _say(text: str) -> None:
    print(f"seeder: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

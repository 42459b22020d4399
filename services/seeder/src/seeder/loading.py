"""Loads one understood input: looks through it, asks where something looks wrong, then writes and derives."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from retention.clock import rfc3339
from retention.errors import BadDataError, LockedError, StoppedError
from retention.store.file_loads import File
from seeder.load import ingest
from seeder.look_screen import screen_of
from seeder.look_through import decide, look_through
from seeder.progress import row_progress
from seeder.quarantine_report import listing

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from retention.store.derivation import Refreshed
    from retention.store.ledger import Ledger
    from seeder.look_through import LookedThrough
    from seeder.source import Source
    from seeder.store import Store


def load_source(source: Source, store: Store, options: argparse.Namespace) -> int:
    """Load the input unless it is loaded already, and print the account; return the exit code."""
    before = None if options.drop else store.with_retry(lambda _: store.loads.dates(source.load_id))
    if before and before != source.dates:
        raise BadDataError(f"loaded before with dates {before}: to read them as {source.dates}, add --drop")
    again = options.drop or getattr(options, "replace_orders", False)
    if source.mended and again:
        raise BadDataError("mended rows are added to what is stored: leave out --replace-orders and --drop")
    finished = None if again else store.loads.finished(source.load_id)
    if finished:
        print(f"{source.description}: loaded already, {finished['read']:,} rows: nothing to do")
        _heal(store, source)
        return 0
    return _load_here(source, store, options)


def _load_here(source: Source, store: Store, options: argparse.Namespace) -> int:
    """Load unless other data is in the way, and print the account."""
    of_another_scheme = store.loads.of_another_scheme()
    with store.loads.claim(_record(source), datetime.now(UTC)) as before:
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
        source, last_days = _looked_through(source, store, options, before, afresh=options.drop or replaced)
        if options.drop or replaced:
            print("deleting everything first" if options.drop else "replacing the invented shop")
            store.clear(source.load_id)
        was_dirty = bool(before and before.get("dirty"))
        ledger, refreshed = _load(source, store, options, last_days, was_dirty=was_dirty)
    if unfinished and not options.drop:
        print(f"NOTE: another load is unfinished, and its rows are counted too: run it again: {unfinished[0]}")
    _print_account(ledger, refreshed)
    return 0


def _said(source: Source, look: LookedThrough) -> list[str]:
    return [source.description, *look.lines()]


def _record(source: Source) -> File:
    return File(source.load_id, source.name, source.size, source.description, source.dates, source.invented)


def _print_account(ledger: Ledger, refreshed: Refreshed) -> None:
    print("\n".join(ledger.lines()))
    print(f"orders       {refreshed.orders:>9,}\ncustomers    {refreshed.customers:>9,}")
    print(f"clock        {rfc3339(refreshed.clock)}")


def _looked_through(
    source: Source, store: Store, options: argparse.Namespace, before: Mapping[str, Any] | None, *, afresh: bool
) -> tuple[Source, list[datetime]]:
    """Return the source as it will be loaded, and the last days of its files, the earliest first.

    What looks wrong is asked before the first insert.
    An earlier run of this load decided already: its own rows are no conflict with it.
    """
    begun = None if afresh else store.loads.look(source.load_id, before)
    if begun is not None:
        print(source.description)
        return _as_begun(source, begun)
    try:
        if not afresh:
            store.refuse_other_shop(source.shop)
            store.prepare_to_compare()
        look = look_through(source, None if afresh else store, options)
        begun = None if afresh else store.loads.look(source.load_id, before)
        if begun is not None:  # by another run at the same time, whose rows are no conflict either
            return _as_begun(source, begun)
        shown = screen_of(look, source) if getattr(options, "look", False) else "\n".join(_said(source, look))
        print(shown, flush=True)
        decide(look, options)
    except BaseException:
        store.loads.release(source.load_id, before)
        raise
    store.loads.begin(source.load_id, look.to_document())
    look.profile.forget_samples()
    return look.source.by_last_day(look.last_days)


def _as_begun(source: Source, begun: Mapping[str, Any]) -> tuple[Source, list[datetime]]:
    return source.believed_until(begun["implausible_from"]).by_last_day(begun["last_days"])


def _load(
    source: Source, store: Store, options: argparse.Namespace, last_days: Sequence[datetime], *, was_dirty: bool
) -> tuple[Ledger, Refreshed]:
    """Load and derive; each step waits for a server that went away, and runs again."""
    store.with_retry(lambda _: store.prepare())
    store.with_retry(lambda _: store.settle(source.shop))
    by_order = source.whole_orders or getattr(options, "replace_orders", False)
    if by_order:
        store.with_retry(
            lambda _: store.begin_orders(source.load_id, last_days, force=getattr(options, "replace_orders", False))
        )
    ledger = store.with_retry(lambda _: store.loads.account(source.load_id))
    dirty = store.with_retry(lambda _: store.loads.dirty(source.load_id))
    if ledger.read:
        print(f"{ledger.read:,} rows were done before it was stopped: continuing from there")
    everything = was_dirty or bool(dirty)  # what other runs touched is not recorded
    with _sigterm() as store.stopping, row_progress(source.row_count) as progress:
        ingest(
            source,
            store,
            ledger,
            chunk_rows=options.chunk_rows,
            by_order=by_order,
            progress=progress,
            stopping=store.stopping,
        )
    if not ledger.understood:
        _refuse(source, store, ledger)
    store.with_retry(lambda _: store.make_indexes())
    refreshed = store.with_retry(lambda _: store.refresh(None if everything else store.touched))
    store.with_retry(lambda _: store.loads.cleaned(dirty))
    store.with_retry(lambda _: store.loads.finish(source.load_id, ledger, datetime.now(UTC)))
    return ledger, refreshed


def _refuse(source: Source, store: Store, ledger: Ledger) -> None:
    """Refuse a file without a row that can be understood; only those rows are kept, in quarantine."""
    store.loads.forget(source.load_id)
    store.unsettle()
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in ledger.quarantined.most_common(3))
    first_row = " ".join(next(listing(store, source.load_id), "").split())  # so that the cause is seen at once
    shortened = any(reason.endswith("_shortened") for reason in ledger.quarantined)
    why = ": a spreadsheet shortened long numbers, and many became one: export the file again" if shortened else ""
    raise BadDataError(f"none of the {ledger.read:,} rows can be understood: {reasons}; {first_row}{why}")


def _heal(store: Store, source: Source) -> None:
    """Derive everything again after a load that was killed before it did, or after another version."""
    dirty = store.loads.dirty(source.load_id)
    if dirty:
        print("an earlier load was stopped: deriving orders and customers from its rows")
        store.make_indexes()
    elif store.is_outdated():
        print("another version derived orders or customers: deriving them again")
        store.upgrade(None)
        return
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

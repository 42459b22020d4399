"""The seeder's database: every step of a load, repeated when the server went away meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from retention.store import (
    cancellations,
    clearing,
    conflicts,
    connection,
    derivation,
    disk,
    indexes,
    quarantine,
    references,
    replacement,
    sequences,
    shop,
    transactions,
    upgrade,
)  # fmt: skip
from retention.store.file_loads import FileLoads
from retention.store.standing import Incoming
from seeder.accounts import account_for
from seeder.mending import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from retention.lines.rules import Rejection
    from retention.store.conflicts import Conflict
    from retention.store.connection import Database
    from retention.store.derivation import Refreshed
    from retention.store.ledger import Ledger
    from retention.store.quarantine import QuarantineCount
    from retention.store.shop import Shop
    from retention.store.upgrade import Upgraded
    from seeder.encoding import EncodedOrder

T = TypeVar("T")

# A load ends within half a minute of losing its server; a server that is killed and started again takes 10 s.
CHUNK_TIMEOUT_S: Final = 5  # also to notice that a server is away; inserting a chunk takes 20 ms
OUTAGE_S: Final = 20
MAX_TOUCHED: Final = 5_000  # customers' invoices; beyond, deriving everything is as fast
MAX_NEW: Final = 20_000  # lines of a chunk; beyond, finding the invoices they touch takes as long


class Store:
    """One database. Every write is acknowledged by the journal: a kill of the server loses nothing that we counted."""

    def __init__(self, database: Database, waiting: Callable[[str], Any], *, keep_references: bool) -> None:
        self._db = connection.journaled(database)
        self._waiting = waiting
        self._keep_references = keep_references
        self._may_overlap = True
        self._last_days: dict[int, datetime] = {}  # of loads of whole orders, by number
        self._force = False
        self.sequences = [0]  # the numbers of this load, as its lines carry them: one for each file of whole orders
        self.stopping: Callable[[], bool] = lambda: False  # asked while the server is away
        self.touched: set[tuple[int, str]] | None = set()  # by what was inserted; None for more than MAX_TOUCHED
        self.loads = FileLoads(self._db)

    def prepare(self) -> None:
        """Admit requests again; find out whether rows are stored already, and whether the disk has room."""
        clearing.admit_requests(self._db)
        self._may_overlap = not transactions.is_empty(self._db)
        if not self._may_overlap:
            self.touched = None
        disk.check_disk(self._db, self._waiting)

    def known_shop(self, currency: str | None) -> Shop | None:
        """Return what the database says about the shop; None before its first load."""
        return shop.current(self._db, currency=currency)

    def upgrade(self, currency: str | None) -> Upgraded:
        """Bring the database of an older release up to date."""
        return upgrade.upgrade(self._db, currency=currency)

    def refuse_other_shop(self, found: Shop) -> None:
        """Raise BadDataError when a file's findings differ from what holds for the shop."""
        if known := shop.read(self._db):
            shop.refuse_other_file(known, found)

    def clock(self) -> datetime | None:
        """Return the day after the last line; None without one."""
        return derivation.clock(self._db)

    def settle(self, found: Shop) -> None:
        """Write what holds for the shop from now on; lines stored before are marked by a rule that is new."""
        known = shop.current(self._db)
        settled = shop.settle(self._db, found)
        if known and known.cancelled_prefix != settled.cancelled_prefix:
            cancellations.mark(self._db, settled.cancelled_prefix or "")
            self.touched = None

    def unsettle(self) -> None:
        """Forget what was written about the shop by a load that brought no line."""
        if transactions.is_empty(self._db):
            shop.forget(self._db)

    def is_empty(self) -> bool:
        """Return whether no line is stored yet."""
        return self._by_chunk(lambda _: transactions.is_empty(self._db))

    def prepare_to_compare(self) -> None:
        """Make the index that finds stored orders, if there are any: without it each comparison reads every line."""
        if not self.is_empty():
            self.with_retry(lambda _: indexes.make_order_index(self._db))

    def conflicts(self, orders: Sequence[tuple[str, Sequence[bytes]]]) -> Iterator[Conflict]:
        """Yield those of these orders that are stored with other lines."""
        indexes.make_order_index(self._db)
        lines = dict(orders)
        for invoice in conflicts.conflicts(self._db, orders):
            yield conflicts.conflict(self._db, (invoice, lines[invoice]))

    def add_references(self, new: Mapping[int, str]) -> None:
        """Store the text ids of customers, unless they are not kept."""
        if self._keep_references and new:
            self._by_chunk(lambda _: references.add(self._db, new))

    def begin_orders(self, load_id: str, last_days: Sequence[datetime], *, force: bool) -> None:
        """Take the number of each file of a load of whole orders; `force`: they replace those of later files, too."""
        anew = force and not self.loads.account(load_id).read
        names = [load_id, *(f"{load_id}/{file}" for file in range(1, len(last_days)))]
        taken = [sequences.take(self._db, name, day, anew=anew) for name, day in zip(names, last_days, strict=True)]
        self.sequences, self._last_days, self._force = taken, dict(zip(taken, last_days, strict=True)), force
        self._may_overlap = self._may_overlap or len(last_days) > 1
        if self._may_overlap:
            indexes.make_order_index(self._db)

    def put(self, load_id: str, orders: Sequence[EncodedOrder], ledger: Ledger) -> None:
        """Insert whole orders that are new, replace those that changed, and count their rows."""
        for sequence, of_file in groupby(orders, key=attrgetter("sequence")):
            self._put(load_id, list(of_file), sequence, ledger)

    def _put(self, load_id: str, orders: Sequence[EncodedOrder], sequence: int, ledger: Ledger) -> None:
        coming = [
            Incoming(one.invoice, one.documents, one.complete, may_be_cut=one.may_be_cut, apart=one.apart)
            for one in orders
            if one.documents
        ]
        if not self._may_overlap:
            self.insert([document for one in coming for document in one.documents])
            account_for(orders, {}, ledger)
            return

        def take_in(_: bool) -> replacement.Taken:  # noqa: FBT001 - as with_retry calls it
            return replacement.take_in(
                self._db, load_id, coming, sequence=sequence, last_day=self._last_days[sequence], force=self._force
            )

        taken = self._by_chunk(take_in)
        self._touch_pairs(taken.touched)
        account_for(orders, taken.outcomes, ledger)

    def make_indexes(self) -> None:
        """Make the indexes that are missing."""
        indexes.make_indexes(self._db)

    def clear(self, load_id: str) -> None:
        """Delete everything but the record of this load."""
        clearing.clear(self._db, self.loads, load_id)

    def insert(self, documents: Sequence[bytes]) -> int:
        """Insert the documents that are not there yet, journaled, and return how many were inserted."""
        new = self._by_chunk(lambda _: self._missing(documents) if self._may_overlap else documents)
        taken = self._by_chunk(lambda again: transactions.insert(self._db, self._missing(new) if again else new))
        self._touch(new)
        return len(new) - taken

    def _missing(self, documents: Sequence[bytes]) -> list[bytes]:
        return transactions.missing(self._db, documents)

    def _touch(self, documents: Sequence[bytes]) -> None:
        if self.touched is not None and len(documents) <= MAX_NEW:
            self._touch_pairs(transactions.touched(documents))
        else:
            self.touched = None

    def _touch_pairs(self, pairs: Collection[tuple[int, str]]) -> None:
        if self.touched is not None:
            self.touched |= set(pairs)
            if len(self.touched) > MAX_TOUCHED:
                self.touched = None

    def quarantine(self, load_id: str, rejected: Sequence[tuple[int, Rejection]]) -> None:
        """Quarantine the rows that cannot be understood; a repeated load adds nothing."""
        if rejected:
            self._by_chunk(lambda _: quarantine.add(self._db, load_id, rejected))

    def still_quarantined(self, rows: Collection[Kept]) -> set[Kept]:
        """Return which of these rows are in quarantine."""
        return {Kept(*row) for row in self._by_chunk(lambda _: quarantine.present(self._db, rows))} if rows else set()

    def leave_quarantine(self, rows: Collection[Kept]) -> None:
        """Delete rows from quarantine: they came in, mended."""
        if rows:
            self._by_chunk(lambda _: quarantine.remove(self._db, rows))

    def quarantine_counts(self) -> list[QuarantineCount]:
        """Return how many rows of each load were quarantined, by reason."""
        return quarantine.counts(self._db)

    def quarantined_rows(self, load_id: str) -> Iterator[dict[str, Any]]:
        """Return the quarantined rows of a load, in their order."""
        return quarantine.rows_of(self._db, load_id)

    def checkpoint(self, load_id: str, ledger: Ledger) -> None:
        """Record the account so far."""
        self._by_chunk(lambda _: self.loads.checkpoint(load_id, ledger))

    def with_retry(self, step: Callable[[bool], T], *, timeout_s: float | None = None) -> T:
        """Return the result of `step`, repeated until the server stays up throughout; it is told whether it repeats.

        Raises UnavailableError when the server is away for longer than OUTAGE_S seconds.
        """
        return connection.with_retry(
            step,
            self._db,
            outage_s=OUTAGE_S,
            timeout_s=timeout_s,
            waiting=self._waiting,
            stopping=self.stopping,
        )

    def _by_chunk(self, step: Callable[[bool], T]) -> T:
        return self.with_retry(step, timeout_s=CHUNK_TIMEOUT_S)

    def refresh(self, touched: set[tuple[int, str]] | None = None) -> Refreshed:
        """Derive orders, the clock and the customers from the transactions, in the database."""
        return derivation.refresh(self._db, touched)

    def is_outdated(self) -> bool:
        """Return whether another version derived an order or a customer."""
        return derivation.is_outdated(self._db)


@contextmanager
def open_store(
    uri: str, db_name: str, *, wait_s: float, waiting: Callable[[str], Any], keep_references: bool = True
) -> Iterator[Store]:
    """Connect, waiting for a server that does not answer yet; driver errors inside the context become ours."""
    # The driver does not retry: with_retry does, and says so.
    with connection.open_database(
        uri, db_name, appname="seeder", wait_s=wait_s, waiting=waiting, retryReads=False
    ) as database:
        yield Store(database, waiting, keep_references=keep_references)

"""Looks through an understood input before anything is written: its sums, what is odd, and what is stored already."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.lines.documents import NEXT_PART
from retention.lines.rules import EARLIEST, RULES, Rejection, UnreadableError
from seeder.encoding import with_encoder
from seeder.formats.feed import KEY
from seeder.formats.pieces import are_pieces, counts_pieces
from seeder.look import decision
from seeder.look.gaps import GAP_DAYS
from seeder.look.line_feed import LineFeed
from seeder.look.order_feed import OrderFeed
from seeder.look.plausibility import Judged, judge_file
from seeder.look.profile import Profile
from seeder.look.reconciliation import Difference, Reconciliation, lines_of
from seeder.people import is_nobody
from seeder.printable import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from datetime import date

    from retention.store.conflicts import Conflict, ShownLine
    from seeder.source import Part, Source
    from seeder.store import Store

_BATCH: Final = 100  # lines
_ORDERS_AT_ONCE: Final = 1_000
_PEEKED: Final = 1_000  # rows
_FIELDS: Final = [rule.name for rule in RULES]
_DATE: Final = _FIELDS.index("InvoiceDate")


class LookedThrough(NamedTuple):
    """What was found, and the source with the lines put aside that cannot be right."""

    source: Source
    profile: Profile
    judged: Judged
    difference: Difference | None
    days: list[set[date]]  # of whole orders: those of each file

    def lines(self) -> Iterator[str]:
        """Yield what is said of a load before it begins; what it asks comes as a question."""
        yield from self.source.said
        if self.difference:
            yield from lines_of(self.difference, self.source.shop.currency)
        yield from (finding.text for finding in self.judged.findings if finding.severity == "said")

    def to_document(self) -> dict[str, Any]:
        """Return what is kept in `loads`: sums, no names."""
        return {
            "said": list(self.source.said),
            "found": self.profile.to_document(),
            "findings": [finding._asdict() for finding in self.judged.findings],
            "difference": self.difference._asdict() if self.difference else None,
            "implausible_from": _instant(self.judged.cut),
            "last_days": self.last_days,
        }

    @property
    def last_days(self) -> list[datetime]:
        """The last day that is believed, of each file of whole orders, else of all; EARLIEST without one."""
        believed = self.judged.days
        return [
            _instant(max(believed.keys() & days, default=None)) or EARLIEST for days in self.days or [set(believed)]
        ]


def look_through(source: Source, store: Store | None, options: argparse.Namespace) -> LookedThrough:
    """Read the input once more and judge it; `store` is asked which of its orders are stored with other lines."""
    profile, difference, days = _summed(source)
    add_lines = getattr(options, "add_lines", False) or source.mended
    replace = getattr(options, "replace_orders", False)
    if store and not store.is_empty() and not source.whole_orders and not replace and not add_lines:
        _compare(source, store, profile)
    passed_over = dict.fromkeys(name for part in source.parts for name in part.plan.passed_over)
    by_header = source.parts[0].plan.key == KEY and getattr(options, "map", None) is None
    judged = judge_file(
        profile,
        currency=source.shop.currency_label,
        passed_over=list(passed_over),
        latest=getattr(options, "latest", None) or _latest_mended(source, store),
        whole_orders=source.whole_orders,
        orders_may_come_again=replace or add_lines,
        names=by_header,
        maybe_quantities=_maybe_quantities(source.parts[0]) if by_header else [],
    )
    return LookedThrough(source.believed_until(_instant(judged.cut)), profile, judged, difference, days)


def _maybe_quantities(part: Part) -> list[str]:
    columns, at = part.table.columns, part.plan.positions
    unread = tuple(place for place in range(len(columns)) if place not in at)
    if part.plan.quantity is not None or not unread or not counts_pieces(columns, unread):
        return []
    rows = [row for row in islice(part.table.rows(unread), _PEEKED) if not isinstance(row, Rejection)]
    return [columns[place] for place, cells in zip(unread, zip(*rows, strict=True), strict=False) if are_pieces(cells)]


def decide(look: LookedThrough, options: argparse.Namespace) -> None:
    """Go on, ask on a terminal, or raise BadDataError before anything is written."""
    ask = input if sys.stdin and sys.stdin.isatty() and sys.stdout.isatty() else None
    decision.decide(look.judged.findings, yes=getattr(options, "yes", True), ask=ask)


def _latest_mended(source: Source, store: Store | None) -> date | None:
    """Return the last day that is believed of mended rows: days apart from each other, in any order, are no gap."""
    clock = store.clock() if store and source.mended else None
    return clock and clock.date() + timedelta(days=GAP_DAYS)


def _instant(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _summed(source: Source) -> tuple[Profile, Difference | None, list[set[date]]]:
    if source.whole_orders:
        return _summed_orders(source)
    first = source.parts[0].conventions
    ready = len(source.parts) == 1 and first.feed is not None and source.currencies.leave_alone(source.parts[0].plan)
    profile = first.profile if ready else Profile()
    profile.cancelled_letter = source.shop.cancelled_prefix or ""
    for part in source.parts:
        day = day_of(part)
        feed = part.conventions.feed if ready else _fed(source, part, profile, day)
        if feed:
            feed.settle(day)
        if part.conventions.unreadable:
            profile.rejected("row_unreadable", 0, "", part.conventions.unreadable)
    return profile, None, []


def _fed(source: Source, part: Part, profile: Profile, day: Callable[[Any], date | None]) -> LineFeed:
    """Sum the lines of a file whose sums could not be taken while it was scanned."""
    reading = part.reading
    feed = LineFeed(
        profile, quantity=reading.quantities.parse, price=reading.prices.parse, is_nobody=is_nobody, day=day
    )
    lines = source.lines(part)
    row = 1
    while batch := [line for line in islice(lines, _BATCH) if line is not NEXT_PART]:
        good = [line[: len(RULES)] for line in batch if not isinstance(line, Rejection) and len(line) >= len(RULES)]
        for at, one in enumerate(batch, row):
            if isinstance(one, Rejection):
                profile.rejected(one.reason, at, "")
        if good:
            invoices, _, _, quantities, dates, prices, people, _ = zip(*good, strict=True)
            feed.batch(row, invoices, dates, quantities, prices, people)
        row += len(batch)
    return feed


def _summed_orders(source: Source) -> tuple[Profile, Difference | None, list[set[date]]]:
    profile, reconciliation = Profile(), Reconciliation()
    days: list[set[date]] = [set() for _ in source.parts]
    for part, of_part in zip(source.parts, days, strict=True):
        day = _noting(day_of(part), of_part)
        feed = OrderFeed(profile, reconciliation, day=day, is_nobody=is_nobody, currency=source.shop.currency)
        for made in source.orders(part):
            for one in made.rejected:
                profile.rejected(one.reason, made.rows[0] if made.rows else 0, "")
            if made.order:
                feed.add(made.order, made.rows[0] if made.rows else 0)
    return profile, reconciliation.difference(), days


def _noting(day: Callable[[Any], date], days: set[date]) -> Callable[[Any], date]:
    """Return `day`, whose answers are also added to `days`."""

    def noted(cell: Any) -> date:  # noqa: ANN401 - whatever a cell holds
        found = day(cell)
        days.add(found)
        return found

    return noted


def day_of(part: Part) -> Callable[[Any], date]:
    """Return a function that reads the shop's day of a date cell; UnreadableError for one that is none."""
    rule, reading = RULES[_DATE], part.reading

    def day(cell: Any) -> date:  # noqa: ANN401 - whatever a cell holds
        instant = rule.read(cell, reading)
        if not isinstance(instant, datetime):
            raise UnreadableError("missing")
        return instant.date()

    return day


def _compare(source: Source, store: Store, profile: Profile) -> None:
    """Note the orders of a line feed that are stored with other lines."""
    if store.is_empty():
        return
    for part in source.parts:
        orders = ((encoder, made.order) for encoder, made in with_encoder(source, part) if made.order)
        while some := list(islice(orders, _ORDERS_AT_ONCE)):
            encoded = [(order.invoice, _documents(encoder.encode_order(order.lines))) for encoder, order in some]
            numbered = [(str(RULES[0].read(invoice, part.reading)), lines) for invoice, lines in encoded if lines]
            for conflict in store.conflicts(numbered):
                profile.came_again(_differs(conflict))


def _documents(encoded: Iterator[bytes | Rejection]) -> list[bytes]:
    return [one for one in encoded if isinstance(one, bytes)]


def _differs(found: Conflict) -> str:
    """Return "order 3103: 3 × SOAP-1 at 14.00 is stored, 2 × SOAP-1 at 14.00 comes"."""
    stored, coming = ([_shown(line) for line in lines[:1]] for lines in (found.stored, found.coming))
    sides = [*(f"{line} is stored" for line in stored), *(f"{line} comes" for line in coming)]
    return f"order {printable(found.invoice)}: {', '.join(sides)}"


def _shown(line: ShownLine) -> str:
    return printable(f"{line.quantity:g} × {line.product or 'a product'} at {line.unit_price:.2f}")

"""What a shop does with its exports: loads them once, twice, in halves, month after month, and out of turn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from exports import changes
from exports.known_orders import known_orders
from exports.presented import Presented, any_way

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from exports.export import Export
    from exports.known_orders import KnownOrder
    from exports.platforms import Whole

JUNE = datetime(2025, 6, 2)  # noqa: DTZ001 - the shop's wall clock
_DAYS, _MONTH = 24, 31


@dataclass(frozen=True)
class Step:
    """One load, and what the shop's orders are after it."""

    export: Export
    presented: Presented
    after: Sequence[KnownOrder]
    arguments: tuple[str, ...] = ()
    exit_code: int = 0
    cut: frozenset[str] = frozenset()  # orders that the file has a part of
    said: bool = False  # the file's own totals show that it has a part of an order
    half: bool = False  # the figures are known again after a later load
    besides: Export | None = None  # the other file of an archive; `export` is the first by name
    same: bool = False  # the same bytes as the load before


def june(rng: random.Random, platform: Whole) -> list[KnownOrder]:
    """A month's orders."""
    return _within(rng, platform, rng.randint(4, 9), 3101, JUNE)


def july(rng: random.Random, platform: Whole, orders: Sequence[KnownOrder]) -> list[KnownOrder]:
    """The orders of the months until July, of which some of June's have changed since."""
    changed = [platform.able(_changed(rng, order)) for order in orders]
    new = _within(rng, platform, rng.randint(2, 6), 3201, JUNE + timedelta(days=_MONTH))
    last = replace(new[-1], state=None, instant=new[-1].instant + timedelta(days=1), refunds=())
    return [*changed, *new[:-1], last]


def _within(rng: random.Random, platform: Whole, count: int, start: int, begin: datetime) -> list[KnownOrder]:
    made = known_orders(rng, count, people=5, start=start)
    return [platform.able(_on(order, begin + timedelta(minutes=rng.randrange(1440 * _DAYS)))) for order in made]


def _on(order: KnownOrder, instant: datetime) -> KnownOrder:
    refunds = tuple(replace(each, instant=instant + timedelta(days=2)) for each in order.refunds)
    return replace(order, instant=instant.replace(second=order.instant.second), refunds=refunds)


def _changed(rng: random.Random, order: KnownOrder) -> KnownOrder:
    kinds: tuple[Callable[[KnownOrder], KnownOrder], ...] = (
        lambda same: same,
        lambda same: same,
        changes.corrected,
        changes.repriced,
        changes.renamed,
        changes.refunded,
        changes.cancelled,
        changes.restored,
        lambda one: changes.refunded(one, rng.randint(1, one.goods)),
        lambda one: changes.moved(one, f"buyer{rng.randint(1, 6)}@fernhill.example"),
        lambda one: changes.moved(one, one.person or "buyer1@fernhill.example", rng.choice((-1, 1))),
    )
    return rng.choice(kinds)(order)


def once(rng: random.Random, platform: Whole) -> list[Step]:
    orders = june(rng, platform)
    return [Step(platform.write(orders), any_way(rng, platform), orders)]


def twice(rng: random.Random, platform: Whole) -> list[Step]:
    """The same file, then the same orders saved in another way."""
    (first,) = once(rng, platform)
    again = replace(first, presented=any_way(rng, platform), arguments=_forced(platform))
    return [first, replace(first, same=True), again]


def halves(rng: random.Random, platform: Whole) -> list[Step]:
    """One export cut in two between orders; either half first."""
    orders = june(rng, platform)
    at = rng.randint(1, len(orders) - 1)
    parts = [orders[:at], orders[at:]]
    rng.shuffle(parts)
    first, second = (Step(platform.write(part), any_way(rng, platform), part) for part in parts)
    return [first, replace(second, after=orders)]


def months(rng: random.Random, platform: Whole) -> list[Step]:
    """June's export, July's, June's again, saved in another way too, and July's again."""
    before = june(rng, platform)
    after = july(rng, platform, before)
    first = Step(platform.write(before), any_way(rng, platform), before)
    second = Step(platform.write(after), any_way(rng, platform), after, _forced(platform))
    late = replace(first, presented=any_way(rng, platform), after=after)
    if platform.line_feed:
        return [first, second]
    return [first, second, replace(first, after=after), late, replace(second, presented=any_way(rng, platform))]


def pasted(rng: random.Random, platform: Whole) -> list[Step]:
    """June's and July's exports joined by hand into one file: the last version of an order holds."""
    if not platform.twice:
        return months(rng, platform)
    before = june(rng, platform)
    after = july(rng, platform, before)
    if platform.write(after).columns != platform.write(before).columns:  # items in columns, of a longer order
        return months(rng, platform)
    export = platform.write(before).joined(platform.write(after))
    return [Step(export, any_way(rng, platform, keep_rows=True), after)]


def cut_off(rng: random.Random, platform: Whole) -> list[Step]:
    """The whole export, then a file that ends, or begins, in the middle of an order."""
    orders = june(rng, platform)
    found = _cut(rng, platform, orders)
    if found is None:
        return halves(rng, platform)
    export, number, said = found
    whole = Step(platform.write(orders), any_way(rng, platform), orders)
    way = any_way(rng, platform, keep_rows=True)
    cut = Step(export, way, orders, cut=frozenset({number}), said=said, exit_code=65 if platform.line_feed else 0)
    return [whole, cut, replace(whole, presented=any_way(rng, platform), arguments=_forced(platform))]


def cut_first(rng: random.Random, platform: Whole) -> list[Step]:
    """A file that ends, or begins, in the middle of an order, then the whole export."""
    orders = june(rng, platform)
    found = _cut(rng, platform, orders)
    if found is None:
        return halves(rng, platform)
    export, number, said = found
    way = any_way(rng, platform, keep_rows=True)
    cut = Step(export, way, [], cut=frozenset({number}), said=said, half=True)
    return [cut, Step(platform.write(orders), any_way(rng, platform), orders, _forced(platform))]


def bundled(rng: random.Random, platform: Whole) -> list[Step]:
    """June's and July's exports in one archive, whichever comes first in it, and the same archive in another way."""
    before = june(rng, platform)
    after = [*before, *july(rng, platform, [])] if platform.line_feed else july(rng, platform, before)
    files = [platform.write(before), platform.write(after)]
    rng.shuffle(files)
    way = replace(any_way(rng, platform), kind="csv")
    step = Step(files[0], way, after, besides=files[1])
    return [step, replace(step, presented=replace(way, columns=not way.columns), arguments=_forced(platform))]


def apart(rng: random.Random, platform: Whole) -> list[Step]:
    """June's sales, then July's export with its sales and June's refunds: by date, as tills export; either first."""
    if not platform.refunds_apart:
        return months(rng, platform)
    before = [replace(order, refunds=()) for order in june(rng, platform)]
    after = [changes.refunded(order, rng.choice((None, rng.randint(1, order.goods)))) for order in before]
    new = july(rng, platform, [])
    sales, everything = platform.write(before), platform.write([*after, *new])
    known = set(map(tuple, sales.rows))
    rest = replace(everything, rows=[row for row in everything.rows if tuple(row) not in known])
    first = Step(sales, any_way(rng, platform), before)
    second = Step(rest, any_way(rng, platform), [*after, *new])
    if rng.random() < 0.4:
        return [replace(second, half=True), replace(first, after=second.after)]
    again = [replace(step, presented=any_way(rng, platform), after=second.after) for step in (second, first)]
    return [first, second, *again, Step(everything, any_way(rng, platform), second.after)]


def _cut(rng: random.Random, platform: Whole, orders: Sequence[KnownOrder]) -> tuple[Export, str, bool] | None:
    """A part of the export that ends or begins within an order, that order's number, and whether totals show it."""
    export = platform.write(orders)
    groups = export.groups()
    long = [index for index, order in enumerate(orders) if len(order.lines) > 1]
    if not platform.by_row or not long:
        return None
    at = rng.choice(long)
    within = rng.randint(1, len(orders[at].lines) - 1)
    first, second = groups[at][:within], groups[at][within:]
    upper = [row for group in groups[:at] for row in group] + first
    lower = second + [row for group in groups[at + 1 :] for row in group]
    named = platform.scattered or "" not in {row[export.column(export.invoice)] for row in lower}
    rows = rng.choice((upper, lower)) if named and len(lower) > len(second) else upper
    kept = orders[at].lines[within:] if rows is lower else orders[at].lines[:within]
    said = platform.own_total and sum(line.total for line in kept) < orders[at].goods  # no discount explains it
    return replace(export, rows=rows), orders[at].invoice, said


def _forced(platform: Whole) -> tuple[str, ...]:
    return ("--replace-orders",) if platform.line_feed else ()


STORIES = (once, twice, halves, months, pasted, cut_off, cut_first, apart, bundled)

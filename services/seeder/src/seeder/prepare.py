"""Understands an input before anything is written: its format, how it is written, and whose shop it is."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from retention.errors import BadDataError
from retention.lines.identity import Identity
from retention.lines.rules import Reading, latest_instant
from retention.store.shop import DEFAULT_ZONE, Shop
from seeder import conventions
from seeder.conventions import Choices, Conventions
from seeder.currencies import Currencies, read_rates
from seeder.formats import mapping, olist, recognise
from seeder.formats.plan import Cells
from seeder.source import Part, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from seeder.formats.plan import Plan
    from seeder.settings import Settings
    from seeder.sources.opening import Input
    from seeder.sources.table import Table

Understood: TypeAlias = "tuple[Table, Plan, Conventions]"

_SIGNS: Final = {"£": "GBP", "€": "EUR", "$": "USD"}  # what a sign at a price says where nothing else does
_SHOWN: Final = 5  # currencies in a message


class FileOptions(NamedTuple):
    """What the command line says about a file."""

    format: str | None = None
    mapping: Path | None = None
    rates: Path | None = None
    cancelled_prefix: str | None = None  # "" for none
    choices: Choices = Choices()


def planned_tables(found: Input, options: FileOptions) -> list[tuple[Table, Plan]]:
    """Return the tables of the input, each with the plan of its format; BadDataError when there is none."""
    tables = olist.joined(found.tables) if olist.is_split(found.tables) else found.tables
    return [(table, _plan(table, options)) for table in tables]


def prepared(
    found: Input, planned: Sequence[tuple[Table, Plan]], options: FileOptions, settings: Settings, known: Shop | None
) -> Source:
    """Return the understood input; `known` is what the database says about the shop, None before its first load.

    Raises BadDataError (65) for what cannot be understood or does not fit the shop.
    """
    understood = [(table, plan, conventions.find(table, plan, options.choices)) for table, plan in planned]
    if not any(each.row_count for _, _, each in understood):
        raise BadDataError(f"{found.name}: no rows: nothing to load")
    shop = _shop(understood, options, settings, known)
    people = Identity(settings.identity_key, leading_zeros=shop.leading_zeros)
    now = datetime.now(UTC)
    parts = tuple(_part(*each, shop, people, now) for each in understood)
    rates = read_rates(options.rates) if options.rates else None
    currencies = Currencies(shop.currency, rates, parts[0].reading.dates.parse)
    said = (*(note for table, _ in planned for note in table.notes), *_said(understood, shop, known))
    description = _description(found.name, understood)
    return Source(found.load_id, found.name, found.size, description, parts, shop, people, currencies, found.invented, said)


def _plan(table: Table, options: FileOptions) -> Plan:
    if options.mapping:
        return mapping.plan(options.mapping, table.columns)
    return recognise.recognise(table.columns, options.format)


def _part(table: Table, plan: Plan, found: Conventions, shop: Shop, people: Identity, now: datetime) -> Part:
    formats = [found.numbers[index] for index in plan.numbers]
    reading = Reading(
        found.dates,
        latest_instant(now),
        quantities=formats[0],
        prices=formats[-1],
        people=people,
        zone=ZoneInfo(shop.time_zone),
        written_in=ZoneInfo(plan.zone) if plan.zone else None,
    )
    return Part(table, plan, found, reading, Cells(found.number, shop.currency))


def _shop(understood: Sequence[Understood], options: FileOptions, settings: Settings, known: Shop | None) -> Shop:
    """Return what holds for this load: settings first, then the database, then the file, then the defaults."""
    found = [conventions for _, _, conventions in understood]
    plan = understood[0][1]
    zone = next((each.zone for each in found if each.zone), None) or plan.shop_zone
    prefix = options.cancelled_prefix
    if prefix is None:
        prefix = next((each.cancellations.prefix for each in found if each.cancellations.prefix is not None), None)
    if known is None:
        return Shop(
            settings.time_zone or zone or DEFAULT_ZONE,
            settings.currency or _currency(understood),
            prefix,
            any(each.leading_zeros for each in found),
        )
    if options.cancelled_prefix is None and not _contradicts(found, known):
        prefix = known.cancelled_prefix if known.cancelled_prefix is not None else prefix
    return known._replace(currency=known.currency or _currency(understood), cancelled_prefix=prefix)


def _contradicts(found: Sequence[Conventions], known: Shop) -> bool:
    """Return whether the invoices of the file that the shop's rule takes for cancellations are orders."""
    prefix = known.cancelled_prefix
    return bool(prefix) and any(each.cancellations.orders_under(prefix) for each in found)


def _currency(understood: Sequence[Understood]) -> str | None:
    """Return the one currency of the file; BadDataError when it has several."""
    codes = sum((found.currencies for _, _, found in understood), Counter[str]())
    if len(codes) > 1:
        named = ", ".join(f"{code} ({rows:,} rows)" for code, rows in codes.most_common(_SHOWN))
        raise BadDataError(
            f"{len(codes)} currencies, {named}: amounts are never added up across currencies. "
            f"Set CURRENCY={codes.most_common(1)[0][0]}, so that rows in another are put aside, "
            "or give their rates with --rates FILE"
        )
    if codes:
        return next(iter(codes))
    signs = {sign for _, _, found in understood for sign in found.signs}
    by_sign = _SIGNS.get(next(iter(signs))) if len(signs) == 1 else None
    return understood[0][1].shop_currency or by_sign


def _description(name: str, understood: Sequence[Understood]) -> str:
    (table, plan, found), rows = understood[0], sum(found.row_count for _, _, found in understood)
    others = f" and {len(understood) - 1} more" if len(understood) > 1 else ""
    return f"{name}: {plan.title}, {table.description}{others}, dates {found.dates.order}, {rows:,} rows"


def _said(understood: Sequence[Understood], shop: Shop, known: Shop | None) -> Iterator[str]:
    """Yield what was found and decided, a sentence each."""
    _, plan, found = understood[0]
    yield from found.said()
    if plan.passed_over:
        yield f"columns passed over: {', '.join(plan.passed_over)}"
    if known is None:
        yield f"time zone {shop.time_zone} (TIME_ZONE decides), currency {shop.currency or 'unknown: GBP'} (CURRENCY decides)"
    if shop.cancelled_prefix:
        yield f"invoices that begin with {shop.cancelled_prefix} are cancellations (--cancelled-prefix decides)"
    elif shop.cancelled_prefix is None:
        yield "no sign of cancelled invoices: every invoice counts (--cancelled-prefix decides)"

"""Understands an input before anything is written: its format, how it is written, and whose shop it is."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from retention.errors import BadDataError, NoInputError
from retention.lines.documents import CACHE_SIZE
from retention.lines.identity import Identity
from retention.lines.numbers import PLAIN, NumberFormat
from retention.lines.rules import Reading, latest_instant
from retention.store.shop import DEFAULT_ZONE, Shop
from seeder import conventions
from seeder.conventions import Choices, Conventions
from seeder.currencies import Currencies, read_rates
from seeder.formats import mapped, mapping, recognise
from seeder.formats.plan import Cells
from seeder.grouping import groups
from seeder.olist_join import joined
from seeder.source import Part, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from seeder.formats.plan import Plan
    from seeder.settings import Settings
    from seeder.sources.table import Input, Table

Understood: TypeAlias = "tuple[Table, Plan, Conventions]"

_SIGNS: Final = {"£": "GBP", "€": "EUR", "$": "USD"}  # what a sign at a price says where nothing else does
_SHOWN: Final = 5  # currencies in a message
_CODE: Final = 3  # letters of a currency


class FileOptions(NamedTuple):
    """What the command line says about a file."""

    format: str | None = None
    mapping: Path | None = None
    rates: Path | None = None
    cancelled_prefix: str | None = None  # "" for none
    choices: Choices = Choices()


def planned_tables(found: Input, options: FileOptions) -> list[tuple[Table, Plan]]:
    """Return the tables of the input, each with the plan of its format; BadDataError when there is none."""
    tables = joined(found)
    if options.mapping:
        by_hand = mapping.parse(_text_of(options.mapping), options.mapping.name)
        return [(table, mapped.plan(by_hand, table.columns)) for table in tables]
    planned = [(table, recognise.recognise(table.columns, options.format)) for table in tables]
    if len({plan.key for _, plan in planned}) > 1:
        kinds = ", ".join(f"{table.name} is {plan.title}" for table, plan in planned[:_SHOWN])
        raise BadDataError(f"{found.name}: files of different kinds: load them one by one: {kinds}")
    return planned


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
    before = accumulate((each.row_count for _, _, each in understood), initial=0)
    parts = tuple(
        _part(*each, shop, people, now)._replace(before=rows) for each, rows in zip(understood, before, strict=False)
    )
    rates = read_rates(options.rates) if options.rates else None
    currencies = Currencies(shop.currency, rates, parts[0].reading.dates.parse)
    said = (*(note for table, _ in planned for note in table.notes), *_said(parts, shop, known))
    description = _description(found.name, understood)
    return Source(
        found.load_id, found.name, found.size, description, parts, shop, people, currencies, found.invented, said
    )


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NoInputError(f"--map {path}: cannot be read: {getattr(error, 'strerror', 'it is not text')}") from None


def _part(table: Table, plan: Plan, found: Conventions, shop: Shop, people: Identity, now: datetime) -> Part:
    cells = Cells(_Numbers(found.one_format()).__getitem__, shop.currency)
    if plan.settle:
        rows = groups(table.rows(plan.positions), plan.invoice, scattered=found.scattered)
        plan = plan.settle((row for group in rows for _, row in group), cells)
    of_index = {
        index: found.numbers[position] for index, position in enumerate(plan.positions) if position in found.numbers
    }
    price = next((index for index in plan.numbers if index != plan.quantity), None)
    reading = Reading(
        found.dates,
        latest_instant(now),
        prices=of_index.get(price, PLAIN) if price is not None else PLAIN,
        quantities=of_index.get(plan.quantity, PLAIN) if plan.quantity is not None else PLAIN,
        people=people,
        zone=ZoneInfo(shop.time_zone),
        written_in=ZoneInfo(plan.zone) if plan.zone else None,
    )
    return Part(table, plan, found, reading, cells)


class _Numbers(dict[Any, "float | None"]):
    """The numbers of cells, each distinct text read once."""

    def __init__(self, written: NumberFormat) -> None:
        super().__init__()
        self._parse = written.parse

    def __missing__(self, cell: Any) -> float | None:  # noqa: ANN401 - whatever a cell holds
        if len(self) >= CACHE_SIZE:
            self.clear()
        number = self[cell] = self._parse(cell)
        return number


def _shop(understood: Sequence[Understood], options: FileOptions, settings: Settings, known: Shop | None) -> Shop:
    """Return what holds for this load: by the settings first, then the database, then the file, then the defaults."""
    found, plan = [each for _, _, each in understood], understood[0][1]
    prefix = options.cancelled_prefix
    if prefix is None:
        prefix = next((each.cancellations.prefix for each in found if each.cancellations.prefix is not None), None)
    currency = settings.currency or (known and known.currency) or _currency(understood, options)
    _refuse_other_currency(found, currency, options)
    if known:
        _refuse_other_numbering(found, known, prefix)
        return known._replace(currency=currency, cancelled_prefix=known.cancelled_prefix or prefix)
    zone = settings.time_zone or next((each.zone for each in found if each.zone), None) or plan.shop_zone
    return Shop(zone or DEFAULT_ZONE, currency, prefix, any(each.leading_zeros for each in found))


def _refuse_other_currency(found: Sequence[Conventions], currency: str | None, options: FileOptions) -> None:
    """Raise BadDataError when no row is in the shop's currency: every row would be put aside."""
    codes = sum((each.currencies for each in found), Counter[str]())
    if currency and codes and currency not in codes and not options.rates:
        raise BadDataError(
            f"the file's amounts are in {', '.join(codes)} and the shop's in {currency}: give the rates with --rates "
            "FILE, load it into a database of its own (DB_NAME), or, if the shop's currency is wrong, set CURRENCY and "
            "load everything again with --drop"
        )


def _refuse_other_numbering(found: Sequence[Conventions], known: Shop, prefix: str | None) -> None:
    """Raise BadDataError when the shop's letter for cancelled invoices is not what the file says."""
    held = known.cancelled_prefix
    if held and prefix is not None and prefix != held and any(each.cancellations.lines for each in found):
        says = f"{prefix} marks them in the file" if prefix else "the file's orders are numbered with letters"
        raise BadDataError(
            f"cancelled invoices begin with {held} in the database, and {says}: if the database is right, add "
            f"--cancelled-prefix {held}; otherwise load everything again with --drop"
        )


def _currency(understood: Sequence[Understood], options: FileOptions) -> str | None:
    """Return the one currency of the file; BadDataError when it has several and no rates say into which."""
    codes = sum((found.currencies for _, _, found in understood), Counter[str]())
    if len(codes) > 1:
        named = ", ".join(f"{code} ({rows:,} rows)" for code, rows in codes.most_common(_SHOWN))
        given = " with --rates" if options.rates else ", or give their rates with --rates FILE too"
        raise BadDataError(
            f"{len(codes)} currencies, {named}: amounts are never added up across currencies. Set "
            f"CURRENCY={codes.most_common(1)[0][0]}, so that rows in another are put aside{given}"
        )
    if codes:
        return next(iter(codes))
    signs = {sign for _, _, found in understood for sign in found.signs}
    by_sign = next(iter(signs)) if len(signs) == 1 else ""
    return understood[0][1].shop_currency or _SIGNS.get(by_sign, by_sign if len(by_sign) == _CODE else None)


def _description(name: str, understood: Sequence[Understood]) -> str:
    (table, plan, found), rows = understood[0], sum(found.row_count for _, _, found in understood)
    others = f" and {len(understood) - 1} more" if len(understood) > 1 else ""
    return f"{name}: {plan.title}, {table.description}{others}, dates {found.dates.order}, {rows:,} rows"


def _said(parts: Sequence[Part], shop: Shop, known: Shop | None) -> Iterator[str]:
    """Yield what was found and decided, a sentence each."""
    _, plan, found, reading, *_ = parts[0]
    yield from plan.notes
    if (how := reading.prices.description) != PLAIN.description:
        yield f"prices: {how}"
    if found.unknown_states:
        words = ", ".join(f"'{word}' ({rows:,})" for word, rows in found.unknown_states.most_common(_SHOWN))
        yield f"states that are not known, whose orders count: {words} (--map decides)"
    if known is None:
        unsaid = "" if shop.currency else ", as nothing says it"
        yield f"currency {shop.currency_label}{unsaid} (CURRENCY decides)"
        yield f"time zone {shop.time_zone} (TIME_ZONE decides)"
    if shop.cancelled_prefix:
        cancelled = found.cancellations
        lines = f": {cancelled.lines:,} lines" if cancelled.lines else ""
        yield f"invoices that begin with {shop.cancelled_prefix} are cancellations{lines} (--cancelled-prefix decides)"
    elif not plan.whole_orders:
        yield "no sign of cancelled invoices: every invoice counts (--cancelled-prefix decides)"

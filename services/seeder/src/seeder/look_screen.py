"""The dry run: the screen of `seeder look` from an understood input."""

from __future__ import annotations

import shlex
from itertools import islice
from typing import TYPE_CHECKING, Final

from retention.lines.rules import UnreadableError
from seeder.formats.signatures import SIGNATURES
from seeder.look.people import NOBODY, person
from seeder.look.reconciliation import worth
from seeder.look.screen import Look, Shown, screen
from seeder.look_through import day_of, look_through
from seeder.people import is_nobody

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from seeder.look_through import LookedThrough
    from seeder.source import Part, Source
    from seeder.store import Store

_SHOWN: Final = 5  # orders
_PERSON, _QUANTITY, _PRICE, _DATE = 6, 3, 5, 4  # positions in a line


def look_screen(source: Source, store: Store | None, options: argparse.Namespace) -> str:
    """Return the screen of a dry run; `store` says which orders would come again with other lines."""
    load = "scripts/up --data" if store is None else "python -m seeder load"
    return screen_of(look_through(source, store, options), source, f"{load} {shlex.quote(str(options.file))}")


def screen_of(look: LookedThrough, source: Source, command: str = "") -> str:
    """Return the screen of an input that was looked through; `command` loads it, empty while it is being loaded."""
    part = source.parts[0]
    signature = SIGNATURES.get(part.plan.key)
    return "\n".join(
        screen(
            Look(
                source.name,
                part.table.description,
                source.row_count,
                part.plan.title,
                signature.core if signature else (),
                (f"dates {part.conventions.dates.order}", *source.said),
                source.shop.currency_label,
                list(islice(_shown(source, part), _SHOWN)),
                look.profile,
                look.judged,
                look.difference,
                command,
            )
        )
    )


def _shown(source: Source, part: Part) -> Iterator[Shown]:
    day = day_of(part)
    for made in source.orders(part):
        order = made.order
        if order is None or not order.lines:  # none, or none of it could be read
            continue
        try:
            worths = [worth(_typed(part, line)) for line in order.lines]
            yield Shown(
                str(order.invoice),
                day(order.lines[0][_DATE]),
                NOBODY if is_nobody(order.lines[0][_PERSON]) else person(order.lines[0][_PERSON]),
                len(order.lines),
                sum(worths),
                order.currency or source.shop.currency_label,
                order.state or "",
            )
        except (UnreadableError, ValueError):
            continue


def _typed(part: Part, line: tuple[object, ...]) -> tuple[object, ...]:
    values = list(line)
    values[_QUANTITY] = part.reading.quantities.parse(line[_QUANTITY]) or 0.0
    values[_PRICE] = part.reading.prices.parse(line[_PRICE]) or 0.0
    return tuple(values)

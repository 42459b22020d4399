"""One row per line, under names of our eight values in any spelling: Online Retail I and II, and most spreadsheets."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from seeder.formats.feed import PERSON, TOTALS, Settings, of_header, used
from seeder.formats.settling import settled
from seeder.formats.shape import shape_of
from seeder.formats.spellings import assign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seeder.formats.plan import Plan


def missing(columns: Sequence[str]) -> list[str]:
    """Return which of the values that a line cannot do without no column holds."""
    fields = assign(columns)
    needed = [name for name in ("InvoiceNo", "InvoiceDate") if name not in fields]
    if not any(name in fields for name in ("UnitPrice", *TOTALS)):
        needed.append("UnitPrice")
    return needed if any(name in fields for name in PERSON) else [*needed, "CustomerID"]


def plan(columns: Sequence[str]) -> Plan | None:
    """Return the plan of a table of lines; None where it lacks an order, a date, a price or a person.

    Raises BadDataError where two columns claim the same value.
    """
    if missing(columns):
        return None
    fields = assign(columns)
    guess = dict(fields)
    if "UnitPrice" not in fields and "LineTotal" not in fields:
        guess["LineTotal"] = fields["Total" if "Total" in fields else "OrderTotal"]
    first = of_header(columns, guess, Settings())
    if not any(name in fields for name in (*TOTALS, "Refund")):
        return first
    return first._replace(settle=partial(settled, columns, fields, shape_of(used(guess))))

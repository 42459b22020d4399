"""Reads an export by a format's plan alone, the way the loader does: picked cells, the rows of an order together."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from seeder.formats.plan import Cells, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exports.export import Export

    from seeder.formats.plan import Line, Plan


def number_with(decimal: str) -> Callable[[Any], float | None]:
    """A reader of money with this decimal mark: `$1,020.40`, `-$14.00`, `(12.50)`; ValueError when it is no number."""
    thousands = "," if decimal == "." else "."

    def number(cell: Any) -> float | None:
        text = "" if cell is None else str(cell).strip()
        if not text:
            return None
        negative = text.startswith(("-", "(")) or text.endswith("-")
        bare = text.strip("-()$£€ ").replace(thousands, "").replace(decimal, ".")
        return -float(bare) if negative else float(bare)

    return number


def either_number(cell: Any) -> float | None:
    """A reader for examples that show both decimal marks in one column: two digits after the last mark are decimals."""
    text = str(cell or "").strip()
    return number_with("," if text[-3:-2] == "," else ".")(text)


def plan_of(make: Callable[[Sequence[str]], Plan | None], export: Export) -> Plan:
    """The plan of an export that the format has to know."""
    plan = make(export.columns)
    assert plan is not None
    return plan


def orders_of(plan: Plan, export: Export, *, decimal: str = ".", currency: str | None = None) -> list[Order]:
    """The orders that a plan makes of an export."""
    assert plan.orders is not None
    made = plan.orders(_picked(plan, export), Cells(number_with(decimal), currency))
    return [one for one in made if isinstance(one, Order)]


def lines_of(plan: Plan, export: Export, *, decimal: str = ".") -> list[Line]:
    """The lines that a plan for a line feed makes of an export."""
    assert plan.lines is not None
    return list(plan.lines(_picked(plan, export), Cells(number_with(decimal), None)))


def _picked(plan: Plan, export: Export) -> Iterator[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [tuple(row[at] for at in plan.positions) for row in export.rows]
    groups: dict[str, list[tuple[str, ...]]] = {}
    number = ""
    for row in rows:
        number = row[plan.invoice] or number
        groups.setdefault(number, []).append(row)
    return chain.from_iterable(groups.values())

"""One input, understood: how its rows become lines or whole orders, and what was decided about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from retention.lines.documents import LineEncoder
from retention.lines.rules import Rejection, rejection
from seeder.formats.plan import Cells, Order, Plan
from seeder.grouping import groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retention.lines.identity import Identity
    from retention.lines.rules import Reading
    from retention.store.shop import Shop
    from seeder.conventions import Conventions
    from seeder.currencies import Currencies
    from seeder.sources.table import Table


class OrderRows(NamedTuple):
    """The rows of one order, by number from 1, and the order they make; a Rejection when they make none."""

    rows: list[int]
    order: Order | Rejection


class Part(NamedTuple):
    """One table of an input, with its own way of being written."""

    table: Table
    plan: Plan
    conventions: Conventions
    reading: Reading
    cells: Cells


class Source(NamedTuple):
    """One input, ready to be loaded."""

    load_id: str  # the same content has the same id
    name: str
    size: int  # bytes; 0 for synthetic data
    description: str
    parts: tuple[Part, ...]
    shop: Shop  # what the file says about the shop, besides what was known
    people: Identity
    currencies: Currencies
    invented: bool = False  # synthetic: real data replaces it, since it can be generated again
    said: tuple[str, ...] = ()  # what was found and decided, a sentence each

    @property
    def row_count(self) -> int:
        """All rows."""
        return sum(part.conventions.row_count for part in self.parts)

    @property
    def dates(self) -> str:
        """The order of day, month and year."""
        return self.parts[0].conventions.dates.order

    @property
    def whole_orders(self) -> bool:
        """Whether the unit is the whole order."""
        return self.parts[0].plan.whole_orders

    def encoder(self, part: Part) -> LineEncoder:
        """Return the encoder of one part: identical lines of an invoice are counted within it."""
        return LineEncoder(part.reading, self.shop.cancelled_prefix)

    def lines(self, part: Part) -> Iterator[Sequence[Any]]:
        """Yield the lines of a line feed, in the order of RULES; each is a row."""
        rows = self.currencies.rows(part.table.rows(part.plan.positions), part.plan, part.cells)
        return part.plan.lines(rows, part.cells) if part.plan.lines else iter(())

    def orders(self, part: Part) -> Iterator[OrderRows]:
        """Yield whole orders, each with its rows; those of a line feed are made of its lines."""
        rows = part.table.rows(part.plan.positions)
        for group in groups(rows, part.plan.invoice, scattered=part.conventions.scattered):
            numbers = [number for number, _ in group]
            first = group[0][1]
            if isinstance(first, Rejection):
                yield OrderRows(numbers, first)
                continue
            made = self._made_of(part, [row for _, row in group])
            for order in made[:1] or [rejection("no_order", "row", first)]:
                yield OrderRows(numbers, order)
            for order in made[1:]:
                yield OrderRows([], order)

    def _made_of(self, part: Part, rows: list[Sequence[Any]]) -> Sequence[Order | Rejection]:
        try:
            if part.plan.orders:
                return [self.currencies.order(order) for order in part.plan.orders(iter(rows), part.cells)]
            read = self.currencies.rows(iter(rows), part.plan, part.cells)
            lines = list(part.plan.lines(read, part.cells)) if part.plan.lines else []
        except ValueError as error:  # a number that cannot be read
            return [rejection("row_unreadable", "row", [*rows[0], str(error)])]
        refused = [line for line in lines if isinstance(line, Rejection)]
        return refused[:1] or [Order(lines[0][0], [(*line, None) for line in lines])]

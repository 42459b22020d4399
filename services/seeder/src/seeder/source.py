"""One input, understood: how its rows become lines or whole orders, and what was decided about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.lines.documents import LineEncoder
from retention.lines.rules import RULES, Rejection, rejection
from seeder.formats.plan import Order
from seeder.grouping import groups
from seeder.mending import is_mended, kept_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from retention.lines.identity import Identity
    from retention.lines.rules import Reading
    from retention.store.shop import Shop
    from seeder.conventions import Conventions
    from seeder.currencies import Currencies
    from seeder.formats.plan import Cells, Plan
    from seeder.mending import Kept
    from seeder.sources.table import Table


_NAMES: Final = [rule.name for rule in RULES]
_QUANTITY, _PRICE, _TOTAL = _NAMES.index("Quantity"), _NAMES.index("UnitPrice"), len(RULES)


class OrderRows(NamedTuple):
    """The rows of one order, by number from 1; the order they make, if any; and those of its lines that are refused."""

    rows: Sequence[int]
    order: Order | None
    rejected: list[Rejection]


NEXT_SHEET: Final = OrderRows([], None, [])  # between two sheets: identical lines are counted from 1 again


class Part(NamedTuple):
    """One table of an input, with its own way of being written."""

    table: Table
    plan: Plan
    conventions: Conventions
    reading: Reading
    cells: Cells
    before: int = 0  # rows of the input before it


class Source(NamedTuple):
    """One input, ready to be loaded."""

    load_id: str  # the same content has the same id
    name: str
    size: int  # bytes; 0 for synthetic data
    description: str
    parts: tuple[Part, ...]
    shop: Shop  # what holds for the shop, by the database or by this file
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

    @property
    def mended(self) -> bool:
        """Whether these are rows of the quarantine, mended: they are added to their orders."""
        return not self.whole_orders and all(is_mended(part.table.columns) for part in self.parts)

    def kept_rows(self) -> Iterator[Kept]:
        """Yield where each row is kept in quarantine, if these are rows of it."""
        if self.mended:
            for part in self.parts:
                yield from kept_rows(part.table)

    def encoder(self, part: Part) -> LineEncoder:
        """Return the encoder of one part: identical lines of an invoice are counted within it."""
        return LineEncoder(part.reading, self.shop.cancelled_prefix)

    def believed_until(self, implausible_from: datetime | None) -> Source:
        """Return the source with the lines of this instant and later put aside."""
        parts = (part._replace(reading=part.reading._replace(implausible_from=implausible_from)) for part in self.parts)
        return self._replace(parts=tuple(parts))

    def by_last_day(self, last_days: Sequence[datetime]) -> tuple[Source, list[datetime]]:
        """Return the source with its files of whole orders in the sequence of their last days, and these, sorted.

        An order that stands in several files of an archive is then as the latest of them has it.
        """
        if len(last_days) < len(self.parts):
            return self, list(last_days)
        files = sorted(range(len(self.parts)), key=last_days.__getitem__)
        return self._replace(parts=tuple(self.parts[at] for at in files)), sorted(last_days)

    def lines(self, part: Part) -> Iterator[Sequence[Any]]:
        """Yield the lines of a line feed, each a row: eight values, or nine with its total."""
        return _lines_of(part)(
            self.currencies.rows(part.table.rows(part.plan.positions), part.plan, part.cells), part.cells
        )

    def orders(self, part: Part) -> Iterator[OrderRows]:
        """Yield whole orders, each with its rows; those of a line feed are made of its lines.

        NEXT_SHEET stands between two sheets.
        """
        rows = part.table.rows(part.plan.positions)
        make = part.plan.order(part.cells) if part.plan.order else None
        for group in groups(rows, part.plan.invoice, scattered=part.conventions.scattered):
            if not group:
                yield NEXT_SHEET
                continue
            numbers = [number for number, _ in group]
            first = group[0][1]
            if isinstance(first, Rejection):
                yield OrderRows(numbers, None, [first])
                continue
            made = self._made_of(part, [row for _, row in group], make)
            rejected = [one for one in made if isinstance(one, Rejection)]
            orders = [self._typed(one, part.cells, rejected) for one in made if isinstance(one, Order)]
            if not made:
                rejected = [rejection("no_order", "row", first)]
            yield OrderRows(numbers, orders[0] if orders else None, rejected)
            for order in orders[1:]:
                yield OrderRows([], order, [])

    def _made_of(
        self, part: Part, rows: list[Sequence[Any]], make: Callable[[list[Any]], Order] | None
    ) -> Sequence[Order | Rejection]:
        try:
            if make:
                return [self.currencies.order(make(rows))]
            if part.plan.orders:
                made = part.plan.orders(iter(rows), part.cells)
                return [one if isinstance(one, Rejection) else self.currencies.order(one) for one in made]
            read = list(_lines_of(part)(self.currencies.rows(iter(rows), part.plan, part.cells), part.cells))
        except ValueError as error:  # a number that cannot be read
            return [rejection("row_unreadable", "row", [*rows[0], str(error)])]
        lines = [(*line, None)[:9] for line in read if not isinstance(line, Rejection)]
        rejected: list[Order | Rejection] = [line for line in read if isinstance(line, Rejection)]
        return [Order(lines[0][0], lines), *rejected] if lines else rejected

    def _typed(self, order: Order, cells: Cells, rejected: list[Rejection]) -> Order:
        """Return the order with numbers for texts, and a total for every line; those without go to `rejected`."""
        if all(
            type(line[_PRICE]) is float and line[_TOTAL] is not None and type(line[_QUANTITY]) is not str
            for line in order.lines
        ):
            return order
        lines = []
        for line in order.lines:
            values = list(line)
            for at in (_QUANTITY, _PRICE):
                try:
                    values[at] = cells.number(line[at])
                except ValueError:
                    values[at] = None
                if values[at] is None:
                    refused = rejection(f"{_NAMES[at]}_unreadable", _NAMES[at], line[: len(RULES)], self.people.number)
                    rejected.append(refused)
                    break
            else:
                values[_TOTAL] = values[_QUANTITY] * values[_PRICE] if line[_TOTAL] is None else line[_TOTAL]
                lines.append(tuple(values))
        return order._replace(lines=lines)


def _lines_of(part: Part) -> Callable[[Iterator[Any], Cells], Iterator[Any]]:
    if part.plan.lines is None:
        raise TypeError("whole orders have no line feed")
    return part.plan.lines

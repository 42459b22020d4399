"""Whole orders from rows: the rows of each order together, and what becomes of an order that cannot be read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from seeder.formats.plan import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from seeder.formats.plan import Cells, Picked

_KNOWN: Final = 32_768  # distinct cells remembered, about 4 MB; then forgotten, so memory is bounded


class UnreadableCellError(ValueError):
    """A cell that should hold money or a quantity, and does not."""

    def __init__(self, cell: object) -> None:
        super().__init__(f"no number: {cell}")
        self.cell = cell


class Known(dict[Any, Any]):
    """Makes a value of each distinct key once: `known[key]` is `make(key)`."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> Any:  # noqa: ANN401 - what `make` takes and returns
        if len(self) >= _KNOWN:
            self.clear()
        value = self[key] = self._make(key)
        return value


class Numbers(Known):
    """Reads each distinct cell once: `numbers[cell]` is its number, None for blank; UnreadableCellError."""

    def __init__(self, number: Callable[[Any], float | None]) -> None:
        def read(cell: object) -> float | None:
            try:
                return number(cell)
            except ValueError:
                raise UnreadableCellError(cell) from None

        super().__init__(read)

    def of(self, row: Picked, index: int | None) -> float | None:
        """Return the number in a row's cell; None for a missing column or a blank cell."""
        return None if index is None else self[row[index]]

    def sum(self, rows: Iterable[Picked], index: int | None) -> float | None:
        """Return the sum of a column over rows, rounded to a millionth; None when it says nothing."""
        said = [value for value in (self.of(row, index) for row in rows) if value is not None]
        return round(sum(said), 6) if said else None

    def first(self, rows: Iterable[Picked], index: int | None) -> float | None:
        """Return the first number of a column over an order's rows; None when it says nothing."""
        return next((value for value in (self.of(row, index) for row in rows) if value is not None), None)


def grouped(rows: Iterator[Picked], invoice: int) -> Iterator[list[Picked]]:
    """Yield the rows of each order; they follow each other, and a blank order number continues the order before."""
    group: list[Picked] = []
    current: Any = None
    for row in rows:
        number = row[invoice]
        if number == current or (group and (number is None or not str(number).strip())):
            group.append(row)
            continue
        if group:
            yield group
        group, current = [row], number
    if group:
        yield group


def whole_orders(
    rows: Iterator[Picked],
    *,
    invoice: int,
    date: int,
    order: Callable[[list[Picked]], Order],
) -> Iterator[Order]:
    """Yield `order(its rows)` for each order; one with an unreadable number is yielded by that cell alone.

    Its lines then hold the cell as their price, so that the rules of a line put them aside as unreadable and show it.
    """
    for group in grouped(rows, invoice):
        yield one_order(group, invoice=invoice, date=date, order=order)


def one_order(group: list[Picked], *, invoice: int, date: int, order: Callable[[list[Picked]], Order]) -> Order:
    """Return the order of these rows, as `whole_orders` does."""
    try:
        return order(group)
    except UnreadableCellError as error:
        return _unreadable(group, invoice, date, error.cell)


def _unreadable(group: list[Picked], invoice: int, date: int, cell: object) -> Order:
    number = group[0][invoice]
    return Order(number, [(number, None, None, 1, row[date], cell, None, None, None) for row in group])


def by_order(
    invoice: int, date: int, make: Callable[[Numbers, list[Picked]], Order]
) -> Callable[[Iterator[Picked], Cells], Iterator[Order]]:
    """Return what a plan's `orders` is where `make` gives the order of its rows."""
    return lambda rows, cells: whole_orders(
        rows, invoice=invoice, date=date, order=partial(make, Numbers(cells.number))
    )

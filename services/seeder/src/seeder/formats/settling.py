"""What a table's data decide about its totals and refunds, in one pass over its rows."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from retention.errors import BadDataError
from retention.lines.documents import NEXT_PART
from retention.lines.rules import Rejection
from seeder.formats.feed import TOTALS, Settings, of_header
from seeder.formats.totals import Evidence, Figures, amount, is_blank, is_total_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seeder.formats.plan import Cells, Picked, Plan
    from seeder.formats.shape import Shape


class _Found(NamedTuple):
    totals: dict[str, Evidence]
    refunds_differ: bool  # within an order: each is its line's
    refunds_are_words: bool


def settled(
    columns: Sequence[str], fields: Mapping[str, int], shape: Shape, rows: Iterator[Picked], cells: Cells
) -> Plan:
    """Return the final plan of a header whose values stand at the positions `fields`.

    `rows` are picked by `shape`, those of one order one after the other. Raises BadDataError where the only money is
    the total of orders of several rows.
    """
    found = _weigh(fields, shape, rows, cells)
    if found.refunds_are_words:
        fields = {name: at for name, at in fields.items() if name != "Refund"}
    decide = _with_price if "UnitPrice" in fields else _without_price
    meant, notes = decide(columns, fields, found.totals)
    said = tuple(fields[name] for name in found.totals if any(f"'{columns[fields[name]]}'" in note for note in notes))
    if "LineTotal" in meant and "LineDiscount" in fields:
        said = (*said, fields["LineDiscount"])  # within the total
    settings = Settings(refund_is_the_orders=not found.refunds_differ, notes=tuple(notes), said=said)
    return of_header(columns, meant, settings)


def _weigh(fields: Mapping[str, int], shape: Shape, rows: Iterator[Picked], cells: Cells) -> _Found:
    evidence = {name: Evidence() for name in TOTALS if name in fields}
    pick = shape.picker(("InvoiceNo", "Refund", "Quantity", "UnitPrice", "LineDiscount", *evidence))
    values = (pick(row) for row in rows if not isinstance(row, Rejection) and row is not NEXT_PART)
    differ = words = False
    for _, order in groupby(
        (row for row in values if not (is_blank(row[0]) or is_total_word(row[0]))), key=lambda row: row[0]
    ):
        cells_of = [row[1:] for row in order]
        numbers = [[amount(cell, cells.number) for cell in row] for row in cells_of]
        words = words or any(
            row[0] is None and not is_blank(raw[0]) for row, raw in zip(numbers, cells_of, strict=True)
        )
        differ = differ or len({row[0] or 0.0 for row in numbers}) > 1
        for at, weighed in enumerate(evidence.values(), 4):
            weighed.add([Figures(row[1], row[2], row[at], row[3]) for row in numbers])
    return _Found(evidence, differ, words)


_Decided: TypeAlias = "tuple[dict[str, int], list[str]]"  # where each value stands, and what is said about it


def _with_price(columns: Sequence[str], fields: Mapping[str, int], found: Mapping[str, Evidence]) -> _Decided:
    """Return what each value is read from, where a column holds prices."""
    meant = {name: at for name, at in fields.items() if name not in found and name != "LineDiscount"}
    notes: list[str] = []
    for name, evidence in found.items():
        at, kind = fields[name], _kind(name, evidence)
        shown, price = f"'{columns[at]}'", f"'{columns[fields['UnitPrice']]}'"
        if kind == "price" and "LineTotal" not in meant:
            meant["LineTotal"] = meant.pop("UnitPrice")
            notes.append(f"{price} is the total of a line: it equals {shown} where the quantity is above 1")
        elif kind == "line" and evidence.exact == evidence.rows:
            notes.append(f"{shown} is quantity × price on every row")
        elif kind == "line" and "LineTotal" not in meant:
            meant["LineTotal"] = at
            notes.append(f"{shown} is the total of a line")
        elif kind == "order" and "OrderTotal" not in meant:
            meant["OrderTotal"] = at
            notes.append(f"{shown} is the total of an order")
    return meant, notes


def _kind(name: str, evidence: Evidence) -> str | None:
    """Return what a column holds; the name decides where the data leave it open."""
    kind = evidence.kind()
    open_to_both = kind == "line" and not evidence.several
    if name == "OrderTotal" and evidence.steady == evidence.orders and (open_to_both or kind is None):
        return "order"
    if name == "LineTotal" and kind is None and not (evidence.several and evidence.repeated == evidence.several):
        return "line"
    return kind


def _without_price(columns: Sequence[str], fields: Mapping[str, int], found: Mapping[str, Evidence]) -> _Decided:
    """Return what each value is read from, where a total is the only money."""
    meant = {name: at for name, at in fields.items() if name not in found and name != "LineDiscount"}
    name = next(iter(found))
    evidence, shown = found[name], f"'{columns[fields[name]]}'"
    if evidence.repeated and evidence.repeated == evidence.several:
        raise BadDataError(
            f"{shown} is the total of a whole order, repeated on its rows, and no column holds the price of a line: "
            "export the price too, or name it with --map FILE.yaml"
        )
    meant["LineTotal"] = fields[name]
    if name != "LineTotal" and not evidence.several:
        meant["OrderTotal"] = fields[name]
        return meant, [f"{shown} is the total of an order, of one row each"]
    if name != "OrderTotal" and "OrderTotal" in fields:
        meant["OrderTotal"] = fields["OrderTotal"]
    return meant, [f"{shown} is the total of a line: the unit price is derived from it"]

"""Small exports, read by a plan: what a load would make of them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, NamedTuple

from retention.lines.rules import Rejection
from seeder.formats.plan import Cells, Order
from seeder.formats.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seeder.formats.plan import Line, Plan

EIGHT = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
SHOP = """3101,LIN-BLU,Linen Towel,2,2025-03-01 18:22:10,14.0,17,GB
3101,SOAP-1,Soap Bar,1,2025-03-01 18:22:10,14.0,17,GB
3102,OAK,Oak Table,1,2025-03-02 00:05:44,1240.5,23,DE
3103,SOAP-1,Soap Bar,3,2025-03-15 11:40:00,14.0,17,GB
3104,LIN-BLU,Linen Towel,1,2025-04-20 09:00:00,14.0,42,FR
3104,CUP,Cup,4,2025-04-20 09:00:00,3.25,42,FR
3105,CUP,Cup,2,2025-05-13 14:00:00,3.25,57,GB
3106,SOAP-1,Soap Bar,10,2025-06-30 21:30:00,12.6,23,DE
3107,OAK,Oak Table,1,2025-06-30 23:50:00,1240.5,42,FR"""
RIGHT = {"17": (2, 84.0), "23": (2, 1366.5), "42": (2, 1267.5), "57": (1, 6.5)}


class Read(NamedTuple):
    """A table as its plan reads it."""

    plan: Plan
    lines: list[Line]
    orders: list[Order]
    rejections: list[Rejection]

    def figures(self) -> dict[str, tuple[int, float]]:
        """Return the orders and the gross money of each person."""
        standing = [order for order in self.orders if order.state is None]
        lines = self.lines or [line for order in standing for line in order.lines]
        return {
            str(person): (len({line[0] for line in of}), round(sum(map(value, of)), 2))
            for person in sorted({line[6] for line in lines}, key=str)
            if (of := [line for line in lines if line[6] == person and value(line) > 0])
        }


def read(text: str, plan: Plan | None = None) -> Read:
    """Return what a CSV text becomes, by its own plan or the one given."""
    columns, *rows = csv.reader(io.StringIO(text))
    plan = plan or recognise(columns)
    cells = Cells(number, None)
    if plan.settle:
        plan = plan.settle(_picked(rows, plan), cells)
    make = plan.orders or plan.lines
    assert make
    made: list[Any] = list(make(_picked(rows, plan), cells))
    orders = [one for one in made if isinstance(one, Order)]
    rejections = [one for one in made if isinstance(one, Rejection)]
    lines = [one for one in made if not isinstance(one, Order | Rejection)]
    return Read(plan, lines, orders, rejections)


def value(line: Line) -> float:
    """Return the money of a line."""
    if len(line) > 8 and line[8] is not None:
        return float(line[8])
    return (number(line[3]) or 0.0) * (number(line[5]) or 0.0)


def number(cell: Any) -> float | None:
    """Return the number in a cell that has a decimal point, and a thousands comma at the most."""
    text = "" if cell is None else str(cell).replace(",", "").strip()
    return float(text) if text else None


def shop(header: str = EIGHT, *more: str) -> str:
    """Return the shop's nine rows under a header, with a further cell each."""
    rows = SHOP.splitlines()
    texts = [f"{row},{cell}" for row, cell in zip(rows, more, strict=True)] if more else rows
    return "\n".join((header, *texts))


def _picked(rows: list[list[str]], plan: Plan) -> Iterator[tuple[str, ...]]:
    return (tuple(row[at] for at in plan.positions) for row in rows)

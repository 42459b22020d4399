"""An export as a table of text, and what people and spreadsheets do to it without changing what it says."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True)
class Export:
    columns: list[str]
    rows: list[list[str]]
    invoice: str  # the column of order numbers
    money: tuple[str, ...]  # columns of money and quantities
    core: tuple[str, ...]  # columns that the format cannot do without

    def column(self, name: str) -> int:
        return self.columns.index(name)

    def text(self, delimiter: str = ",") -> str:
        """The table as CSV."""
        written = io.StringIO()
        csv.writer(written, delimiter=delimiter, lineterminator="\r\n").writerows([self.columns, *self.rows])
        return written.getvalue()

    def encoded(
        self, encoding: str = "utf-8-sig", delimiter: str = ",", *, sep: bool = False, title: str = ""
    ) -> bytes:
        """The file as Excel may save it: with a BOM, `sep=;`, a title row, in cp1252 or UTF-16."""
        above = (f"{title}\r\n\r\n" if title else "") + (f"sep={delimiter}\r\n" if sep else "")
        return (above + self.text(delimiter)).encode(encoding)

    def shuffled_columns(self, rng: random.Random) -> Export:
        """The same table with its columns in another order."""
        order = rng.sample(range(len(self.columns)), len(self.columns))
        return self._picked(order)

    def without(self, *names: str) -> Export:
        """The same table without some columns."""
        return self._picked([index for index, name in enumerate(self.columns) if name not in names])

    def with_column(self, name: str, value: str) -> Export:
        """The same table with one more column."""
        return replace(self, columns=[name, *self.columns], rows=[[value, *row] for row in self.rows])

    def restyled_headers(self, rng: random.Random) -> Export:
        """The same header in other cases, with blanks around and `_` for blanks."""
        styles = (str.upper, str.lower, str.title, lambda name: f" {name} ", lambda name: name.replace(" ", "_"))
        return replace(self, columns=[rng.choice(styles)(name) for name in self.columns])

    def shuffled_orders(self, rng: random.Random) -> Export:
        """The same orders in another sequence; the rows of each stay together and in theirs."""
        groups = self.groups()
        return replace(self, rows=[row for group in rng.sample(groups, len(groups)) for row in group])

    def shuffled_rows(self, rng: random.Random) -> Export:
        """The rows in any order, as sorting a sheet leaves them; for exports that name the order on every row."""
        return replace(self, rows=rng.sample(self.rows, len(self.rows)))

    def decimal_comma(self) -> Export:
        """The same table saved by a spreadsheet that writes 1.240,50."""
        at = {self.column(name) for name in self.money if name in self.columns}
        swap = str.maketrans(",.", ".,")
        return replace(
            self,
            rows=[
                [cell.translate(swap) if index in at else cell for index, cell in enumerate(row)] for row in self.rows
            ],
        )

    def mixed_decimals(self, rng: random.Random) -> Export:
        """The same table with some of its amounts written `1240,50`."""
        at = {self.column(name) for name in self.money if name in self.columns}
        return replace(self, rows=[
            [cell.replace(".", ",") if index in at and rng.random() < 1 / 3 else cell for index, cell in enumerate(row)]
            for row in self.rows
        ])  # fmt: skip

    def groups(self) -> list[list[list[str]]]:
        """The rows of each order, in the file's order; a blank order number continues the order before."""
        groups: dict[str, list[list[str]]] = {}
        number, at = "", self.column(self.invoice)
        for row in self.rows:
            number = row[at] or number
            groups.setdefault(number, []).append(row)
        return list(groups.values())

    def cut(self, orders: int) -> tuple[Export, Export]:
        """Two exports: the first so many orders, and the others."""
        groups = self.groups()
        halves = (groups[:orders], groups[orders:])
        first, second = (replace(self, rows=[row for group in half for row in group]) for half in halves)
        return first, second

    def joined(self, other: Export) -> Export:
        """Two exports pasted into one file."""
        return replace(self, rows=[*self.rows, *other.rows])

    def _picked(self, order: Sequence[int]) -> Export:
        columns = [self.columns[index] for index in order]
        return replace(self, columns=columns, rows=[[row[index] for index in order] for row in self.rows])


def money(cents: int) -> str:
    """Cents as exports write them: `14.00`."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def dollars(cents: int) -> str:
    """Cents as Square writes them: `-$1,240.50`."""
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def table(
    columns: Sequence[str], rows: Sequence[dict[str, str]], invoice: str, numbers: Sequence[str], core: Sequence[str]
) -> Export:
    """An export of named cells; those that a row does not name are blank."""
    cells = [[row.get(name, "") for name in columns] for row in rows]
    return Export(list(columns), cells, invoice, tuple(numbers), tuple(core))


def iso(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}"

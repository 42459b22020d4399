"""June's export of an invented shop, and July's: most of June's orders come again in it, many of them changed."""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

HEADER: Final = (
    "Name", "Email", "Financial Status", "Currency", "Subtotal", "Total", "Created at", "Lineitem quantity",
    "Lineitem name", "Lineitem price", "Lineitem sku",
)  # fmt: skip
PEOPLE: Final = 400
MAX_ITEMS: Final = 4  # of an order, and one more where it has grown
NEW_SHARE: Final = 4  # one order of July for so many of June


class Placed(NamedTuple):
    """One order, as an export states it."""

    name: str
    person: int
    at: str
    prices: tuple[int, ...]  # of one piece each
    state: str = "paid"

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Return its rows: what holds for the whole order stands on the first."""
        total = f"{sum(self.prices)}.00"
        first = (f"person{self.person}@shop.example", self.state, "GBP", total, total)
        for n, price in enumerate(self.prices):
            order = first if n == 0 else ("",) * len(first)
            yield (self.name, *order, self.at if n == 0 else "", 1, f"Thing {n}", f"{price}.00", f"T-{n}")


def write_exports(folder: Path, rows: int, seed: int) -> tuple[Path, Path, int]:
    """Write both, July's of about so many rows; return their paths and how many rows July's has."""
    randomly = random.Random(seed)  # noqa: S311 - an invented shop
    orders = int(rows / (MAX_ITEMS + 1) * 2 * NEW_SHARE / (NEW_SHARE + 1))
    june = [_placed(f"#{number}", 6, randomly) for number in range(1, orders)]
    july = [_changed(placed, number) for number, placed in enumerate(june)]
    july += [_placed(f"#{number}", 7, randomly) for number in range(orders, orders + orders // NEW_SHARE)]
    files = folder / "june.csv", folder / "july.csv"
    _write(files[0], june)
    return *files, _write(files[1], july)


def _placed(name: str, month: int, randomly: random.Random) -> Placed:
    at = f"2025-{month:02}-{randomly.randint(1, 28):02} {randomly.randrange(24):02}:15:00 +0000"
    prices = tuple(randomly.randint(1, 90) for _ in range(randomly.randint(1, MAX_ITEMS)))
    return Placed(name, randomly.randrange(PEOPLE), at, prices)


def _changed(placed: Placed, number: int) -> Placed:
    """Return the order as it comes again: two of eight are the same."""
    changes: tuple[dict[str, Any], ...] = (
        {},
        {"prices": (placed.prices[0] + 1, *placed.prices[1:])},
        {"person": placed.person + 1},
        {"prices": placed.prices[: max(1, len(placed.prices) - 1)]},
        {},
        {"prices": (*placed.prices, 7)},
        {"at": placed.at.replace("15:00", "45:00")},
        {"state": "voided"},
    )
    return placed._replace(**changes[number % len(changes)])


def _write(file: Path, orders: Sequence[Placed]) -> int:
    rows = [row for placed in orders for row in placed.rows()]
    rows.append(("#unreadable", *rows[0][1:7], "many", *rows[0][8:]))
    with file.open("w", newline="", encoding="utf-8") as text:
        csv.writer(text).writerows([HEADER, *rows])
    return len(rows)

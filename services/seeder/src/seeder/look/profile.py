"""What a file holds, as sums: days, states, currencies, people, prices and rows put aside. Bounded, and no names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seeder.look.people import NOBODY, How, Person
from seeder.look.samples import Distinct, Numbers

if TYPE_CHECKING:
    from datetime import date

MAX_WORDS: Final = 50  # distinct states, currencies and reasons; a free-text column is no list of states
MAX_EXAMPLES: Final = 3
OTHERS: Final = "others"


@dataclass(slots=True)
class Day:
    """The sums of one day of the shop: at most 13,500 days lie between 1990 and now."""

    lines: int = 0
    orders: int = 0
    gross: float = 0.0  # what was bought, in the shop's currency
    returned: float = 0.0  # what came back, as a positive amount
    stated: float = 0.0  # what the file says its orders cost

    def add(self, other: Day) -> None:
        """Add the sums of another day."""
        self.lines += other.lines
        self.orders += other.orders
        self.gross += other.gross
        self.returned += other.returned
        self.stated += other.stated


class Invoice(NamedTuple):
    """What is known of one invoice number."""

    who: Person
    negative: bool  # has a line with a negative quantity


class Example(NamedTuple):
    """One row that was put aside."""

    reason: str
    row: int  # the first row is 1
    text: str


@dataclass
class Profile:
    """The sums of one file. `rows` are understood or put aside; amounts are in the shop's currency."""

    rows: int = 0
    put_aside: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    days: dict[date, Day] = field(default_factory=dict)
    states: Counter[str] = field(default_factory=Counter)  # of orders that do not stand
    other_currencies: Counter[str] = field(default_factory=Counter)  # orders or lines, by code
    invoices: Distinct[Invoice] = field(default_factory=Distinct)
    people: Distinct[How] = field(default_factory=Distinct)
    prices: Numbers = field(default_factory=Numbers)  # of what was bought
    cancelled_letter: str = ""  # decided from the whole file
    again: int = 0  # orders that come again with other lines
    again_examples: list[str] = field(default_factory=list)

    def day(self, day: date) -> Day:
        """Return the sums of a day, to be added to."""
        sums = self.days.get(day)
        if sums is None:
            sums = self.days[day] = Day()
        return sums

    def sold(self, day: date, sums: Day) -> None:
        """Add sums of one day."""
        self.day(day).add(sums)

    def invoice(self, number: str, who: Person = NOBODY, *, negative: bool = False) -> None:
        """Note an invoice number; it may be noted again."""
        before = self.invoices.kept.get(number)
        if before:
            who, negative = who if who.text else before.who, negative or before.negative
        self.invoices.add(number, Invoice(who, negative))

    def person(self, who: Person) -> None:
        """Note a person; they may be noted again."""
        if who.text:
            self.people.add(who.text, who.how)

    def line(
        self, day: date, value: float, who: Person, invoice: str, *, is_return: bool, price: float, first: bool
    ) -> None:
        """Add one line worth `value`; `first` says that no line of its order came before."""
        self.rows += 1
        size = abs(value)
        self.sold(day, Day(1, int(first and not is_return), 0.0 if is_return else size, size if is_return else 0.0))
        self.invoice(invoice, who, negative=is_return)
        self.person(who)
        if price > 0 and not is_return:
            self.prices.add(self.prices.due([price]))

    def rejected(self, reason: str, row: int, text: str, rows: int = 1) -> None:
        """Count rows that are put aside, and keep the first ones to be shown."""
        self.rows += rows
        _count(self.put_aside, reason, rows)
        if len(self.examples) < MAX_EXAMPLES and reason not in {example.reason for example in self.examples}:
            self.examples.append(Example(reason, row, text))

    def state(self, word: str) -> None:
        """Count an order that does not stand."""
        _count(self.states, word, 1)

    def other_currency(self, code: str) -> None:
        """Count an order or a line in a currency that is not the shop's."""
        _count(self.other_currencies, code, 1)

    def came_again(self, example: str) -> None:
        """Count an order that is there already with other lines; `example` says which, and what differs."""
        self.again += 1
        if len(self.again_examples) < MAX_EXAMPLES:
            self.again_examples.append(example)

    def forget_samples(self) -> None:
        """Free 15 MB once everything is judged: the invoices and the people."""
        self.invoices, self.people = Distinct(), Distinct()

    @property
    def orders(self) -> int:
        """Orders that stand, by the sums of their days."""
        return sum(day.orders for day in self.days.values())

    @property
    def lines(self) -> int:
        """Lines understood."""
        return sum(day.lines for day in self.days.values())

    def to_document(self) -> dict[str, Any]:
        """Return what is kept in `loads`: sums alone, no name, invoice or cell."""
        days = sorted(self.days)
        return {
            "rows": self.rows,
            "lines": self.lines,
            "orders": self.orders,
            "put_aside": dict(sorted(self.put_aside.items())),
            "states": dict(sorted(self.states.items())),
            "other_currencies": dict(sorted(self.other_currencies.items())),
            "first_day": days[0].isoformat() if days else None,
            "last_day": days[-1].isoformat() if days else None,
            "months": {
                f"{month:%Y-%m}": [round(sums.gross, 2), round(sums.returned, 2)] for month, sums in by_month(self.days)
            },
            "people": dict(sorted(Counter(self.people.kept.values()).items())),
            "median_price": self.prices.median(),
            "came_again": self.again,
        }


def by_month(days: dict[date, Day]) -> list[tuple[date, Day]]:
    """Return the sums of each month from the first to the last, also of one without a sale, by its first day."""
    if not days:
        return []
    months: dict[date, Day] = {}
    at, last = min(days).replace(day=1), max(days).replace(day=1)
    while at <= last:
        months[at] = Day()
        at = next_month(at)
    for day, sums in days.items():
        months[day.replace(day=1)].add(sums)
    return list(months.items())


def next_month(first: date) -> date:
    """Return the first day of the month after the one that begins with `first`."""
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def letter_of(invoice: str) -> str:
    """Return the single letter before the digits of an invoice number, in upper case; empty for any other form."""
    return invoice[0].upper() if invoice[:1].isalpha() and invoice[1:2].isdigit() else ""


def _count(counter: Counter[str], word: str, by: int) -> None:
    counter[word if word in counter or len(counter) < MAX_WORDS else OTHERS] += by

"""How a file is written, found from its whole columns: dates, numbers, currency, zone, ids, cancellations."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.errors import BadDataError
from retention.lines import numbers, zones
from retention.lines.cancellations import CancellationEvidence, Found
from retention.lines.cells import clean
from retention.lines.dates import DateEvidence, DateFormat
from retention.lines.numbers import NumberEvidence, NumberFormat
from seeder.look.line_feed import LineFeed
from seeder.look.profile import Profile
from seeder.people import is_nobody

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seeder.formats.plan import Plan
    from seeder.sources.table import Batch, Table

# Values that every convention reads in one way: `12`, `-3`, `2.55`; not `1.240`.
_PLAIN_NUMBERS: Final = re.compile(r"(?:-?\d+(?:\.(?:\d\d?|\d{4,}))?(?: |$))*", re.ASCII)
_DIGITS: Final = re.compile(r"[\d ]*", re.ASCII)
_LEADING_ZERO: Final = re.compile(r"0(?<![^ \"']0)\d", re.ASCII)  # begins with what is searched for: 5 times faster
_MAX_PLAIN: Final = 5_000  # numbers of a column that are known to be plain: 0.6 MB
_POINT: Final = NumberFormat()  # of nearly all files, found or not: sums are taken in it while it is being found out
_BLANK: Final = ("", None)
_MAX_ORDERS: Final = 300_000  # changes from one order to the next that are compared, 20 MB
_MAX_WORDS: Final = 200  # currencies, zones and states; a column with more is none of these


class Choices(NamedTuple):
    """What the command line decides about a file."""

    dates: str | None = None
    decimal: str | None = None


class Conventions(NamedTuple):
    """How one table is written."""

    row_count: int
    unreadable: int  # of them, rows that are no records
    dates: DateFormat
    numbers: dict[int, NumberFormat]  # by position in the table
    signs: frozenset[str]  # currency signs at amounts
    currencies: Counter[str]  # rows by currency code, in upper case
    zone: str | None  # of the file's offsets or zone names: an IANA name
    cancellations: Found
    leading_zeros: bool  # an id of a person begins with one
    scattered: bool  # rows of one order do not follow each other
    unknown_states: Counter[str]  # words that are not known as states, whose orders count
    feed: LineFeed | None  # sums of a line feed whose numbers are plain, not settled yet
    profile: Profile

    def one_format(self) -> NumberFormat:
        """Return the format of all numbers; BadDataError when columns are written in different ways."""
        marks = {found.decimal for found in self.numbers.values()}
        if len(marks) > 1:
            raise BadDataError("some columns have decimal points and others decimal commas: save the file in one way")
        either = any(found.either for found in self.numbers.values())
        return NumberFormat(marks.pop() if marks else ".", either=either)


def find(table: Table, plan: Plan, choices: Choices) -> Conventions:
    """Read the table once and decide how it is written.

    Raises BadDataError for dates or numbers that could be read in two ways, unless `choices` decides.
    """
    evidence = _Evidence(plan)

    def start() -> Any:  # noqa: ANN401 - a bound method
        nonlocal evidence
        evidence = _Evidence(plan)
        return evidence.add

    row_count = table.scan(plan.positions, start)
    if evidence.needs_pairs:  # rare: invoices have letters whose lines' signs decide nothing
        table.scan(plan.positions, lambda: evidence.add_pairs)
    return evidence.decide(row_count, table.columns, choices)


class _Evidence:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._dates = DateEvidence()
        self._numbers = {index: NumberEvidence() for index in plan.numbers}
        self._plain: dict[int, set[Any]] = {index: set() for index in plan.numbers}  # that need no second look
        self._currencies: Counter[str] = Counter()
        self._zones: Counter[str] = Counter()
        self._states: Counter[str] = Counter()
        self._cancellations = CancellationEvidence()
        self._leading_zeros = False
        self._last_order: object = None
        self._orders = array("q")  # hashes, 8 bytes each: whether an order comes again further down
        self._rows = 0
        self.profile = Profile()
        self.feed = None if not plan.is_identity else LineFeed(
            self.profile, quantity=_POINT.parse, price=_POINT.parse, is_nobody=is_nobody
        )  # fmt: skip

    def add(self, batch: Batch) -> None:
        """Take the picked rows of one batch, about 100, or none."""
        if not batch:
            return
        columns = list(zip(*batch, strict=True))
        for index in self._plan.dates:
            self._dates.add(columns[index])
        for index in self._numbers:
            self._add_numbers(index, columns[index])
        self._add_people(columns)
        self._add_invoices(columns)
        self._add_words(columns)
        if self.feed:
            invoices, _, _, quantities, dates, prices, people, _ = columns
            self.feed.batch(self._rows + 1, invoices, dates, quantities, prices, people)
        self._rows += len(batch)

    def _add_numbers(self, index: int, column: Sequence[Any]) -> None:
        known = self._plain[index]
        new = set(column).difference(known, _BLANK)
        texts = [cell for cell in new if isinstance(cell, str)]
        if not _PLAIN_NUMBERS.fullmatch(_joined(texts)):
            self._numbers[index].add(texts)
        elif new:
            self._numbers[index].add([next((text for text in texts if "." in text), next(iter(texts), None))])
            if len(known) > _MAX_PLAIN:
                known.clear()
            known |= new

    def _add_people(self, columns: Sequence[Sequence[Any]]) -> None:
        if self._plan.person is not None and not self._leading_zeros:
            self._leading_zeros = _LEADING_ZERO.search(_joined(columns[self._plan.person])) is not None

    def _add_invoices(self, columns: Sequence[Sequence[Any]]) -> None:
        invoices = columns[self._plan.invoice]
        if len(self._orders) < _MAX_ORDERS:
            self._orders.extend(self._changes(invoices))
        if self._plan.whole_orders or self._plan.quantity is None:
            return
        quantities = columns[self._plan.quantity]
        if _DIGITS.fullmatch(_joined(invoices)):
            self._cancellations.add_others(len(invoices), _joined(quantities).count("-"))
        else:
            negative = set(filter(_is_negative, set(quantities)))
            lines = Counter(zip(invoices, map(negative.__contains__, quantities), strict=True))
            for (invoice, is_negative), count in lines.items():
                self._cancellations.add(invoice, is_negative, None, count)

    def _changes(self, invoices: Iterable[Any]) -> Iterable[int]:
        for invoice, _ in groupby(invoices):
            if invoice not in {self._last_order, "", None}:
                self._last_order = invoice
                yield hash(invoice)

    def _add_words(self, columns: Sequence[Sequence[Any]]) -> None:
        plan = self._plan
        if plan.currency is not None and len(self._currencies) < _MAX_WORDS:
            for cell, rows in Counter(columns[plan.currency]).items():
                if code := _code(cell):
                    self._currencies[code] += rows
        if plan.zone_column is not None and len(self._zones) < _MAX_WORDS:
            self._zones.update(map(str, columns[plan.zone_column]))
        if plan.knows_state and len(self._states) < _MAX_WORDS:
            for index in plan.states:
                self._states.update(str(word) for word in columns[index] if word and not plan.knows_state(word))

    @property
    def needs_pairs(self) -> bool:
        """Whether customers have to say whether a letter marks cancellations."""
        found = self._cancellations.found()
        return found.prefix is None and found.lines > 0

    def add_pairs(self, batch: Batch) -> None:
        """Take a batch again, for the customers who have an invoice both with its letter and without."""
        if not batch or self._plan.person is None or self._plan.quantity is None:
            return
        columns = list(zip(*batch, strict=True))
        people = columns[self._plan.person]
        for invoice, person in dict(zip(columns[self._plan.invoice], people, strict=True)).items():
            self._cancellations.add(invoice, False, person, 0)  # noqa: FBT003 - no line: they are counted

    def decide(self, row_count: int, columns: Sequence[str], choices: Choices) -> Conventions:
        """Return how the table is written; `columns` is its header, for messages."""
        dates = self._dates.format(choices.dates or self._plan.date_order)
        positions = {
            columns[at] or f"column {at + 1}": at for at in map(self._plan.positions.__getitem__, self._numbers)
        }
        evidence = {name: self._numbers[self._plan.positions.index(at)] for name, at in positions.items()}
        choice = choices.decimal or self._plan.decimal
        one_currency = self._plan.currency is None
        decided = numbers.decide(evidence, choice, one_currency=one_currency)
        plain = all(found == _POINT for found in decided.values())  # as the feed has read them
        return Conventions(
            row_count,
            row_count - self._rows,
            dates,
            {at: decided[name] for name, at in positions.items()},
            frozenset(sign for each in evidence.values() for sign in each.signs),
            self._currencies,
            self._zone(dates),
            self._cancellations.found(),
            self._leading_zeros,
            self._is_scattered(),
            self._states,
            self.feed if self.feed and self.feed.complete and plain else None,
            self.profile,
        )

    def _is_scattered(self) -> bool:
        """Return whether an order comes again further down; so many orders are taken for scattered."""
        return len(self._orders) >= _MAX_ORDERS or len(set(self._orders)) < len(self._orders)

    def _zone(self, dates: DateFormat) -> str | None:
        named = next((zone for name, _ in self._zones.most_common() if (zone := zones.zone_named(name))), None)
        return named.key if named else zones.zone_of_offsets(self._dates.offsets(dates))


def _joined(column: Sequence[Any]) -> str:
    try:
        return " ".join(column)
    except TypeError:  # typed values
        return " ".join("" if cell is None else str(cell) for cell in column)


def _is_negative(quantity: object) -> bool:
    return "-" in str(quantity) or "(" in str(quantity)


def _code(cell: object) -> str:
    return clean(str(cell)).upper() if cell is not None else ""

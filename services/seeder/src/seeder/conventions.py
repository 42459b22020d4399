"""How a file is written, found from its whole columns in one pass: dates, numbers, currency, zone, ids, cancellations."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.lines import numbers, zones
from retention.lines.cancellations import CancellationEvidence, Cancellations
from retention.lines.cells import clean
from retention.lines.dates import DateEvidence, DateFormat
from retention.lines.numbers import NumberEvidence, NumberFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seeder.formats.plan import Plan
    from seeder.sources.table import Batch, Table

# Values that every convention reads in one way: `12`, `-3`, `2.55`; not `1.240`. Checked 100 at a time, 15 ns each.
_PLAIN_NUMBERS: Final = re.compile(r"(?:-?\d+(?:\.(?:\d\d?|\d{4,}))?(?: |$))*", re.ASCII)
_DIGITS: Final = re.compile(r"[\d ]*", re.ASCII)
_LEADING_ZERO: Final = re.compile(r"(?:^|[ \"'])0\d", re.ASCII)
_MAX_CURRENCIES: Final = 200  # there are 180


class Conventions(NamedTuple):
    """How one table is written."""

    row_count: int
    dates: DateFormat
    numbers: dict[int, NumberFormat]  # by index into a picked row
    currencies: Counter[str]  # rows by currency code, as the file writes it in upper case
    zone: str | None  # of the file's offsets or zone names: an IANA name
    cancellations: Cancellations
    leading_zeros: bool  # an id of a person begins with one
    scattered: bool  # rows of one order do not follow each other


class Choices(NamedTuple):
    """What the command line decides about a file."""

    dates: str | None = None
    decimal: str | None = None
    by_order: bool = False  # the lines of a line feed are compared order by order


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
    return evidence.decide(row_count, table.columns, choices)


class _Evidence:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._dates = DateEvidence()
        self._numbers = {index: NumberEvidence() for index in plan.numbers}
        self._currencies: Counter[str] = Counter()
        self._zones: Counter[str] = Counter()
        self._cancellations = CancellationEvidence()
        self._leading_zeros = False
        self._last_order: object = None
        self._orders = array("q")  # hashes, 8 bytes each: whether an order comes again further down

    def add(self, batch: Batch) -> None:
        """Take the picked rows of one batch, about 100."""
        columns = list(zip(*batch, strict=True))
        for index in self._plan.dates:
            self._dates.add(columns[index])
        for index, evidence in self._numbers.items():
            _add_numbers(evidence, columns[index])
        self._add_people(columns)
        self._add_invoices(columns)
        if self._plan.currency is not None and len(self._currencies) < _MAX_CURRENCIES:
            self._currencies.update(filter(None, map(_code, columns[self._plan.currency])))
        if self._plan.zone_column is not None:
            self._zones.update(map(str, columns[self._plan.zone_column]))

    def _add_people(self, columns: Sequence[Sequence[Any]]) -> None:
        if self._plan.person is not None and not self._leading_zeros:
            people = columns[self._plan.person]
            self._leading_zeros = _LEADING_ZERO.search(_joined(people)) is not None

    def _add_invoices(self, columns: Sequence[Sequence[Any]]) -> None:
        invoices = columns[self._plan.invoice]
        if self._plan.whole_orders:
            self._orders.extend(self._changes(invoices))
        elif self._plan.numbers:
            quantities = columns[self._plan.numbers[0]]
            if _DIGITS.fullmatch(_joined(invoices)):
                self._cancellations.add_plain(len(invoices), _joined(quantities).count("-"), set(invoices))
            else:
                people = columns[self._plan.person] if self._plan.person is not None else invoices
                for invoice, quantity, person in zip(invoices, quantities, people, strict=True):
                    self._cancellations.add(clean(str(invoice)), "-" in str(quantity), str(person))

    def _changes(self, invoices: Iterable[Any]) -> Iterable[int]:
        for invoice, _ in groupby(invoices):
            if invoice not in {self._last_order, "", None}:
                self._last_order = invoice
                yield hash(invoice)

    def decide(self, row_count: int, columns: Sequence[str], choices: Choices) -> Conventions:
        """Return how the table is written; `columns` is its header, for messages."""
        dates = DateFormat(choices.dates) if choices.dates else self._dates.format()
        names = {f"{columns[self._plan.positions[index]]}": index for index in self._numbers}
        decided = numbers.decide({name: self._numbers[index] for name, index in names.items()}, choices.decimal)
        scattered = len(set(self._orders)) < len(self._orders)
        return Conventions(
            row_count,
            dates,
            {index: decided[name] for name, index in names.items()},
            self._currencies,
            self._zone(),
            self._cancellations.decide(),
            self._leading_zeros,
            scattered,
        )

    def _zone(self) -> str | None:
        named = next((zone for name, _ in self._zones.most_common() if (zone := zones.zone_named(name))), None)
        return named.key if named else zones.zone_of_offsets(self._dates.offsets())


def _add_numbers(evidence: NumberEvidence, column: Sequence[Any]) -> None:
    joined = _joined(column)
    if _PLAIN_NUMBERS.fullmatch(joined):
        evidence.add([next((text for text in column if "." in text), column[0])])
    else:
        evidence.add(column)


def _joined(column: Sequence[Any]) -> str:
    try:
        return " ".join(column)
    except TypeError:  # typed values
        return " ".join(map(str, column))


def _code(cell: object) -> str:
    return clean(str(cell)).upper() if cell is not None else ""

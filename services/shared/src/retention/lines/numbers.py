"""What the numbers of a file's columns say about how they are written, and the decision for each column."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from retention.errors import BadDataError
from retention.lines.amounts import taken_apart
from retention.lines.dates import MINORITY
from retention.lines.number_format import PLAIN, NumberFormat, ambiguous, read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from retention.lines.amounts import Amount

__all__ = ["PLAIN", "NumberEvidence", "NumberFormat", "decide"]

_MARKS: Final = (".", ",")


class NumberEvidence:
    """Collects the numbers of one column: how many distinct texts need a decimal point, a comma, or may have either."""

    MAX_TEXTS: Final = 20_000  # about 2 MB; then they are counted, and the same text may count again

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._decided: Counter[str] = Counter()  # distinct texts that one decimal mark alone can read, by mark
        self._open: Counter[str] = Counter()  # those that both marks read as different numbers, by their separator
        self._signs: Counter[tuple[str, bool]] = Counter()  # currency sign, and whether it stands after the number
        self._examples: dict[str, str] = {}  # a text for each mark, "open" and each currency

    def add(self, values: Iterable[object]) -> None:
        """Add the cells of this column, about a thousand at a time. Numbers say nothing: they are not written."""
        self._texts.update(value for value in values if isinstance(value, str))
        if len(self._texts) > self.MAX_TEXTS:
            self._count()

    @property
    def signs(self) -> dict[str, int]:
        """The currency signs and codes found, with the number of distinct texts that have them."""
        self._count()
        found: Counter[str] = Counter()
        for (sign, _), count in self._signs.items():
            found[sign] += count
        return dict(found)

    def mark(self, name: str, choice: str | None = None) -> str | None:
        """Return the decimal mark that the column shows, `choice` where it shows both; None when it shows none.

        Raises BadDataError when both are shown, more than one in MINORITY against the others, and there is no choice.
        """
        self._count()
        (most, count), (least, against) = sorted(((mark, self._decided[mark]) for mark in _MARKS), key=lambda p: -p[1])
        if not against:
            return most if count else None
        if choice:
            return choice
        if against * MINORITY > count:
            both = f"{self._examples[most]!r} and {self._examples[least]!r}"
            raise BadDataError(f"{name}: {both} cannot both be read: correct them, or choose with --decimal . or ,")
        return most

    @property
    def marks(self) -> set[str]:
        """The decimal marks that some of the numbers show."""
        self._count()
        return {mark for mark in _MARKS if self._decided[mark]}

    def example(self) -> str | None:
        """Return a text that both decimal marks read as different numbers; None when there is none."""
        self._count()
        return self._examples.get("open")

    def format(self, name: str, mark: str, *, one_currency: bool = True) -> NumberFormat:
        """Return the format with this decimal mark and the currency sign found.

        Raises BadDataError when there are two signs, more than one in MINORITY against the others; without
        `one_currency` every sign is read and none is named.
        """
        signs = Counter(self.signs).most_common()
        if not signs or (len(signs) > 1 and not one_currency):
            return NumberFormat(mark)
        (sign, count), others = signs[0], sum(count for _, count in signs[1:])
        if others * MINORITY > count:
            both = " and ".join(repr(self._examples[sign]) for sign, _ in signs[:2])
            raise BadDataError(f"{name}: {both} are amounts in two currencies: load one currency at a time")
        return NumberFormat(mark, sign, sign_after=self._signs[sign, True] > self._signs[sign, False])

    def _count(self) -> None:
        for text in sorted(self._texts):
            if amount := taken_apart(text):
                self._count_one(text, amount)
        self._texts.clear()

    def _count_one(self, text: str, amount: Amount) -> None:
        if amount.sign:
            self._signs[amount.sign, amount.after] += 1
            self._examples.setdefault(amount.sign, text[:40])
        if separator := ambiguous(amount.digits):
            self._open[separator] += 1
            self._examples.setdefault("open", text[:40])
            return
        readable = [mark for mark in _MARKS if read(amount.digits, mark) is not None]
        if len(readable) == 1:
            self._decided[readable[0]] += 1
            self._examples.setdefault(readable[0], text[:40])


def decide(
    columns: Mapping[str, NumberEvidence], choice: str | None = None, *, one_currency: bool = True
) -> dict[str, NumberFormat]:
    """Return how each column is written. `choice` ("." or ",") settles what a column does not show by itself.

    A column that may be read in two ways takes the mark that the other columns of the file show, if they agree. Raises
    BadDataError, with both readings, when they do not, and for a column in two currencies or in two conventions.
    Without `one_currency`, both are read where each number of the file is clear by itself: amounts are written as
    their buyers write them.
    """
    if not one_currency and choice is None and _are_mixed(columns.values()):
        return {
            name: evidence.format(name, ".", one_currency=False)._replace(either=True)
            for name, evidence in columns.items()
        }
    shown = {name: evidence.mark(name, choice) for name, evidence in columns.items()}
    marks = {mark for mark in shown.values() if mark}
    of_the_file = choice or (marks.pop() if len(marks) == 1 else None)
    formats = {}
    for name, evidence in columns.items():
        mark = shown[name] or of_the_file
        if mark is None and (example := evidence.example()):
            raise BadDataError(_undecided(name, example))
        formats[name] = evidence.format(name, mark or ".", one_currency=one_currency)
    return formats


def _are_mixed(columns: Collection[NumberEvidence]) -> bool:
    """Whether some numbers have a decimal point and others a decimal comma, and each is clear by itself."""
    marks = set[str]().union(*(evidence.marks for evidence in columns))
    return len(marks) == len(_MARKS) and not any(evidence.example() for evidence in columns)


def _undecided(name: str, example: str) -> str:
    point, comma = (_said(NumberFormat(mark).parse(example)) for mark in _MARKS)
    return (
        f"{name}: {example!r} may be {point} or {comma}, and no other number decides: "
        f"choose with --decimal . ({point}) or --decimal , ({comma})"
    )


def _said(number: float | None) -> str:
    return f"{number:.10g}"

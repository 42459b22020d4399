"""Values and rows that are refused, and how their texts are kept: no person can be read from them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from retention.lines.cells import is_shortened, masked, without_emails

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_RAW: Final = 200  # characters kept of each quarantined value
MAX_VALUES: Final = 20  # values kept of a quarantined row

UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")  # NUL, and lone surrogates, which UTF-8 cannot hold
_LOOKED_AT: Final = 1_000  # characters: an e-mail address that begins among those kept ends before
_WHOLE_ROW: Final = "row"
_PERSON: Final = 6  # place of CustomerID among the eight values
_FIELDS: Final = 8


# Reasons of rows that are no lines at all: passed over, and not quarantined.
PASSED_OVER: Final = frozenset({"totals_row", "no_order"})
IN_STATE: Final = (
    "state_"  # begins the reason of a line that does not stand within an order that does: "state_cancelled"
)
# Reasons that stand by themselves: not behind the name of a field.
_ALONE: Final = frozenset({"implausible_date"})


class Rejection(NamedTuple):
    """Why a row is refused: a reason code, the field ("row" for the whole row), and its values as they are kept."""

    reason: str
    field: str
    values: list[str]


class UnreadableError(ValueError):
    """A value that breaks its field's rule: `missing`, `unreadable`, `shortened`, `out_of_range` or `too_long`."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field

    @property
    def code(self) -> str:
        """The reason as it is counted: behind the field's name, unless it says all."""
        return self.reason if self.reason in _ALONE else f"{self.field}_{self.reason}"


def rejection(
    reason: str, field: str, values: Sequence[object], person: Callable[[object], int | None] | None = None
) -> Rejection:
    """Return a Rejection with the raw values, shortened, without a person's text.

    In a row of eight values CustomerID is replaced by the number that `person` reads from it, or masked when it reads
    none; in others e-mail addresses are masked. A whole row that cannot be read is masked altogether: any of its cells
    may hold the person.
    """
    whole = field == _WHOLE_ROW or len(values) != _FIELDS
    kept = [masked(text) if whole else without_emails(text) for text in map(_text, values[:MAX_VALUES])]
    if not whole:
        kept[_PERSON] = _number(values[_PERSON], person)
    return Rejection(reason, field, [UNSTORABLE.sub("?", text[:MAX_RAW]) for text in kept])


def _text(value: object) -> str:
    return "" if value is None else str(value)[:_LOOKED_AT]


def _number(value: object, person: Callable[[object], int | None] | None) -> str:
    try:
        number = person(value) if person else None
    except (UnreadableError, TypeError):
        text = _text(value)
        return text if is_shortened(text) else masked(text)  # 5.99E+12 is nobody's, and stays unreadable
    if number is None:
        return "" if person else masked(_text(value))
    return str(number)

"""How a value of CustomerID becomes the number that a person is stored under."""

from __future__ import annotations

import re
from typing import Final, Protocol

from retention.lines.rules import UnreadableError

MAX_CUSTOMER_ID: Final = 2**63 - 1
INEXACT_FROM: Final = 2.0**53  # from here on a float stands for several whole numbers, so for several customers

_WHOLE: Final = re.compile(r"(-?[0-9]{1,19})(?:\.0+)?")
_NOBODY: Final = frozenset({"", "nan", "null", "none", "na", "n/a"})


class People(Protocol):
    """Turns a cell into a person's number."""

    def number(self, value: object) -> int | None:
        """Return a number above zero, None for nobody; UnreadableError when the value is no person's id."""


class WholeNumbers:
    """Ids that are whole numbers within 64 bits, written as `17850` or `17850.0`."""

    def number(self, value: object) -> int | None:
        """Return the number; None when it is missing."""
        if isinstance(value, float) and value.is_integer():
            if value >= INEXACT_FROM:
                raise UnreadableError("out_of_range")
            value = int(value)
        text = "" if value is None else str(value).strip()
        if text.lower() in _NOBODY:
            return None
        match = _WHOLE.fullmatch(text)
        if match is None:
            raise UnreadableError("unreadable")
        if not 1 <= int(match[1]) <= MAX_CUSTOMER_ID:
            raise UnreadableError("out_of_range")
        return int(match[1])

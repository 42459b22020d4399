"""How a file names its people: by e-mail, by number, by other text, or not at all."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeAlias

How: TypeAlias = Literal["e-mail", "number", "text", "nobody"]

_NUMBER: Final = re.compile(r"[0-9]+(?:[.,]0+)?", re.ASCII)
_MASKED: Final = "…"


class Person(NamedTuple):
    """A person as the file names them; `text` is empty for nobody."""

    how: How
    text: str


NOBODY: Final = Person("nobody", "")


def person(value: object) -> Person:
    """Return the person of a cell that names one: an e-mail in lower case, a whole number without `.0`."""
    if isinstance(value, float | Decimal) and value == int(value):
        value = int(value)
    text = " ".join(str(value).split())
    if "@" in text:
        return Person("e-mail", text.lower())
    if _NUMBER.fullmatch(text):
        return Person("number", re.split("[.,]", text)[0])
    return Person("text", text)


def masked(whom: Person) -> str:
    """Return the person for a screen that others may see: "m…@fernhill.example", "17850", "A…7"; "nobody"."""
    if whom.how == "nobody":
        return "nobody"
    if whom.how == "e-mail":
        name, _, host = whom.text.rpartition("@")
        return f"{name[:1]}{_MASKED}@{host}"
    if whom.how == "number":
        return whom.text
    return f"{whom.text[:1]}{_MASKED}{whom.text[-1:]}"

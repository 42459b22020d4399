"""A mapping file to start from, filled with the best guesses for a header."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from seeder.formats.spellings import KNOWN, claim, variants
from seeder.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASKED: Final = {
    "InvoiceNo": "required: the number of the order; or {join: [A, B]}",
    "InvoiceDate": "required; or {date: A, time: B}",
    "CustomerID": "required: an id or an e-mail, no name",
    "UnitPrice": "required; with 'price_per: line' the total of a line",
    "Quantity": "or {constant: 1}",
    "StockCode": "",
    "Description": "",
    "Country": "",
    "Currency": "or {constant: EUR}",
    "State": "",
    "Refund": "",
}
_REQUIRED: Final = 4
_ALIKE: Final = 0.8  # of 1; "cust_identifier" is no more than 0.7 like "customerid"


def start(columns: Sequence[str]) -> str:
    """Return the text of a mapping file: guessed columns, and a blank for each required value without a guess."""
    guesses = _guesses(columns)
    lines = []
    for at, (field, comment) in enumerate(_ASKED.items()):
        if field in guesses:
            value = json.dumps(printable(guesses[field]), ensure_ascii=False)
        elif at < _REQUIRED:
            value = '""'
        else:
            continue
        lines.append(f"{field}: {value}" + (f"  # {comment}" if comment else ""))
    return "\n".join((*lines, "price_per: unit  # or line", "# columns: " + printable(", ".join(columns))))


def _guesses(columns: Sequence[str]) -> dict[str, str]:
    """Return for each value the column whose name says it, or else one with a similar name."""
    found: dict[str, tuple[int, str]] = {}
    similar: dict[str, str] = {}
    for column in columns:
        known = claim(column)
        if known and (known[0] not in found or known[1] < found[known[0]][0]):
            found[known[0]] = (known[1], column)
        for name in () if known else variants(column):
            for match in get_close_matches(name, KNOWN, n=1, cutoff=_ALIKE):
                field = claim(match)
                if field:
                    similar.setdefault(field[0], column)
    exact = {field: column for field, (_, column) in found.items()}
    guesses = similar | exact
    for wanted, other in (("CustomerID", "Email"), ("UnitPrice", "LineTotal"), ("UnitPrice", "Total")):
        if wanted not in guesses and other in guesses:
            guesses[wanted] = guesses[other]
    return guesses

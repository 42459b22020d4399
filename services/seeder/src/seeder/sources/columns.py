"""Maps the columns of a file to our fields by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retention.errors import BadDataError
from retention.lines.rules import RULES
from retention.lines.spellings import field_named
from seeder.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS: Final = tuple(rule.name for rule in RULES)
DATE: Final = FIELDS.index("InvoiceDate")
_SHOWN: Final = 200  # characters of a header


def recognised(names: Sequence[str]) -> list[str | None]:
    """Return the field that each column holds, None for a column we do not use."""
    return [field_named(name) for name in names]


def column_positions(names: Sequence[str], file: str) -> list[int]:
    """Return the position of each of FIELDS in `names`.

    Raises BadDataError, which names `file` and the columns that are missing or occur twice.
    """
    found = recognised(names)
    if missing := [field for field in FIELDS if field not in found]:
        raise BadDataError(f"{file}: no column {', '.join(missing)}; the header is {_shown(names)}")
    if doubled := [field for field in FIELDS if found.count(field) > 1]:
        raise BadDataError(f"{file}: more than one column {', '.join(doubled)}; the header is {_shown(names)}")
    return [found.index(field) for field in FIELDS]


def _shown(names: Sequence[str]) -> str:
    return f"'{printable(', '.join(names))[:_SHOWN]}'"

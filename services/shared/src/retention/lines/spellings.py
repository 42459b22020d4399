"""Which field a name means: one rule for the header of a file and for the keys of a request."""

from __future__ import annotations

from typing import Final

from retention.lines.rules import RULES


def _plain(name: str) -> str:
    return name.casefold().replace(" ", "").replace("_", "")


_FIELDS: Final = {_plain(spelling): rule.name for rule in RULES for spelling in (rule.name, *rule.spellings)}


def field_named(name: str) -> str | None:
    """Return the published name of the field, None for a name of none. Spaces, case and `_` are ignored."""
    return _FIELDS.get(_plain(name))

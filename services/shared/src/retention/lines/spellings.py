"""Alternative spellings of field names, in the headers of files and the keys of requests."""

from __future__ import annotations

from typing import Final

from retention.lines.rules import RULES


def _plain(name: str) -> str:
    return name.casefold().replace(" ", "").replace("_", "")


_FIELDS: Final = {_plain(spelling): rule.name for rule in RULES for spelling in (rule.name, *rule.spellings)}


def field_named(name: str) -> str | None:
    """Return the published name of a field, or None for an unknown name; spaces, case and `_` are ignored."""
    return _FIELDS.get(_plain(name))

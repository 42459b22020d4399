"""Who bought: the number of the customer that a cell names."""

from __future__ import annotations

import re
from typing import Final, Protocol

from retention.lines.cells import clean
from retention.lines.rejections import UnreadableError

MAX_CUSTOMER_ID: Final = 2**63 - 1
INEXACT_FROM: Final = 2.0**53  # from here on a float stands for several whole numbers, so for several customers

_WHOLE_NUMBER: Final = re.compile(r"(-?[0-9]{1,19})(?:\.0+)?")
_ZERO: Final = re.compile(r"-?0+(?:\.0+)?")

# What shops write for a buyer without an account.
_NOBODY: Final = frozenset({
    "", "-", "–", "—", "nan", "null", "nil", "none", "na", "n/a", "#n/a", "undefined", "unknown", "anonymous",
    "<na>", "\\n", "not set", "(not set)", "(none)", "(blank)", "n.a.", "not available", "not provided", "no name",
    "guest", "guest customer", "guest checkout", "walk-in", "walk in", "walk-in customer", "no customer",
    "not logged in",
    "gast", "gastbestellung", "gastkunde", "laufkunde", "laufkundschaft", "unbekannt", "anonym",
    "invité", "invite", "invitée", "client de passage", "anonyme", "inconnu",
    "invitado", "invitada", "anónimo", "anonimo", "desconocido", "consumidor final",
    "ospite", "sconosciuto", "cliente ospite",
    "convidado", "convidada", "visitante", "anônimo", "desconhecido",
    "gastklant", "anoniem", "onbekend", "passant",
    "gość", "gosc", "anonimowy", "nieznany",
    "misafir", "ziyaretçi", "anonim", "bilinmiyor",
})  # fmt: skip


class People(Protocol):
    """Reads the cells that name customers."""

    def number(self, value: object) -> int | None:
        """Return the customer's number, or None for nobody: blank, 0, `Guest`. Raises UnreadableError."""


class WholeNumbers:
    """Customers of a shop that numbers them: `17850` or `17850.0`."""

    def number(self, value: object) -> int | None:
        """Return a positive whole number within 64 bits; None for nobody.

        Raises UnreadableError: `unreadable` for other text, `out_of_range` for numbers beyond these bounds.
        """
        return whole_number(value)


def is_nobody(text: str) -> bool:
    """Whether the text, cleaned, names no customer: blank, 0, a dash, or a word for guest."""
    return text.casefold() in _NOBODY or _ZERO.fullmatch(text) is not None


def whole_number(value: object) -> int | None:
    """Return what WholeNumbers reads."""
    if isinstance(value, float) and value.is_integer():
        if value >= INEXACT_FROM:
            raise UnreadableError("out_of_range")
        value = int(value)
    text = "" if value is None else clean(str(value))
    if is_nobody(text):
        return None
    match = _WHOLE_NUMBER.fullmatch(text)
    if match is None:
        raise UnreadableError("unreadable")
    if not 1 <= int(match[1]) <= MAX_CUSTOMER_ID:
        raise UnreadableError("out_of_range")
    return int(match[1])

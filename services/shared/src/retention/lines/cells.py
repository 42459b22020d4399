"""The text of one cell, without what spreadsheets and web pages put around it."""

from __future__ import annotations

import re
from typing import Final

# Blanks that str.strip() leaves: zero-width ones, marks of direction, the byte order mark.
_INVISIBLE: Final = "\u200b\u200c\u200d\u200e\u200f\u2060\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_BLANKS: Final = " \t\r\n\f\v\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_AROUND: Final = _BLANKS + _INVISIBLE

_FORMULA: Final = re.compile(r'="{1,2}([^"]*)"{1,2}')  # ="00017": text for Excel, whatever it looks like
_APOSTROPHE: Final = re.compile(r"'(?=[\d+\-=#@(])([^']*)'?")  # '04101: the same, as Shopify and Excel write it
_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\"|]{1,64}@[^\s@<>()\[\],;:\"|]+\.[^\W\d_]{2,}")
_EMAIL_MASK: Final = "[e-mail]"
_SHORTENED: Final = re.compile(r"\d(?:[.,]\d+)?E\+\d{2,3}", re.IGNORECASE)


def clean(text: str) -> str:
    """Return the text without blanks around it, visible or not, `="…"` and a leading apostrophe before a number."""
    text = text.strip().strip(_AROUND)
    if text[:1] in ("=", "'"):
        match = _FORMULA.fullmatch(text) or _APOSTROPHE.fullmatch(text)
        if match:
            return match[1].strip(_AROUND)
    return text


def is_shortened(text: str) -> bool:
    """Whether Excel shortened this number, as 5990000000011 to `5.99E+12`: its digits are lost."""
    return _SHORTENED.fullmatch(text) is not None


def without_emails(text: str) -> str:
    """Return the text with `[e-mail]` in place of every e-mail address."""
    return _EMAIL.sub(_EMAIL_MASK, text) if "@" in text else text


def masked(text: str) -> str:
    """Return the shape of the text: x for letters, 9 for digits, other characters as they are, `[e-mail]` for those."""
    parts = without_emails(text).split(_EMAIL_MASK)
    return _EMAIL_MASK.join("".join(map(_shape, part)) for part in parts)


def _shape(character: str) -> str:
    return "x" if character.isalpha() else "9" if character.isdigit() else character

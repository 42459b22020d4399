"""Which media type an Accept header asks for (RFC 9110, 12.5.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUALITY: Final = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """Return which of `offered` the header likes best, the first of equals; None when it takes none of them.

    Of the ranges that match a type the most specific counts. What is no range is passed over; without any: the first.
    """
    ranges = [each for each in map(_range, accept.split(",")) if each is not None]
    if not ranges:
        return offered[0]
    qualities = {media_type: _quality(media_type, ranges) for media_type in offered}
    best = max(offered, key=lambda media_type: qualities[media_type])
    return best if qualities[best] > 0 else None


def _range(text: str) -> tuple[str, float] | None:
    """Return `text/csv;q=0.5` as its type and quality; other parameters make no difference here."""
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    kind, slash, subtype = media_type.partition("/")
    if not (slash and kind and subtype) or (kind == "*" and subtype != "*"):
        return None
    quality = next((value for name, _, value in (each.partition("=") for each in parameters) if name == "q"), "1")
    return (media_type, float(quality)) if _QUALITY.fullmatch(quality) else None


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    kind = media_type.partition("/")[0]
    for pattern in (media_type, f"{kind}/*", "*/*"):
        found = [quality for each, quality in ranges if each == pattern]
        if found:
            return max(found)
    return 0

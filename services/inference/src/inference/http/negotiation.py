"""The media type that an Accept header prefers (RFC 9110, 12.5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_READ: Final = 1_000  # characters; browsers send 150, and a full head of 32 KiB would take 75 ms


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """Return the type of `offered` with the highest quality, the first of equals; None when none is acceptable.

    The most specific range that matches a type decides its quality. Parameters such as charset are ignored, and so is
    anything that is not a media range; a header without a range accepts everything.
    """
    items = parse_accept_header(accept[:MAX_READ])
    parsed = [(item.partition(";")[0], quality) for item, quality in items if "/" in item]
    if not parsed:
        return offered[0]
    ranges = MIMEAccept(parsed)
    best = max(offered, key=ranges.quality)
    return best if ranges.quality(best) > 0 else None

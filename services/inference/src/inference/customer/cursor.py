"""Cursors: the last key of a page. A key keeps its place when the list changes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from retention.lines.rules import MAX_CUSTOMER_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORM: Final = struct.Struct(">B8sdq")  # version, digest of the list, probability, id
_VERSION: Final = 1
CURSOR_LENGTH: Final = 34  # characters: 25 bytes, six bits each


class Place(NamedTuple):
    """The last customer of a page."""

    churn_probability: float
    customer_id: int


def to_cursor(place: Place, scope: Sequence[object]) -> str:
    """Return the cursor of a place in the list that `scope` describes."""
    return base64.urlsafe_b64encode(_FORM.pack(_VERSION, _digest(scope), *place)).decode().rstrip("=")


def from_cursor(text: str, scope: Sequence[object]) -> Place:
    """Return the place; ValueError when the text is not a cursor of this list. A cursor is a key, not a secret."""
    try:
        _, _, *place = _FORM.unpack(base64.b64decode(text + "==", b"-_", validate=True))
    except (ValueError, binascii.Error, struct.error):
        raise ValueError("not a cursor") from None
    found = Place(*place)
    if not (0 <= found.churn_probability <= 1 and 1 <= found.customer_id <= MAX_CUSTOMER_ID):
        raise ValueError("not a cursor")
    if to_cursor(found, scope) != text:  # another version, another list, or another spelling
        raise ValueError("a cursor of another list")
    return found


def _digest(scope: Sequence[object]) -> bytes:
    return hashlib.blake2b(repr(tuple(scope)).encode(), digest_size=8).digest()

"""People by any id: a whole number stays what it is, an e-mail or other text becomes a number by a keyed hash.

The hash needs the installation's own key: without it, nobody can try e-mails against the stored numbers.
"""

from __future__ import annotations

import hmac
import math
import re
import unicodedata
from decimal import Decimal
from typing import Final

from retention.errors import BadConfigurationError, BadDataError
from retention.lines.cells import clean
from retention.lines.people import is_nobody
from retention.lines.rules import UnreadableError

NUMBER_BITS: Final = 53  # exact in JSON and in a float; two of a million customers collide once in 18,000 shops
MAX_REFERENCE: Final = 320  # characters: the longest e-mail address has 254
MAX_WHOLE: Final = 2**63 - 1
_INEXACT_FROM: Final = 2.0**53  # from here on a float stands for several whole numbers, so for several customers

_WHOLE: Final = re.compile(r"(-?[0-9]+)(?:[.,]0+)?", re.ASCII)
_FRACTION: Final = re.compile(r"-?[0-9]+[.,][0-9]+", re.ASCII)  # half a customer: a column of amounts
_SHORTENED: Final = re.compile(r"-?[0-9](?:[.,][0-9]+)?E\+[0-9]+|-?[0-9][.,][0-9]+E[0-9]+", re.ASCII | re.IGNORECASE)
_E_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def normalised(value: object) -> str:
    """Return an id as its owner would recognise it: NFKC, trimmed, single blanks; an e-mail in lower case.

    Raises UnreadableError when the value is no text or number, or is too long.
    """
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        if value >= _INEXACT_FROM and isinstance(value, float):
            raise UnreadableError("out_of_range")
        value = int(value)
    if value is None or (isinstance(value, float | Decimal) and math.isnan(value)):
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise UnreadableError("unreadable")
    text = " ".join(unicodedata.normalize("NFKC", clean(str(value))).split())
    if _UNSTORABLE.search(text):
        raise UnreadableError("unreadable")
    if len(text) > MAX_REFERENCE:
        raise UnreadableError("too_long")
    return text.lower() if _E_MAIL.fullmatch(text) else text


def hashed(key: bytes, text: str) -> int:
    """Return the first 53 bits of the HMAC-SHA256 of a normalised id; never 0."""
    digest = hmac.digest(key, text.encode(), "sha256")
    while not (number := int.from_bytes(digest[:7], "big") >> (56 - NUMBER_BITS)):
        digest = hmac.digest(key, digest, "sha256")
    return number


class Identity:
    """People of one load or request, and the text ids among them that are not stored yet.

    With `leading_zeros`, `00017` is a text id and not 17. Without a key, whole numbers alone can be read.
    """

    def __init__(self, key: bytes | None, *, leading_zeros: bool = False) -> None:
        self._key = key
        self._leading_zeros = leading_zeros
        self._new: dict[int, str] = {}

    def number(self, value: object) -> int | None:
        """Return the person's number, None for nobody.

        Raises UnreadableError when the value is no id, BadConfigurationError for a text id without a key.
        """
        text = normalised(value)
        if is_nobody(text) or not any(letter.isalnum() for letter in text):
            return None  # also "***": a mark for nothing
        if _SHORTENED.fullmatch(text):
            raise UnreadableError("shortened")  # by a spreadsheet: 5.99E+12 stands for many ids
        whole = _WHOLE.fullmatch(text)
        if whole is None and _FRACTION.fullmatch(text):
            raise UnreadableError("unreadable")
        if whole is None or (self._leading_zeros and text[0] == "0" and text.strip("0") and whole[1] == text):
            return self._reference(text)
        number = int(whole[1])
        if not 0 < number <= MAX_WHOLE:
            raise UnreadableError("out_of_range")
        return number

    def drain(self) -> dict[int, str]:
        """Return the text ids read since the last call by their number, for `references`."""
        new, self._new = self._new, {}
        return new

    def _reference(self, text: str) -> int:
        if not self._key:
            raise BadConfigurationError(
                "customer ids that are e-mails or text need the identity key, and IDENTITY_KEY_FILE is not set: "
                "scripts/up and docker compose make it at the first start; elsewhere, "
                "run 'python services/mongo/make_secrets.py --directory DIR --host HOST:PORT' "
                "and set IDENTITY_KEY_FILE=DIR/seeder/identity_key"
            )
        number = hashed(self._key, text)
        if self._new.setdefault(number, text) != text:
            raise collision(number)
        return number


def collision(number: int) -> BadDataError:
    """Return the error for two text ids with one number."""
    return BadDataError(
        f"two customer ids of this shop get the same number, {number}: nothing more was written. "
        "Load everything with --drop under a new identity key"
    )

"""The parts of a written amount: its sign, its currency, and its digits with their separators."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from retention.lines.cells import clean

MAX_LENGTH: Final = 60  # characters

_CODES: Final = (
    "AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW KWD MAD MXN MYR "
    "NGN NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD UYU VND ZAR"
)
_CURRENCY: Final = (
    r"(?:(?:US|AU|CA|NZ|HK|SG|MX|NT|A|C|R|S)?\$|[£€¥₹₩₺₴₪₫฿₦₽₱₡₲₵]|kr\.?|zł|Kč|Ft|lei|lv\.?|TL|S/\.?|Rs\.?|"
    rf"Fr\.?|SFr\.?|RM|R|{'|'.join(_CODES.split())})"
)
_SHAPE: Final = re.compile(
    rf"(?P<open>\()?\s*(?P<m1>[-+])?\s*(?P<before>{_CURRENCY})?\s*(?P<m2>[-+])?\s*(?P<open2>\()?\s*"
    r"(?P<digits>(?:[\d.,' ]*\d|\d[\d.,' ]*)(?:e[-+]?\d{1,4})?)"
    rf"\s*(?P<m3>-)?\s*(?P<after>{_CURRENCY})?\s*(?P<m4>-)?\s*(?P<close>\))?",
    re.ASCII | re.IGNORECASE,
)
_NO_CENTS: Final = re.compile(r"(?<=\d)[.,]\s?[-–—]{1,2}(?!\d)")  # 14,- and 14.–: no cents, and no minus
_ALIKE: Final = str.maketrans(
    dict.fromkeys("−–‐‑﹣－", "-")  # noqa: RUF001 - they look alike: that is why they are listed
    | dict.fromkeys("’‘´`", "'")  # noqa: RUF001
    | dict.fromkeys("\u00a0\u202f\u2009\u2007\u2008\u200a", " ")
)


class Amount(NamedTuple):
    """An amount as it is written."""

    negative: bool
    sign: str  # of the currency, "" for none
    after: bool  # whether the sign stands after the number
    digits: str  # with separators: "1.240,50", "1 240", "1.5E3"


def taken_apart(text: str) -> Amount | None:
    """Return the parts of an amount, or None when the text is none. Its separators are not understood yet."""
    if len(text) > MAX_LENGTH:
        return None
    plain = _NO_CENTS.sub("", clean(text)).translate(_ALIKE)
    match = _SHAPE.fullmatch(plain)
    if match is None:
        return None
    signs = [mark for mark in match.group("m1", "m2", "m3", "m4") if mark]
    currencies = [sign.upper() if sign.upper() in _CODES else sign for sign in match.group("before", "after") if sign]
    opened, closed = bool(match["open"]) + bool(match["open2"]), bool(match["close"])
    if len(signs) + opened > 1 or len(currencies) > 1 or opened != closed:
        return None
    return Amount("-" in signs or closed, "".join(currencies), bool(match["after"]), match["digits"].strip())

"""How the report writes numbers, percentages, money and days: one function for each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

MONTHS: Final = (  # in any locale
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
SYMBOLS: Final = {"GBP": "£", "EUR": "€", "USD": "$"}


def percent(share: float) -> str:
    """Return 0.4312 as "43%"; with a decimal within 1% of none or all: "0.4%"."""
    digits = 1 if 0 < min(share, 1 - share) < 0.01 else 0  # noqa: PLR2004 - 1%
    return f"{100 * share:.{digits}f}%"


def percent_range(low: float, high: float) -> str:
    """Return "41–45%", or "0.4–3%"."""
    return f"{percent(low).removesuffix('%')}–{percent(high)}"


def money(value: float, currency: str) -> str:
    """Return an amount with two decimals: "£1,234.50", "−£20.00"; "1,234.50 CHF" for a currency without a symbol."""
    sign, size = "−" if round(value, 2) < 0 else "", f"{abs(value):,.2f}"
    return f"{sign}{SYMBOLS[currency]}{size}" if currency in SYMBOLS else f"{sign}{size} {currency}"


def count(number: float, noun: str) -> str:
    """Return "1 customer", "2,000 customers"."""
    return f"{number:,.0f} {noun}" if number == 1 else f"{number:,.0f} {noun}s"


def compact(value: float) -> str:
    """Return a figure with the digits it deserves: 0.37, 4.2, 1,801."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 10 or value == int(value) else f"{value:.{1 if size >= 1 else 2}f}"  # noqa: PLR2004


def signed(value: float, digits: int = 2) -> str:
    """Return a figure with its sign: "+0.30", "−0.19"; "0.00" when it rounds to zero."""
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}".replace("-", "−") if rounded else f"{0:.{digits}f}"


def day(rfc3339: str) -> str:
    """Return "2011-12-10T00:00:00Z" as "10 December 2011"."""
    moment = instant(rfc3339)
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def instant(rfc3339: str) -> datetime:
    """Return the instant of an RFC 3339 text."""
    return datetime.fromisoformat(rfc3339)

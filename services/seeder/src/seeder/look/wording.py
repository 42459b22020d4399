"""How the look writes money, shares, counts and days: one function for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # in any locale
SYMBOLS: Final = {"GBP": "£", "EUR": "€", "USD": "$"}
WHOLE: Final = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})  # currencies without cents


def amount(value: float, currency: str | None) -> str:
    """Return "£1,234.50", "−£20.00", "24,000 JPY"; "1,234.50" without a currency."""
    digits = 0 if currency in WHOLE else 2
    sign, size = "−" if round(value, digits) < 0 else "", f"{abs(value):,.{digits}f}"
    if currency in SYMBOLS:
        return f"{sign}{SYMBOLS[currency]}{size}"
    return f"{sign}{size} {currency}" if currency else f"{sign}{size}"


def percent(share: float) -> str:
    """Return 0.4312 as "43.1%"; "0.04%" below a tenth of a percent."""
    return f"{100 * share:.{2 if 0 < share < 0.001 else 1}f}%"  # noqa: PLR2004 - a tenth of a percent


def count(number: float, noun: str) -> str:
    """Return "1 order", "2,000 orders"."""
    return f"{number:,.0f} {noun}" if number == 1 else f"{number:,.0f} {noun}s"


def day(of: date) -> str:
    """Return "9 Dec 2011"."""
    return f"{of.day} {MONTHS[of.month - 1]} {of.year}"


def month(of: date) -> str:
    """Return "Dec 2011"."""
    return f"{MONTHS[of.month - 1]} {of.year}"


def listed(words: list[str], most: int) -> str:
    """Return "a, b, c and 4 more"."""
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest:,} more" if rest > 0 else "")


_FIELDS: Final = {
    "InvoiceNo": "order number",
    "StockCode": "product code",
    "Description": "product name",
    "InvoiceDate": "date",
    "UnitPrice": "price",
    "CustomerID": "customer",
}


def reason(code: str) -> str:
    """Return a reason of the quarantine in words: "InvoiceDate_out_of_range" as "date out of range"."""
    field, _, what = code.partition("_")
    return f"{_FIELDS.get(field, field)} {what}".replace("_", " ").strip().lower()

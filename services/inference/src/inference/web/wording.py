"""The page's wording, including all percentages, money and days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from inference.prediction.responses import Features, Prediction

MONTHS: Final = (  # independent of the locale
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
CONFIDENCE: Final = {
    "high": ("High confidence", "the range is well clear of the threshold"),
    "medium": ("Medium confidence", "the range is clear of the threshold, but not by much"),
    "low": ("Low confidence", "the range includes the threshold"),
}

NO_SINGLE_ORDER: Final = "no single order of a usual value brings the risk below the threshold"


def verdict(prediction: Prediction) -> str:
    """Return the answer in a few words. The threshold may differ from 50%: flagged does not mean likely."""
    likely = prediction["churn_probability"] >= 0.5  # noqa: PLR2004 - more likely than not
    if prediction["churn_prediction"]:
        return "Likely to leave" if likely else "At risk of leaving"
    return "May leave, but below the threshold" if likely else "Likely to order again"


def evidence(prediction: Prediction, features: Features) -> tuple[str, str]:
    """Return what the answer is based on: a term and its explanation."""
    horizon, orders = prediction["horizon_days"], features["Frequency"]
    return {
        "lapsed": (
            "Lapsed",
            f"no order for {features['Recency']:,} days, longer than the horizon of {horizon}",
        ),
        "single_order": ("One order", "based on what other one-time customers did"),
        "sparse": ("Two orders", "little history to go by"),
        "repeat": (f"{orders:,} orders", "enough history to go by"),
    }[prediction["evidence"]]


def percent(share: float) -> str:
    """Return a share as a percentage, e.g. "47%"; strictly between 0 and 1 it is never shown as 0% or 100%."""
    number = round(100 * share)
    return {0: "under 1%", 100: "over 99%"}.get(number, f"{number}%") if 0 < share < 1 else f"{number}%"


def interval(low: float, high: float) -> str:
    """Return e.g. "6–9%", with a decimal where whole numbers would be equal."""
    digits = 0 if round(100 * low) != round(100 * high) else 1
    return f"{100 * low:.{digits}f}–{100 * high:.{digits}f}%"


def money(value: float, currency: str) -> str:
    """Return an amount with its currency, e.g. "1,234.50 GBP"."""
    return f"{amount(value)} {currency}"


def amount(value: float) -> str:
    """Return an amount of money without its currency, e.g. "1,234.50"."""
    return f"{value:,.2f}".replace("-", "\N{MINUS SIGN}")


def signed(value: float) -> str:
    """Return a number with its sign and two decimals."""
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def day(instant: str) -> str:
    """Return the day of an RFC 3339 instant or day, e.g. "10 December 2011"."""
    at = datetime.fromisoformat(instant)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def last_day(as_of: str, horizon_days: int) -> str:
    """Return the last day of the horizon that starts at `as_of`, e.g. "8 March 2012"."""
    return day((datetime.fromisoformat(as_of) + timedelta(days=horizon_days - 1)).isoformat())


def short_day(instant: str) -> str:
    """Return the day for a table, e.g. "10 Dec 2011"."""
    number, month, year = day(instant).split()
    return f"{number} {month[:3]} {year}"


def days_ago(days: int) -> str:
    """Return e.g. "2 days ago"; 0 is the last day before the instant of the answer."""
    return "under a day ago" if days == 0 else "1 day ago" if days == 1 else f"{days:,} days ago"


def sentence(text: str) -> str:
    """Return `text` with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""

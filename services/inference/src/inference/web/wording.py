"""The page's words: what an answer means, said to somebody who has never seen one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from inference.prediction.responses import Features, Prediction

MONTHS: Final = (  # whatever the locale
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
CONFIDENCE: Final = {
    "high": ("High confidence", "the whole interval lies well clear of the threshold"),
    "medium": ("Medium confidence", "the interval lies clear of the threshold, though not by much"),
    "low": ("Low confidence", "the interval reaches across the threshold: a little more data could turn it"),
}

NO_SINGLE_ORDER: Final = "no single order of a usual value would bring the risk under the threshold"


def verdict(prediction: Prediction) -> str:
    """Return the answer in a few words. The threshold may lie off one half: flagged is not yet likely."""
    likely = prediction["churn_probability"] >= 0.5  # noqa: PLR2004 - more likely than not
    if prediction["churn_prediction"]:
        return "Likely to leave" if likely else "At risk of leaving"
    return "May well leave, but under the threshold" if likely else "Likely to order again"


def evidence(prediction: Prediction, features: Features) -> tuple[str, str]:
    """Return what the answer stands on: in two words, and in one sentence."""
    horizon, orders = prediction["horizon_days"], features["Frequency"]
    return {
        "lapsed": (
            "Lapsed",
            f"silent for {features['Recency']:,} days, longer than the {horizon} that are asked about",
        ),
        "single_order": ("One order", "judged by what became of other customers of one order"),
        "sparse": ("Two orders", "little to judge by"),
        "repeat": (f"{orders:,} orders", "enough of a history to judge by"),
    }[prediction["evidence"]]


def percent(share: float) -> str:
    """Return a share strictly between 0 and 1 without saying that it is either."""
    number = round(100 * share)
    return {0: "under 1%", 100: "over 99%"}.get(number, f"{number}%") if 0 < share < 1 else f"{number}%"


def interval(low: float, high: float) -> str:
    """Return e.g. "6–9%"; with a decimal where whole numbers would be the same."""
    digits = 0 if round(100 * low) != round(100 * high) else 1
    return f"{100 * low:.{digits}f}–{100 * high:.{digits}f}%"


def money(value: float, currency: str) -> str:
    """Return an amount with its currency, of which a negative one keeps its sign."""
    return f"{value:,.2f} {currency}".replace("-", "\N{MINUS SIGN}")


def signed(value: float) -> str:
    """Return a number with its sign and two decimals."""
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def day(instant: str) -> str:
    """Return the day of an RFC 3339 instant (or of a day alone), e.g. "10 December 2011"."""
    at = datetime.fromisoformat(instant)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def short_day(instant: str) -> str:
    """Return the same for a table, e.g. "10 Dec 2011"."""
    number, month, year = day(instant).split()
    return f"{number} {month[:3]} {year}"


def days_ago(days: int) -> str:
    """Return e.g. "2 days ago"; 0 is the last day before the instant of the answer."""
    return "on the last day" if days == 0 else "1 day ago" if days == 1 else f"{days:,} days ago"


def sentence(text: str) -> str:
    """Return `text` with a capital first and a full stop last."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""

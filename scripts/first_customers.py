"""The customers to write to first: about to leave, and worth more than most. Asked of the API, as anybody can."""

from __future__ import annotations

from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx

SHOWN: Final = 10
PAGE: Final = 1_000
MAX_PAGES: Final = 20  # 20,000 customers by risk: 2 s
_WIDTH: Final = 100
_WHO: Final = 32
_SYMBOLS: Final = {"GBP": "£", "EUR": "€", "USD": "$"}
_WHOLE: Final = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})  # currencies without cents


def first_customers(api: httpx.Client) -> str:
    """Return the table; one sentence when nobody is at risk, or the scores are still being made.

    The riskiest customers first, of those who are worth at least the average, net of returns. Customers who have been
    silent for longer than the horizon come only after the others: most of them have left already.
    """
    summary = api.get("/clusters/summary")
    if not summary.is_success:
        return f"Nobody to write to yet: {summary.json().get('detail') or summary.json().get('title')}"
    average = sum(segment["share"] * segment["monetary"] for segment in summary.json())
    found = _found(api, average)
    if not found:
        return "Nobody who is worth at least the average is likely to leave."
    answers = api.post(
        "/predict_churn_batch", json={"customer_ids": [one["customer_id"] for one in found], "explain": True}
    )
    reasons = {answer["customer_id"]: answer for answer in answers.raise_for_status().json()["results"]}
    return "\n".join(_table(found, reasons, average))


def _found(api: httpx.Client, average: float) -> list[dict[str, Any]]:
    """Return the customers of the list that the table shows, the riskiest first."""
    staying: list[dict[str, Any]] = []
    silent: list[dict[str, Any]] = []
    for one in _by_risk(api):
        if one["churn_prediction"] and (one["net_monetary"] or 0) >= average:
            (silent if one["evidence"] == "lapsed" else staying).append(one)
        if len(staying) == SHOWN:
            break
    return [*staying, *silent][:SHOWN]


def _by_risk(api: httpx.Client) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        page = api.get("/customers", params={"limit": PAGE, **cursor}).raise_for_status().json()
        yield from page["items"]
        if not page["next_cursor"] or not page["items"][-1]["churn_prediction"]:
            return
        cursor = {"cursor": page["next_cursor"]}


def _table(found: Sequence[dict[str, Any]], answers: dict[int, dict[str, Any]], average: float) -> Iterator[str]:
    answer = next(iter(answers.values()))
    currency, days = answer["meta"]["currency"], answer["prediction"]["horizon_days"]
    people = [shorten(one.get("customer_ref") or str(one["customer_id"]), _WHO, placeholder="…") for one in found]
    worths = [money(one["net_monetary"], currency) for one in found]
    wide, right = max(8, *map(len, people)), max(5, *map(len, worths))
    yield from wrap(
        f"Write to these {len(found)} customers first: of those worth at least the average ({money(average, currency)} "
        f"after returns), they are the likeliest not to order in the next {days} days.",
        _WIDTH,
    )
    yield f"\n  {'customer':<{wide}}  {'worth':>{right}}  risk    last order  because"
    for one, who, worth in zip(found, people, worths, strict=True):
        ago = f"{one['Recency']:,} days ago"
        why = _why(answers.get(one["customer_id"]))
        yield f"  {who:<{wide}}  {worth:>{right}}  {one['churn_probability']:>4.0%}  {ago:>12}  {why}".rstrip()


def _why(answer: dict[str, Any] | None) -> str:
    """Return what raises the risk most, without its rank and effect: "last order 8.32 times the usual gap ago"."""
    contributions = answer["explanation"]["contributions"] if answer else []
    most = max(contributions, key=lambda each: each["contribution"], default=None)
    if most is None or most["contribution"] <= 0:
        return ""
    return str(most["text"]).partition(": ")[0].partition(", ")[0]


def money(value: float, currency: str) -> str:
    """Return "£1,234.50", "24,000 JPY"."""
    digits = 0 if currency in _WHOLE else 2
    sign, size = "−" if value < 0 else "", f"{abs(value):,.{digits}f}"
    return f"{sign}{_SYMBOLS[currency]}{size}" if currency in _SYMBOLS else f"{sign}{size} {currency}"

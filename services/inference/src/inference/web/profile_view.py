"""A customer's profile as the texts and figures that the page shows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from inference.web import drawings, wording
from inference.web.drawings import BAR_HALF
from retention.scoring.churn import sigmoid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inference.customer.responses import MonthOfOrders, Orders, Profile, RecentOrder, SimilarCustomer
    from inference.prediction.responses import Contribution, Explanation, Features
    from inference.web.drawings import Gauge

MONTHS_HEIGHT: Final = 90.0


def profile_view(profile: Profile) -> dict[str, Any]:
    """Return texts and figures in the page's order; `profile` is the answer of GET /customers/{id}."""
    prediction, features, meta = profile["prediction"], profile["features"], profile["meta"]
    reasons = profile["explanation"]
    assert reasons is not None  # noqa: S101 - for the type checker: the page always requests them
    return {
        "customer_id": profile["customer_id"],
        "as_of": wording.day(meta["as_of"]),
        "stale": meta["stale"],
        "data_age": _days(meta["data_age_days"]),
        "tone": "leaving" if prediction["churn_prediction"] else "staying",
        "percent": wording.percent(prediction["churn_probability"]),
        "interval": wording.interval(prediction["interval"]["low"], prediction["interval"]["high"]),
        "threshold": wording.percent(prediction["threshold"]),
        "verdict": wording.verdict(prediction),
        "grounds": _grounds(profile, reasons),
        "segment": profile["segment"],
        "figures": _figures(features, profile["orders"], meta["currency"]),
        "reasons": _reasons(reasons["contributions"]),
        "history": _history(profile["orders"], meta["currency"]),
        "similar": [_similar(other, meta["currency"]) for other in profile["similar"]],
        **_sentences(profile, reasons),
    }


def gauge_of(profile: Profile) -> Gauge:
    """Return the geometry of the gauge."""
    prediction = profile["prediction"]
    low, high = prediction["interval"]["low"], prediction["interval"]["high"]
    return drawings.gauge(prediction["churn_probability"], low, high, prediction["threshold"])


def _sentences(profile: Profile, reasons: Explanation) -> dict[str, str]:
    prediction, meta = profile["prediction"], profile["meta"]
    percent, threshold = wording.percent(prediction["churn_probability"]), wording.percent(prediction["threshold"])
    interval = wording.interval(prediction["interval"]["low"], prediction["interval"]["high"])
    base = wording.percent(sigmoid(reasons["base_log_odds"]))
    average = "average one-time customer" if profile["features"]["Frequency"] == 1 else "average customer"
    return {
        "sentence": f"{percent} chance of no order by {wording.last_day(meta['as_of'], prediction['horizon_days'])}. "
        f"Customers are flagged from {threshold}.",
        "gauge_text": f"Risk {percent}, range {interval}, flagged from {threshold}.",
        "gauge_legend": f"Range {interval}; flagged from {threshold}",
        "reasons_lead": f"The {average} starts at {base}. What is known of this customer makes it {percent}.",
        "footing": f"Model {meta['model_version']} · data {_days(meta['data_age_days'])} old · "
        f"data before {wording.day(meta['as_of'])}, 00:00 UTC · request {meta['request_id']}",
    }


def _grounds(profile: Profile, reasons: Explanation) -> list[tuple[str, str]]:
    prediction = profile["prediction"]
    grounds = [
        wording.CONFIDENCE[prediction["confidence"]],
        wording.evidence(prediction, profile["features"]),
    ]
    if prediction["churn_prediction"]:
        change = reasons["counterfactual"]
        grounds.append(("What would help", change["text"] if change else wording.NO_SINGLE_ORDER))
    return [(term, wording.sentence(words)) for term, words in grounds]


def _figures(features: Features, orders: Orders, currency: str) -> list[dict[str, str]]:
    rows = (
        ("Orders", f"{features['Frequency']:,}", ""),
        ("Spent after returns" if orders["returns"] else "Spent", wording.amount(orders["net_monetary"]), currency),
        ("Average order", f"{features['AvgOrderValue']:,.2f}", currency),
        ("Last order", *_ago(features["Recency"])),
        ("First order", *_ago(features["Tenure"])),
    )
    return [{"name": name, "number": number, "unit": unit} for name, number, unit in rows]


def _reasons(contributions: Sequence[Contribution]) -> list[dict[str, Any]]:
    bars = drawings.diverging([each["contribution"] for each in contributions])
    return [
        {
            "text": wording.sentence(each["text"]).rstrip("."),
            "number": wording.signed(each["contribution"]),
            "side": "raises" if bar.start >= BAR_HALF else "lowers",
            "bar": bar,
        }
        for each, bar in zip(contributions, bars, strict=True)
    ]


def _history(orders: Orders, currency: str) -> dict[str, Any]:
    months = orders["by_month"]
    bars = drawings.upright([month["value"] for month in months], height=MONTHS_HEIGHT)
    return {
        "lead": _history_lead(orders, currency),
        "months": [
            {"name": _short(month["month"]), "orders": month["orders"], "bar": bar}
            for month, bar in zip(months, bars, strict=True)
        ],
        "months_text": "; ".join(
            f"{_long(month['month'])}: {_count(month['orders'], 'order')}"
            + (f", {wording.money(month['value'], currency)}" if month["orders"] else "")
            for month in months
        ),
        "months_legend": _months_legend(months, currency),
        "recent": [_order(order, currency) for order in orders["recent"]],
    }


def _history_lead(orders: Orders, currency: str) -> str:
    first, last = wording.day(orders["first_order_at"]), wording.day(orders["last_order_at"])
    span = f"on {last}" if first == last else f"from {first} to {last}"
    ordered, net = (wording.money(orders[name], currency) for name in ("monetary", "net_monetary"))
    lead = f"{_count(orders['orders'], 'order')} {span}"
    if not orders["returns"]:
        return f"{lead}, {net} in total; no returns."
    returned = f"{_count(orders['returns'], 'return')} of {wording.money(orders['returned'], currency)}"
    return f"{lead} of {ordered}; {returned}, which leaves {net}."


def _order(order: RecentOrder, currency: str) -> dict[str, Any]:
    return {
        "day": wording.short_day(order["day"]),
        "invoice": order["invoice"],
        "kind": str(order["kind"]).capitalize(),
        "returned": order["kind"] == "return",
        "lines": f"{order['lines']:,}",
        "units": f"{order['units']:,}",
        "value": wording.money(-order["value"] if order["kind"] == "return" else order["value"], currency),
    }


def _similar(other: SimilarCustomer, currency: str) -> dict[str, Any]:
    return {
        "customer_id": other["customer_id"],
        "segment": other["segment"],
        "percent": wording.percent(other["churn_probability"]),
        "orders": f"{other['Frequency']:,}",
        "spent": "" if other["net_monetary"] is None else wording.money(other["net_monetary"], currency),
        "last_order": wording.days_ago(other["Recency"]),
    }


def _ago(days: int) -> tuple[str, str]:
    return ("under 1", "day ago") if days == 0 else (f"{days:,}", "day ago" if days == 1 else "days ago")


def _days(number: int) -> str:
    return _count(number, "day")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _short(month: str) -> str:
    return wording.MONTHS[int(month[5:7]) - 1][:3]


def _long(month: str) -> str:
    return f"{wording.MONTHS[int(month[5:7]) - 1]} {month[:4]}"


def _months_legend(months: Sequence[MonthOfOrders], currency: str) -> str:
    if not any(month["orders"] for month in months):
        return "No orders in these months."
    highest = wording.money(max(month["value"] for month in months), currency)
    return f"Order value by month, up to {highest}; the numbers count the orders."

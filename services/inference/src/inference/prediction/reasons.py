"""The reasons in words: each contribution to the log-odds, its value, its rank among customers and its effect."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.features.pipelines import DECAY_DAYS, RECENT_DAYS
from retention.scoring.churn import sigmoid
from retention.scoring.single_order import BREADTH, RECENCY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from inference.prediction.responses import Contribution
    from retention.features.reference import Reference
    from retention.registry.bundle import Bundle
    from retention.scoring.churn import ChurnModel

NEGLIGIBLE: Final = 0.01  # log-odds: at most a quarter of a percentage point


class Wording(NamedTuple):
    """The wording of one feature: its value, and its rank among customers."""

    many: str
    one: str = ""
    none: str = ""  # without a rank
    than: str = "more than {}% of customers"
    lowest: str = "nobody has less"

    def phrase(self, value: float, currency: str) -> str:
        """Return the value with its unit."""
        form = (value == 0 and self.none) or (value == 1 and self.one) or self.many
        phrase = form.format(value=value, currency=currency)
        return phrase.replace("0.0%", "under 0.1%", 1) if phrase.startswith("0.0%") else phrase

    def standing(self, share_below: int) -> str:
        """Return the rank of a value that `share_below` percent of customers are below."""
        # Even the highest value is not above that of 100% of customers.
        return self.than.format(min(share_below, 99)) if share_below else self.lowest


_LONGER: Final = "longer than {}% of customers"

WORDINGS: Final[dict[str, Wording]] = {
    "Frequency": Wording("{value:,} orders", "1 order", lowest="nobody has fewer"),
    "Monetary": Wording("{value:,.2f} {currency} ordered", lowest="nobody ordered for less"),
    "AvgOrderValue": Wording("{value:,.2f} {currency} an order", lowest="nobody spends less"),
    "Recency": Wording(
        "last order {value:,} days ago", "last order 1 day ago", "last order under a day ago",
        than=_LONGER, lowest="nobody ordered more recently",
    ),
    "Tenure": Wording(
        "first order {value:,} days ago", "first order 1 day ago", "first order under a day ago",
        than=_LONGER, lowest="nobody is newer",
    ),
    "net_monetary": Wording("{value:,.2f} {currency} spent after returns", lowest="nobody spent less"),
    "returns": Wording("{value:,} returns", "1 return", "no returns"),
    "distinct_products": Wording("{value:,} different products bought", "1 product bought", lowest="nobody has fewer"),
    "orders_90d": Wording(
        f"{{value:,}} orders in the last {RECENT_DAYS} days", f"1 order in the last {RECENT_DAYS} days",
        f"no order in the last {RECENT_DAYS} days", lowest="nobody has fewer",
    ),
    "active_months": Wording(
        "ordered in {value:,} different months", "ordered in 1 month", lowest="nobody ordered in fewer",
    ),
    "decayed_orders": Wording(
        f"{{value:,.2f}} orders weighted by age (an order {DECAY_DAYS} days ago counts 0.37)", lowest="nobody has less",
    ),
    "recency_to_gap": Wording(
        "last order {value:,.2f} times the usual gap ago", than=_LONGER, lowest="nobody is less overdue",
    ),
    "returns_share": Wording("{value:,.1%} of the value returned", none="nothing returned"),
}  # fmt: skip


def contributions(
    shares: Iterable[tuple[str, float]], features: Mapping[str, Any], bundle: Bundle, currency: str
) -> list[Contribution]:
    """Return every feature's exact contribution with its text, largest effect first."""
    single = features["Frequency"] == 1
    return [
        {
            "feature": feature,
            "value": features[feature],
            "contribution": share,
            "text": single_order_text(bundle.churn, features, share)
            if single
            else text(feature, features[feature], share, bundle.reference, currency),
        }
        for feature, share in sorted(shares, key=lambda pair: -abs(pair[1]))
    ]


def single_order_text(model: ChurnModel, features: Mapping[str, Any], share: float) -> str:
    """Return e.g. "one order, 9 days ago, of 1 product; 74% of 290 such customers did not return within 90 days: …"."""
    days, products, cell = features[RECENCY], features[BREADTH], model.single_order.cell(features)
    told = "one order, under a day ago" if days == 0 else f"one order, {_count(days, 'day')} ago"
    if products:  # lines may lack a product
        told += f", of {_count(products, 'product')}"
    rate = f"{_percent(sigmoid(cell.log_odds))} of {cell.customers:,} such customers did not return"
    return f"{told}; {rate} within {_count(model.horizon_days, 'day')}: {_effect(share)}"


def text(feature: str, value: float, share: float, reference: Reference, currency: str) -> str:
    """Return e.g. "7 orders, more than 88% of customers: lowers the risk"."""
    wording = WORDINGS[feature]
    told = wording.phrase(value, currency)
    if value != 0 or not wording.none:
        told = f"{told}, {_standing(feature, reference.share_below(feature, value))}"
    return f"{told}: {_effect(share)}"


@cache  # 13 features by 101 percentiles
def _standing(feature: str, share_below: int) -> str:
    return WORDINGS[feature].standing(share_below)


def _effect(share: float) -> str:
    if abs(share) < NEGLIGIBLE:
        return "hardly changes the risk"
    return "raises the risk" if share > 0 else "lowers the risk"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _percent(share: float) -> str:
    """Return a share as a percentage; strictly between 0 and 1 it is never shown as 0% or 100%."""
    percent = round(100 * share)
    return {0: "less than 1%", 100: "more than 99%"}.get(percent, f"{percent}%")

"""The counterfactual: the value of one further order after which the customer is no longer predicted to leave.

Pure arithmetic. Every feature that the order changes takes its worst possible value, so the result holds for any day,
hour and basket. The order's value follows in closed form from Monetary, the one feature that grows with it; with
returns, whose share of Monetary changes too, it is found by bisection.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from retention.features.pipelines import DECAY_DAYS, GAP_PRIOR_DAYS, RECENT_DAYS
from retention.scoring.churn import MONTH, sigmoid
from retention.scoring.formula import TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from retention.scoring.churn import ChurnModel
    from retention.scoring.formula import TransformName

    Customer: TypeAlias = Mapping[str, Any]  # a document of `pipelines.customers`
    Range: TypeAlias = tuple[float, float]

# Covers every weekday (this trade has no Saturday orders), leaves time to read an offer, and is short enough that
# earlier orders hardly age: after 7 days an order still counts 0.89 in decayed_orders.
WITHIN_DAYS: Final = 7
WITHIN: Final = timedelta(days=WITHIN_DAYS)
DAY: Final = timedelta(days=1)

CENT: Final = 0.01  # Monetary and net_monetary are rounded to cents: their sum is off by one cent at most
NINE_PLACES: Final = 1e-9  # rounding of the other fractions
MARGIN: Final = 1e-9  # of log-odds, below the threshold: more than any rounding error
RETURNS_SHARE: Final = "returns_share"

DECAY_WITHIN_DAYS: Final = math.exp(-WITHIN_DAYS / DECAY_DAYS)
DECAY_ONE_DAY: Final = math.exp(-1 / DECAY_DAYS)


class Counterfactual(NamedTuple):
    """After one order of at least `order_value` within `within_days`, churn is at most this probable."""

    order_value: float
    within_days: int
    churn_probability: float


def counterfactual(model: ChurnModel, customer: Customer, plausible: float) -> Counterfactual | None:
    """Return the order that brings `customer` below the threshold, or None when no order is certain to.

    Its value is the customer's average order value, or more where that does not suffice: whole units of money, from 1
    to `plausible`. As of the day after the order the probability is below the threshold whatever the basket holds, also
    if the order is larger, and on whichever day it is placed, from the day before `as_of` to WITHIN_DAYS after that.
    """
    limit = math.log(model.threshold / (1 - model.threshold)) - MARGIN
    value = float(max(1, min(math.ceil(customer["AvgOrderValue"]), math.floor(plausible))))
    worst = _worst(model, customer, value)
    log_odds = model.log_odds(worst)
    if log_odds > limit:
        if worst.get(RETURNS_SHARE):
            value = _searched(model, customer, range(int(value), int(plausible) + 1), limit)
        else:
            value += _solved(model, worst["Monetary"], log_odds - limit) if "Monetary" in worst else math.inf
        if value > plausible:
            return None
        log_odds = model.log_odds(_worst(model, customer, value))  # again, after rounding up
    probability = sigmoid(log_odds)
    return Counterfactual(value, WITHIN_DAYS, probability) if probability < model.threshold else None


def _solved(model: ChurnModel, monetary: float, excess: float) -> float:
    """Return the money to add to `monetary`, in whole units, to lower the log-odds by `excess`; all else is equal."""
    term = next(term for term in model.several_orders.terms if term.feature == "Monetary")
    if term.weight >= 0:
        return math.inf
    transform = TRANSFORMS[term.transform]
    more = transform.invert(transform.apply(monetary) - excess / term.weight) - monetary
    return float(math.ceil(more)) if math.isfinite(more) else math.inf


def _searched(model: ChurnModel, customer: Customer, values: range, limit: float) -> float:
    """Return the least of the values that suffices, or the one after the last when none does."""
    first = bisect_left(values, x=True, key=lambda value: model.log_odds(_worst(model, customer, value)) <= limit)
    return float(values.start + first)


def _worst(model: ChurnModel, customer: Customer, value: float) -> dict[str, float]:
    """Return the features that maximise the log-odds after one more order of at least `value`."""
    as_of = customer["as_of"]
    worst: dict[str, float] = {
        feature: _AFTER[feature](customer, value)[weight > 0] if feature in _AFTER else _unbounded(transform, weight)
        for feature, transform, _, weight in model.several_orders.terms
    }
    worst["Frequency"] = customer["Frequency"] + 1
    worst[MONTH] = max(as_of.month, (as_of + WITHIN).month, key=lambda month: model.season[month - 1].log_odds)
    return worst


def _unbounded(transform: TransformName, weight: float) -> float:
    if not weight:
        return 0.0
    return math.inf if weight > 0 else TRANSFORMS[transform].least


def _monetary(customer: Customer, value: float) -> Range:
    return customer["Monetary"] + value - CENT, math.inf


def _recency(_customer: Customer, _value: float) -> Range:
    return 0, 1  # 1 when the order is dated 00:00


def _tenure(customer: Customer, _value: float) -> Range:
    return customer["Tenure"], customer["Tenure"] + WITHIN_DAYS


def _orders_90d(customer: Customer, _value: float) -> Range:
    recent, settled = customer["orders_90d"], RECENT_DAYS - WITHIN_DAYS
    if customer["Tenure"] < settled:
        return recent + 1, recent + 1  # no order leaves the 90 days in the meantime
    return 1 + (customer["Recency"] < settled), recent + 1


def _active_months(customer: Customer, _value: float) -> Range:
    months, as_of = customer["active_months"], customer["as_of"]
    # The last order was Recency days ago, or the day before that; the next is not before yesterday.
    last, next_ = as_of - customer["Recency"] * DAY, as_of - DAY
    grows = (next_.year, next_.month) > (last.year, last.month)
    return months + grows, months + 1


def _decayed_orders(customer: Customer, _value: float) -> Range:
    decayed = customer["decayed_orders"]
    return decayed * DECAY_WITHIN_DAYS + DECAY_ONE_DAY - 2 * NINE_PLACES, decayed + 1 + 2 * NINE_PLACES


def _recency_to_gap(customer: Customer, _value: float) -> Range:
    return 0, (customer["Frequency"] + 1) / (customer["Tenure"] - 1 + GAP_PRIOR_DAYS) + NINE_PLACES


def _distinct_products(customer: Customer, _value: float) -> Range:
    return customer["distinct_products"], math.inf


def _returns_share(customer: Customer, value: float) -> Range:
    if not customer["returns"]:
        return 0, 0
    returned = max(0.0, customer["Monetary"] - customer["net_monetary"]) + 2 * CENT
    return 0, returned / (customer["Monetary"] + value - CENT) + NINE_PLACES


# The least and most that each feature can be as of the day after an order of at least `value`. Other features are
# unbounded: no order is certain to suffice where the log-odds rise with one of them.
_AFTER: Final[dict[str, Callable[[Customer, float], Range]]] = {
    "Monetary": _monetary,
    "Recency": _recency,
    "Tenure": _tenure,
    "orders_90d": _orders_90d,
    "active_months": _active_months,
    "decayed_orders": _decayed_orders,
    "recency_to_gap": _recency_to_gap,
    "distinct_products": _distinct_products,
    RETURNS_SHARE: _returns_share,
}

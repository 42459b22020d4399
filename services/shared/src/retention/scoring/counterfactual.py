"""What would keep a customer: one order, so large, so soon, and the model no longer counts the customer as leaving.

Pure arithmetic: each feature the order changes is taken at the worst that it can become, so what is said holds for
every day, hour and basket. The order's value is then solved for, in closed form, in the one feature that rises with
it; only where returns count against that, too, the least value is searched for.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from retention.features.pipelines import DECAY_DAYS, GAP_PRIOR_DAYS, RECENT_DAYS
from retention.scoring.churn import MONTH, sigmoid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from retention.scoring.churn import ChurnModel

    Customer: TypeAlias = Mapping[str, Any]  # a document of `pipelines.customers`
    Range: TypeAlias = tuple[float, float]

# Every weekday once (this trade knows no Saturdays), time enough for an offer to be read, and so short that what the
# customer did before hardly ages: an order of 7 days ago counts 0.89 in decayed_orders.
WITHIN_DAYS: Final = 7
WITHIN: Final = timedelta(days=WITHIN_DAYS)
DAY: Final = timedelta(days=1)

CENT: Final = 0.01  # Monetary and net_monetary are rounded to it: two of them together are off by one at most
NINE_PLACES: Final = 1e-9  # to which the other fractions are rounded
CLEAR: Final = 1e-9  # of log-odds: so far below the threshold that no rounding can tell otherwise
LARGEST_LOG: Final = 700.0  # exp overflows above 709
RETURNS_SHARE: Final = "returns_share"

AGED: Final = math.exp(-WITHIN_DAYS / DECAY_DAYS)
A_DAY_OLD: Final = math.exp(-1 / DECAY_DAYS)


class Counterfactual(NamedTuple):
    """One order of at least `order_value`, within so many days, and the churn probability is at most this."""

    order_value: float
    within_days: int
    churn_probability: float


def counterfactual(model: ChurnModel, customer: Customer, plausible: float) -> Counterfactual | None:
    """Return the order after which `customer` is under the threshold, or None when no such order can be promised.

    Its value is the customer's usual one, or else the least that suffices, in whole units of money and, from 1 on, not
    above `plausible`. As of the day after the order the probability is below the threshold whatever is in the basket,
    whatever more it is worth, and on whichever day it is placed: the last one before `as_of`, or one of WITHIN_DAYS
    from `as_of`.
    """
    limit = math.log(model.threshold / (1 - model.threshold)) - CLEAR
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
        log_odds = model.log_odds(_worst(model, customer, value))  # once more, after rounding up
    probability = sigmoid(log_odds)
    return Counterfactual(value, WITHIN_DAYS, probability) if probability < model.threshold else None


def _solved(model: ChurnModel, monetary: float, excess: float) -> float:
    """Return how much more money, in whole units, lowers the log-odds by `excess` when nothing else changes with it."""
    weight = next(weight for feature, _, weight in model.several_orders.terms if feature == "Monetary")
    if weight >= 0:
        return math.inf
    log_monetary = min(math.log1p(monetary) - excess / weight, LARGEST_LOG)
    return float(math.ceil(math.expm1(log_monetary) - monetary))


def _searched(model: ChurnModel, customer: Customer, values: range, limit: float) -> float:
    """Return the least of the values that suffices, or the one after the last: what was returned weighs less, too."""
    first = bisect_left(values, x=True, key=lambda value: model.log_odds(_worst(model, customer, value)) <= limit)
    return float(values.start + first)


def _worst(model: ChurnModel, customer: Customer, value: float) -> dict[str, float]:
    """Return the features that make the log-odds highest after one more order of at least `value`."""
    as_of = customer["as_of"]
    worst: dict[str, float] = {
        feature: _AFTER.get(feature, _anything)(customer, value)[weight > 0]
        for feature, _, weight in model.several_orders.terms
    }
    worst["Frequency"] = customer["Frequency"] + 1
    worst[MONTH] = max(as_of.month, (as_of + WITHIN).month, key=lambda month: model.season[month - 1].log_odds)
    return worst


def _anything(_customer: Customer, _value: float) -> Range:
    return 0.0, math.inf


def _monetary(customer: Customer, value: float) -> Range:
    return customer["Monetary"] + value - CENT, math.inf


def _recency(_customer: Customer, _value: float) -> Range:
    return 0, 1  # a whole day when the order is dated 00:00


def _tenure(customer: Customer, _value: float) -> Range:
    return customer["Tenure"], customer["Tenure"] + WITHIN_DAYS


def _orders_90d(customer: Customer, _value: float) -> Range:
    recent, settled = customer["orders_90d"], RECENT_DAYS - WITHIN_DAYS
    if customer["Tenure"] < settled:
        return recent + 1, recent + 1  # none leaves the 90 days meanwhile
    return 1 + (customer["Recency"] < settled), recent + 1


def _active_months(customer: Customer, _value: float) -> Range:
    months, as_of = customer["active_months"], customer["as_of"]
    # The last order was on the day that lies Recency days back, or on the one before; the next is not before yesterday.
    last, next_ = as_of - customer["Recency"] * DAY, as_of - DAY
    grows = (next_.year, next_.month) > (last.year, last.month)
    return months + grows, months + 1


def _decayed_orders(customer: Customer, _value: float) -> Range:
    decayed = customer["decayed_orders"]
    return decayed * AGED + A_DAY_OLD - 2 * NINE_PLACES, decayed + 1 + 2 * NINE_PLACES


def _recency_to_gap(customer: Customer, _value: float) -> Range:
    return 0, (customer["Frequency"] + 1) / (customer["Tenure"] - 1 + GAP_PRIOR_DAYS) + NINE_PLACES


def _distinct_products(customer: Customer, _value: float) -> Range:
    return customer["distinct_products"], math.inf


def _returns_share(customer: Customer, value: float) -> Range:
    if not customer["returns"]:
        return 0, 0
    returned = max(0.0, customer["Monetary"] - customer["net_monetary"]) + 2 * CENT
    return 0, returned / (customer["Monetary"] + value - CENT) + NINE_PLACES


# What each feature can be, least and most, as of the day after an order of at least `value`. One that is not here can
# be anything: a formula that rises with it promises nothing.
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

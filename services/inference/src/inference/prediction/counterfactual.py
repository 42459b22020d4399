"""The counterfactual: one order that would bring a flagged customer below the threshold, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from retention.scoring import counterfactual

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inference.prediction.responses import Counterfactual
    from retention.registry.bundle import Bundle

PLAUSIBLE_PERCENTILE: Final = 99  # of AvgOrderValue over all customers


def one_order(bundle: Bundle, features: Mapping[str, Any], currency: str) -> Counterfactual | None:
    """Return the order that brings a flagged customer below the threshold, or None.

    Its value is at most the 99th percentile of average order values; without that percentile, the customer's own.
    """
    average = bundle.reference.percentiles.get("AvgOrderValue")
    plausible = average[PLAUSIBLE_PERCENTILE] if average else math.ceil(features["AvgOrderValue"])
    found = counterfactual.counterfactual(bundle.churn, features, plausible)
    if found is None:
        return None
    value, days, probability = found
    return {
        "order_value": value,
        "within_days": days,
        "churn_probability": probability,
        "text": (
            f"one order of {value:,.2f} {currency} or more within {days} days brings the risk below the threshold"
        ),
    }

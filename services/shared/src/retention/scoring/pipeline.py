"""Churn model and segments as aggregation stages, so that MongoDB scores all customers itself. Plain data.

The arithmetic of `ChurnModel.probability`, `SegmentModel.segment` and `evidence`, equal to 1e-9; constants are
multiplied out beforehand. Intervals are computed when a customer is shown: their quadratic form would cost more than
everything else here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from retention.features.pipelines import CONTRACT_FEATURES, DAY_MS
from retention.scoring.churn import MONTH
from retention.scoring.segments import GROSS, NET
from retention.scoring.single_order import BREADTH, RECENCY

if TYPE_CHECKING:
    from collections.abc import Callable

    from retention.features.pipelines import Pipeline
    from retention.scoring.churn import ChurnModel
    from retention.scoring.formula import Formula, Term, TransformName
    from retention.scoring.segments import SegmentModel
    from retention.scoring.single_order import Cell, SingleOrderRates

Expression: TypeAlias = Any

_LOGS: Final = (RECENCY, "Frequency", GROSS)  # a churn formula has most of these, so each logarithm is taken once
_IS_SINGLE: Final = {"$eq": ["$Frequency", 1]}


def scores(churn: ChurnModel, segments: SegmentModel, model_version: str) -> Pipeline:
    """Return the stages that turn `customers` documents into `scores` documents with the same ids.

    Each holds the contract's features, `net_monetary`, `churn_probability`, `churn_prediction`, `evidence`, `cluster`,
    `segment`, `as_of`, `due` (when the horizon ends and the prediction can be judged), `model_version`, and the
    `revision` of the customer document. A customer without one of the model's features fails the whole pipeline
    (NO_MATCHING_BRANCH).
    """
    logs = {f"log_{name}": _log1p(f"${name}") for name in _LOGS}
    logs["log_money"] = _log1p({"$max": [0, f"${segments.money}"]})
    found = {"probability": _probability(churn), "nearest": _nearest(segments)}
    score = {
        "_id": "$_id",
        **{name: f"${name}" for name in (*CONTRACT_FEATURES, NET)},
        "churn_probability": "$$probability",
        "churn_prediction": _prediction(churn.threshold),
        "evidence": _evidence(churn.horizon_days),
        "cluster": _at([segment.cluster for segment in segments.segments], "$$nearest"),
        "segment": _at([segment.segment for segment in segments.segments], "$$nearest"),
        "as_of": "$as_of",
        "due": {"$add": ["$as_of", churn.horizon_days * DAY_MS]},
        "model_version": model_version,
        "revision": "$revision",
    }
    # One expression for the whole document is 15 % faster than $project, which resolves paths.
    return [{"$replaceWith": _let(logs, _let(found, score))}]


NO_MATCHING_BRANCH: Final = 40066  # MongoDB's error code for a $switch with no matching branch and no default


def _prediction(threshold: float) -> Expression:
    # No default: a missing feature makes the probability null, which sorts below every number, so no branch matches
    # and the pipeline fails. A null is never stored as a score.
    branches = [(0, {"$gte": ["$$probability", 0]}), (1, {"$gte": ["$$probability", threshold]})]
    return {"$switch": {"branches": [{"case": case, "then": then} for then, case in reversed(branches)]}}


def _probability(churn: ChurnModel) -> Expression:
    season = _at([shift.log_odds for shift in churn.season], {"$subtract": [f"${MONTH}", 1]})
    log_odds = {"$cond": [_IS_SINGLE, _single_order(churn.single_order), _several_orders(churn.several_orders)]}
    # exp overflows to infinity, and 1 / infinity is 0, as in retention.scoring.churn.sigmoid.
    return {"$divide": [1, {"$add": [1, {"$exp": {"$subtract": [0, {"$add": [log_odds, season]}]}}]}]}


def _several_orders(formula: Formula) -> Expression:
    constant = math.fsum([formula.base_log_odds, *(-term.weight * term.mean for term in formula.terms)])
    return {"$add": [constant, *({"$multiply": [term.weight, _transformed(term)]} for term in formula.terms)]}


def _transformed(term: Term) -> Expression:
    if term.transform == "log1p" and term.feature in _LOGS:
        return f"$$log_{term.feature}"
    return _TRANSFORMS[term.transform](f"${term.feature}")


def _single_order(rates: SingleOrderRates) -> Expression:
    *cells, last = rates.cells
    if not cells:
        return last.log_odds
    branches = [{"case": _holds(cell), "then": cell.log_odds} for cell in cells]
    return {"$switch": {"branches": branches, "default": last.log_odds}}


def _holds(cell: Cell) -> Expression:
    limits = {RECENCY: cell.recency_below, BREADTH: cell.products_below}
    return {"$and": [{"$lt": [f"${name}", limit]} for name, limit in limits.items() if limit is not None]}


def _nearest(segments: SegmentModel) -> Expression:
    """Return the position of the segment with the nearest centroid, the first of equals.

    |point − centroid|² − |point|² ranks the centroids alike, and is linear in the logarithms.
    """
    distances = []
    for segment in segments.segments:
        axes = list(zip((*_LOGS[:2], "money"), segments.mean, segments.scale, segment.centroid, strict=True))
        constant = math.fsum(place * (place + 2 * mean / scale) for _, mean, scale, place in axes)
        slopes = [{"$multiply": [-2 * place / scale, f"$$log_{name}"]} for name, _, scale, place in axes]
        distances.append({"$add": [constant, *slopes]})
    return _let({"distances": distances}, {"$indexOfArray": ["$$distances", {"$min": "$$distances"}]})


def _evidence(horizon_days: int) -> Expression:
    branches = [
        {"case": {"$gt": [f"${RECENCY}", horizon_days]}, "then": "lapsed"},
        {"case": _IS_SINGLE, "then": "single_order"},
        {"case": {"$eq": ["$Frequency", 2]}, "then": "sparse"},
    ]
    return {"$switch": {"branches": branches, "default": "repeat"}}


def _log1p(value: Expression) -> Expression:
    return {"$ln": {"$add": [1, value]}}


_TRANSFORMS: Final[dict[TransformName, Callable[[Expression], Expression]]] = {
    "log1p": _log1p,
    "identity": lambda value: value,
}


def _at(values: list[Any], place: Expression) -> Expression:
    return {"$arrayElemAt": [{"$literal": values}, place]}


def _let(variables: dict[str, Expression], expression: Expression) -> Expression:
    return {"$let": {"vars": variables, "in": expression}}

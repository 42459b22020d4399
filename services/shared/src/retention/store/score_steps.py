"""The pipelines that replace and mend `scores`, and those that find stale scores.

When the champion moves, all customers are scored into `scores_next`, which then replaces `scores` in one step. When
lines are posted, the touched customers are scored again. A score carries the `revision` of its customer and the version
of its model; $merge keeps the later revision, so writers may end in any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.scoring.segments import NET
from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from retention.features.pipelines import Pipeline

EVERY_REVISION: Final = -1  # below all revisions


def _revision(at: str = "$") -> dict[str, Any]:
    """Return the revision of a score; one without net money is of an older release, and older than any."""
    return {"$cond": [{"$gt": [f"{at}{NET}", None]}, f"{at}revision", EVERY_REVISION]}


_LATER: Final = {"$gt": ["$$new.revision", _revision()]}
_SAME_VERSION: Final = {"$eq": ["$$new.model_version", "$model_version"]}
_OTHER_VERSION: Final = {"$ne": ["$$new.model_version", "$model_version"]}


def all_customers(stages: Pipeline) -> Pipeline:
    """Return the pipeline on `customers`, or a part of them, that makes scores in `scores_next`, which must be empty.

    Not $out: it keeps the indexes up to date, which takes twice as long as making them afterwards. Sorted: in another
    order each score dirties another page of the id index, more than a small server's cache holds: twice the time.
    """
    merge = {"into": schema.NEXT_SCORES, "whenMatched": "fail", "whenNotMatched": "insert"}
    return [*stages, {"$sort": {"_id": 1}}, {"$merge": merge}]


def touched(stages: Pipeline, customer_ids: Sequence[int]) -> Pipeline:
    """Return the pipeline that scores these customers again; scores by another model version stay."""
    return _again(stages, customer_ids, {"$and": [_SAME_VERSION, _LATER]})


def mended(stages: Pipeline, customer_ids: Sequence[int]) -> Pipeline:
    """Return the pipeline that scores these customers again; scores by another model version are replaced."""
    return _again(stages, customer_ids, {"$or": [_OTHER_VERSION, _LATER]})


def _again(stages: Pipeline, customer_ids: Sequence[int], replaces: Mapping[str, Any]) -> Pipeline:
    keep_later = [{"$replaceWith": {"$cond": [replaces, "$$new", "$$ROOT"]}}]
    merge = {"into": schema.SCORES, "on": "_id", "whenMatched": keep_later, "whenNotMatched": "insert"}
    return [{"$match": {"_id": {"$in": list(customer_ids)}}}, *stages, {"$merge": merge}]


def stale(above: int) -> Pipeline:
    """Return the pipeline for the ids of customers above this revision without a score of the same revision."""
    stages: Pipeline = [{"$match": {"revision": {"$gt": above}}}, {"$project": {"revision": 1}}]
    score = {"$set": {"other": {"$first": "$other"}}}
    other = {"$ne": ["$revision", _revision("$other.")]}
    return [*stages, _beside(schema.SCORES), score, {"$match": {"$expr": other}}, {"$project": {"_id": 1}}]


def gone() -> Pipeline:
    """Return the pipeline for the ids in `scores` without a customer."""
    return [{"$project": {"_id": 1}}, _beside(schema.CUSTOMERS), {"$match": {"other": []}}, {"$project": {"_id": 1}}]


def _beside(collection: str) -> dict[str, Any]:
    return {"$lookup": {"from": collection, "localField": "_id", "foreignField": "_id", "as": "other"}}


class Tally(NamedTuple):
    """Sums that show whether all scores are up to date.

    Revisions never fall, so no score has a higher one than its customer: equal sums mean that all are equal.
    """

    customers: int = 0
    ids: int = 0  # their sum
    revisions: int = 0  # their sum
    lowest: int = 0  # revision
    highest: int = 0
    versions: frozenset[str] = frozenset()  # the first and the last in order; customers have none
    by_segment: tuple[tuple[str, int], ...] = ()  # the number of customers, largest first

    @property
    def who(self) -> tuple[int, int]:
        """Equal for customers and scores when every customer has a score and no score lacks its customer."""
        return self.customers, self.ids

    @property
    def state(self) -> tuple[int, int, int]:
        """Equal for customers and scores when all scores are up to date."""
        return self.customers, self.ids, self.revisions


def counts() -> Pipeline:
    """Return the pipeline for the documents that `tally` adds up; runs on `customers` and on `scores`."""
    sums = {"n": {"$sum": 1}, "ids": {"$sum": "$_id"}, "revisions": {"$sum": _revision()}}
    revisions = {"lowest": {"$min": _revision()}, "highest": {"$max": _revision()}}
    versions = {"first": {"$min": "$model_version"}, "last": {"$max": "$model_version"}}
    return [{"$group": {"_id": "$segment", **sums, **revisions, **versions}}, {"$sort": {"n": -1, "_id": 1}}]


def tally(documents: Iterable[Mapping[str, Any]]) -> Tally:
    """Return the sum of the documents of `counts`."""
    found = list(documents)
    if not found:
        return Tally()
    n, ids, revisions = (sum(each[name] for each in found) for name in ("n", "ids", "revisions"))
    return Tally(
        n,
        ids,
        revisions,
        min(each["lowest"] for each in found),
        max(each["highest"] for each in found),
        frozenset(each[name] for each in found for name in ("first", "last") if each[name] is not None),
        tuple((each["_id"], each["n"]) for each in found),
    )

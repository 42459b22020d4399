"""What keeps `scores` true, as data: how they are replaced and mended, and how to tell whose are behind.

Whoever moves the champion makes everybody's scores beside those that are there, and gives them their name in one step.
Whoever posts lines makes those of the customers they touch. A score carries the `revision` of the customer it was made
of and the version that made it; $merge keeps the later, so it does not matter who ends last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from retention.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from retention.features.pipelines import Pipeline

EVERY_REVISION: Final = -1  # no number is so low

_LATER: Final = {"$gt": ["$$new.revision", "$revision"]}
_SAME_VERSION: Final = {"$eq": ["$$new.model_version", "$model_version"]}
_OTHER_VERSION: Final = {"$ne": ["$$new.model_version", "$model_version"]}


def everybody(stages: Pipeline) -> Pipeline:
    """Return what makes everybody's score in `scores_next`, which must be empty; runs on `customers`, on a part of it.

    As $out does it; but $out keeps the indexes, which takes twice the time of making them afterwards. Sorted, because
    each of as many scores in another order dirties another page of the index of ids, and a small server's cache cannot
    hold them all: twice the time.
    """
    merge = {"into": schema.NEXT_SCORES, "whenMatched": "fail", "whenNotMatched": "insert"}
    return [*stages, {"$sort": {"_id": 1}}, {"$merge": merge}]


def touched(stages: Pipeline, customer_ids: Sequence[int]) -> Pipeline:
    """Return what makes the scores of these customers again; another version's are left to whoever made them."""
    return _again(stages, customer_ids, {"$and": [_SAME_VERSION, _LATER]})


def mended(stages: Pipeline, customer_ids: Sequence[int]) -> Pipeline:
    """Return what makes the scores of these customers again, those of another version, too: one scorer at a time."""
    return _again(stages, customer_ids, {"$or": [_OTHER_VERSION, _LATER]})


def _again(stages: Pipeline, customer_ids: Sequence[int], replaces: Mapping[str, Any]) -> Pipeline:
    keep_later = [{"$replaceWith": {"$cond": [replaces, "$$new", "$$ROOT"]}}]
    merge = {"into": schema.SCORES, "on": "_id", "whenMatched": keep_later, "whenNotMatched": "insert"}
    return [{"$match": {"_id": {"$in": list(customer_ids)}}}, *stages, {"$merge": merge}]


def behind(above: int) -> Pipeline:
    """Return the ids of customers above this revision who have no score, or one of an earlier revision."""
    stages: Pipeline = [{"$match": {"revision": {"$gt": above}}}, {"$project": {"revision": 1}}]
    other = {"$ne": ["$revision", {"$first": "$other.revision"}]}
    return [*stages, _beside(schema.SCORES), {"$match": {"$expr": other}}, {"$project": {"_id": 1}}]


def gone() -> Pipeline:
    """Return the ids in `scores` that no customer has any more."""
    return [{"$project": {"_id": 1}}, _beside(schema.CUSTOMERS), {"$match": {"other": []}}, {"$project": {"_id": 1}}]


def _beside(collection: str) -> dict[str, Any]:
    return {"$lookup": {"from": collection, "localField": "_id", "foreignField": "_id", "as": "other"}}


class Tally(NamedTuple):
    """Enough to tell whether scores are of these customers as they are: numbers of refreshes never go back.

    So no score carries a higher number than its customer, and where the sums are equal, all are.
    """

    customers: int = 0
    ids: int = 0  # their sum
    revisions: int = 0  # their sum
    lowest: int = 0  # revision
    highest: int = 0
    versions: frozenset[str] = frozenset()  # the first and the last; customers have none
    by_segment: tuple[tuple[str, int], ...] = ()  # how many customers, the largest first

    @property
    def who(self) -> tuple[int, int]:
        """What is equal when both are of the same customers."""
        return self.customers, self.ids

    @property
    def state(self) -> tuple[int, int, int]:
        """What is equal when the scores are of the customers as they are."""
        return self.customers, self.ids, self.revisions


def counts() -> Pipeline:
    """Return the documents that `tally` reads; runs on `customers` and on `scores`."""
    sums = {"n": {"$sum": 1}, "ids": {"$sum": "$_id"}, "revisions": {"$sum": "$revision"}}
    revisions = {"lowest": {"$min": "$revision"}, "highest": {"$max": "$revision"}}
    versions = {"first": {"$min": "$model_version"}, "last": {"$max": "$model_version"}}
    return [{"$group": {"_id": "$segment", **sums, **revisions, **versions}}, {"$sort": {"n": -1, "_id": 1}}]


def tally(documents: Iterable[Mapping[str, Any]]) -> Tally:
    """Return what the documents of `counts` come to."""
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

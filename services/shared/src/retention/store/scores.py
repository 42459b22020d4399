"""Makes, replaces and mends `scores` in the database; only counts and ids pass through this process."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymongo.errors import OperationFailure

from retention.errors import BadDataError
from retention.scoring.pipeline import NO_MATCHING_BRANCH
from retention.store import indexes, schema, score_steps
from retention.store.connection import run_each
from retention.store.derivation_steps import of_another_definition
from retention.store.score_steps import EVERY_REVISION, Tally

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from retention.features.pipelines import Pipeline
    from retention.store.connection import Database

BATCH: Final = 10_000  # ids at a time: 0.1 MB
OUTDATED: Final = (
    "a customer's features were derived by another version of this program: load any file again "
    "('python -m seeder load FILE') to derive all customers, then run the same command; the scores stay as they were"
)


class Mended(NamedTuple):
    """The result of mending."""

    scores: Tally  # afterwards
    again: int  # customers who were scored again
    forgotten: int  # scores of customers who are gone


class Scores:
    """The scores of one database. One scorer at a time, but for `score_touched`.

    `at_once` uses two cores: 1,000,000 customers in 8 s instead of 13 on two busy cores. Otherwise one step follows the
    other, on one core, in the caller's thread.
    """

    def __init__(self, database: Database, *, at_once: bool) -> None:
        self._db = database
        self._at_once = at_once

    def version(self) -> str | None:
        """Return the model version of the scores, read from one of them; None without scores."""
        score = self._db[schema.SCORES].find_one({}, {"model_version": 1})
        return str(score.get("model_version")) if score else None

    def revision(self) -> int:
        """Return the last revision taken."""
        counts = self._db[schema.CLOCK].find_one({"_id": schema.REFRESH_ID}) or {}
        return int(counts.get("revision", 0))

    def has_customers(self) -> bool:
        """Return whether there are customers to score."""
        return self._db[schema.CUSTOMERS].find_one({}, {"_id": 1}) is not None

    def tallies(self) -> tuple[Tally, Tally]:
        """Return the tally of the customers and that of the scores."""
        customers, scores = run_each(self._tally, [schema.CUSTOMERS, schema.SCORES], at_once=self._at_once)
        return customers, scores

    def _tally(self, collection: str) -> Tally:
        return score_steps.tally(self._db[collection].aggregate(score_steps.counts()))

    def replace(self, stages: Pipeline) -> int:
        """Score all customers with `stages`, replace `scores` in one step, and return the number of scores.

        Readers see the old scores or the new. BadDataError when another version derived a customer, or one lacks a
        feature. The old scores then stay, as they do when there are no customers.
        """
        if self._db[schema.CUSTOMERS].find_one(of_another_definition(schema.CUSTOMERS), {"_id": 1}):
            raise BadDataError(OUTDATED)
        following = self._db[schema.NEXT_SCORES]
        following.drop()  # of a run that was killed
        parts = [[{"$match": half}, *stages] for half in self._halves()] if self._at_once else [stages]
        with _lacking_features():
            run_each(self._score_all, parts, at_once=self._at_once)
        run_each(lambda index: indexes.make_index(following, index), schema.SCORE_INDEXES, at_once=self._at_once)
        made = following.estimated_document_count()
        if made:
            following.rename(schema.SCORES, dropTarget=True)
        return made

    def _halves(self) -> list[dict[str, Any]]:
        """Return a filter for the customers with the lower ids, and one for the others."""
        customers = self._db[schema.CUSTOMERS]
        skip = customers.estimated_document_count() // 2
        middle = next(iter(customers.find({}, {"_id": 1}, sort=[("_id", 1)], skip=skip, limit=1)), {"_id": 0})
        return [{"_id": {"$lt": middle["_id"]}}, {"_id": {"$gte": middle["_id"]}}]

    def _score_all(self, stages: Pipeline) -> None:
        # In natural order: for the match on ids the planner would choose their index.
        self._db[schema.CUSTOMERS].aggregate(score_steps.all_customers(stages), allowDiskUse=True, hint={"$natural": 1})

    def score_touched(self, stages: Pipeline, customer_ids: Collection[int]) -> None:
        """Score these customers again, unless their score is by another version or of later features."""
        self._score_some(score_steps.touched(stages, sorted(customer_ids)))

    def mend(self, stages: Pipeline, *, rounds: int) -> Mended:
        """Replace stale scores, and delete the scores of customers who are gone, in at most `rounds` rounds.

        In a shop with an order every second, a few stale scores always remain for the next run; a reader recognises
        them by their `revision`.
        """
        again = forgotten = 0
        customers, scored = self.tallies()
        for _ in range(rounds):
            if customers.state == scored.state:
                break
            # Revisions only rise: a customer that still has the lowest one was scored with it, unless it is new.
            again += self._score_stale(stages, above=scored.lowest)
            customers, scored = self.tallies()
            if customers.who != scored.who:
                again += self._score_stale(stages, above=EVERY_REVISION)
                forgotten += self._forget_gone()
                customers, scored = self.tallies()
        return Mended(scored, again, forgotten)

    def _score_stale(self, stages: Pipeline, *, above: int) -> int:
        """Score the customers above this revision whose score is stale; return their number."""
        found = 0
        for ids in self._batches(schema.CUSTOMERS, score_steps.stale(above)):
            self._score_some(score_steps.mended(stages, ids))
            found += len(ids)
        return found

    def _forget_gone(self) -> int:
        """Delete the scores of customers who are gone; return their number."""
        return sum(
            self._db[schema.SCORES].delete_many({"_id": {"$in": ids}}).deleted_count
            for ids in self._batches(schema.SCORES, score_steps.gone())
        )

    def _score_some(self, pipeline: Pipeline) -> None:
        with _lacking_features():
            self._db[schema.CUSTOMERS].aggregate(pipeline, allowDiskUse=True)

    def _batches(self, collection: str, pipeline: Pipeline) -> Iterator[list[int]]:
        """Yield the ids that the pipeline finds in `collection`."""
        found = (document["_id"] for document in self._db[collection].aggregate(pipeline))
        while ids := list(islice(found, BATCH)):
            yield ids


@contextmanager
def _lacking_features() -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code != NO_MATCHING_BRANCH:
            raise
        raise BadDataError(OUTDATED) from None

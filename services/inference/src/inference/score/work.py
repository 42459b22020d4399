"""What is done to `scores` in the database: made, replaced, mended. One scorer at a time but for score_touched."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from retention.errors import BadDataError
from retention.scoring.pipeline import scores
from retention.store import schema, score_steps
from retention.store.derivation_steps import of_another_definition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from inference.database.connection import Database
    from retention.features.pipelines import Pipeline
    from retention.registry.bundle import Bundle
    from retention.store.score_steps import Tally

ROUNDS: Final = 3  # in a shop where somebody always orders there is always one more, for the next look
BATCH: Final = 10_000  # ids at a time: 0.1 MB


class ScoreWork:
    """Runs the pipelines of score_steps one after the other: one core; the other is left to requests."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def version(self) -> str | None:
        """Return which model made the scores, by one of them; None without any."""
        score: dict[str, Any] | None = await self._db[schema.SCORES].find_one({}, {"model_version": 1})
        return str(score.get("model_version")) if score else None

    async def revision(self) -> int:
        """Return the number of the last refresh of customers that was begun."""
        counts: dict[str, Any] | None = await self._db[schema.CLOCK].find_one({"_id": schema.REFRESH_ID})
        return int(counts.get("revision", 0)) if counts else 0

    async def score_touched(self, bundle: Bundle, customer_ids: Collection[int]) -> None:
        """Make these scores again where they are by this version, and of earlier features."""
        await self._run(score_steps.touched(_stages(bundle), sorted(customer_ids)))

    async def tallies(self) -> tuple[Tally, Tally]:
        """Return the tally of the customers and that of the scores."""
        customers, scored = await asyncio.gather(self._tally(schema.CUSTOMERS), self._tally(schema.SCORES))
        return customers, scored

    async def replace(self, bundle: Bundle) -> int:
        """Replace all scores in one step, and return how many they are; readers see the old or the new.

        BadDataError when a customer was derived by another definition of the features: it would be scored by it.
        """
        if await self._db[schema.CUSTOMERS].find_one(of_another_definition(schema.CUSTOMERS), {"_id": 1}):
            raise BadDataError("features were derived by another version: load any file again, which derives everybody")
        following = self._db[schema.NEXT_SCORES]
        await following.drop()  # of a run that was killed
        await self._run(score_steps.everybody(_stages(bundle)))
        for index in schema.SCORE_INDEXES:
            await following.create_index([(field, 1) for field in index.fields], **index.options)
        made: int = await following.estimated_document_count()
        if made:
            await following.rename(schema.SCORES, dropTarget=True)
        return made

    async def mend(self, bundle: Bundle) -> int:
        """Score who is behind, forget who is gone, until nobody is or ROUNDS are over; return how many were scored."""
        again = 0
        for _ in range(ROUNDS):
            customers, scored = await self.tallies()
            if customers.state == scored.state:
                break
            # Numbers only rise: a customer that still has the lowest one was scored with it, unless it is new.
            again += await self._score_behind(bundle, above=scored.lowest)
            if customers.who != scored.who:
                again += await self._mend_who(bundle)
        return again

    async def _mend_who(self, bundle: Bundle) -> int:
        customers, scored = await self.tallies()
        if customers.who == scored.who:
            return 0
        async for ids in self._batches(schema.SCORES, score_steps.gone()):
            await self._db[schema.SCORES].delete_many({"_id": {"$in": ids}})
        return await self._score_behind(bundle, above=score_steps.EVERY_REVISION)

    async def _score_behind(self, bundle: Bundle, *, above: int) -> int:
        found = 0
        async for ids in self._batches(schema.CUSTOMERS, score_steps.behind(above)):
            await self._run(score_steps.mended(_stages(bundle), ids))
            found += len(ids)
        return found

    async def _tally(self, collection: str) -> Tally:
        return score_steps.tally(await self._db[collection].aggregate(score_steps.counts()).to_list(None))

    async def _batches(self, collection: str, pipeline: Pipeline) -> AsyncIterator[list[int]]:
        found = self._db[collection].aggregate(pipeline)
        while documents := await found.to_list(BATCH):
            yield [document["_id"] for document in documents]

    async def _run(self, pipeline: Pipeline) -> None:
        await self._db[schema.CUSTOMERS].aggregate(pipeline, allowDiskUse=True).to_list(None)


def _stages(bundle: Bundle) -> Pipeline:
    return scores(bundle.churn, bundle.segments, bundle.version)
